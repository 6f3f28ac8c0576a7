"""make demo's script: what it prints works as it stands, and Ctrl-C leaves nothing behind."""

import os
import re
import shlex
import signal
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

import pytest

from harness import DEADLINE, REPLAY, ROOT, SLOWNESS, Log, agent_command, is_static, sleep_until, wait_until

pytestmark = pytest.mark.skipif(len(agent_command()) > 1 or not is_static(agent_command()[0]),
                                reason="the demo runs this machine's own program, from a folder of its own")


def processes(text):
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if text in entry.read_bytes().decode(errors="replace"):
                found.append(entry.parent.name)
        except OSError:
            pass
    return found


@pytest.fixture
def folder():
    """Open to everybody, as /tmp is: the demo gives up root's rights."""
    with tempfile.TemporaryDirectory(prefix="demo") as path:
        os.chmod(path, 0o755)
        yield Path(path)


def test_the_demo(folder):
    process = subprocess.Popen(
        [ROOT / "scripts" / "demo", *agent_command()], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, start_new_session=True, env={**os.environ, "TMPDIR": str(folder)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    log = Log(process.stdout, "demo")
    try:
        log.wait("connected to the broker")
        subscribed = time.monotonic()
        page = re.search(r"http://\S+", log.wait(r"^  page ")).group()
        with urllib.request.urlopen(page, timeout=DEADLINE) as answer:
            text = answer.read().decode()
        assert "Left" in text and "Right" in text
        opening = shlex.split(log.wait(r"^  open ").split(maxsplit=1)[1])
        log.wait("door left: closed")
        sleep_until(subscribed + REPLAY[5] + 0.2 * SLOWNESS)
        subprocess.run(opening, check=True, timeout=DEADLINE)
        log.wait("door left: opening")
        assert len(processes(folder.name)) >= 2
    finally:
        os.killpg(process.pid, signal.SIGINT)
        status = process.wait(5 * SLOWNESS)
    assert status == 0
    wait_until(lambda: not processes(folder.name), "the end of broker and agent")
    assert not list(folder.iterdir())
