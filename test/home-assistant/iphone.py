"""Stands for an iPhone: runs in Home Assistant's root, pairs with its bridge, and does what it is told on standard input.

iphone.py PORT CODE; then lines: "get", or "put AID IID VALUE". Each answer is a line of JSON. It is told the port, and looks for
nothing on the network.
"""

import asyncio
import json
import sys
from types import SimpleNamespace

from aiohomekit.characteristic_cache import CharacteristicCacheMemory
from aiohomekit.controller.ip import IpController
from aiohomekit.controller.ip.discovery import IpDiscovery
from aiohomekit.model.feature_flags import FeatureFlags


async def main(port, code):
    controller = IpController(char_cache=CharacteristicCacheMemory(), zeroconf_instance=SimpleNamespace(zeroconf=None))
    bridge = SimpleNamespace(address="127.0.0.1", addresses=["127.0.0.1"], port=port, feature_flags=FeatureFlags(0))
    pairing = await (await IpDiscovery(controller, bridge).async_start_pairing("iphone"))(code)
    print(json.dumps("paired"), flush=True)
    loop = asyncio.get_running_loop()
    while line := (await loop.run_in_executor(None, sys.stdin.readline)).split():
        if line[0] == "get":
            answer = await pairing.list_accessories_and_characteristics()
        else:
            answer = await pairing.put_characteristics([(int(line[1]), int(line[2]), json.loads(line[3]))])
        print(json.dumps(str(answer) if line[0] == "put" else answer), flush=True)
    await pairing.close()


asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
