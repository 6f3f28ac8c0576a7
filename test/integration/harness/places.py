"""Where things are: the source, free ports, and other files in a program's place."""

import random
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
CLAIMS = []  # names that end with this process


def free_port():
    """A TCP port of loopback that nobody listens on, outside the range that outgoing connections take theirs from; and
    that no other test is about to listen on: it is claimed, by a name that only one socket on this machine can have.
    """
    for _ in range(200):
        port = random.randint(20000, 32000)
        claim = socket.socket(socket.AF_UNIX)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                claim.bind(f"\0portcullis-test-port-{port}")
                probe.bind(("127.0.0.1", port))
                CLAIMS.append(claim)
                return port
        claim.close()
    raise AssertionError("no free port between 20000 and 32000")


def with_file(place, instead):
    """What to put before a command so that it finds the file instead in that place, or skips the test."""
    prefix = ["unshare", "--mount", "sh", "-c", f'mount --bind {instead} "$(realpath {place})" && exec "$@"', "sh"]
    tried = subprocess.run([*prefix, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"no other {place} for one program: {tried.stderr.strip()}")
    return prefix


def is_static(program):
    """Whether it runs wherever it is put: a sanitizer's build does not."""
    return b"/ld-linux" not in Path(program).read_bytes()[:8192]
