"""The Debian packages that machines.lock beside this file names, and the files in them."""

import re
import subprocess
import sys
import tarfile
from pathlib import Path

from unavailable import Unavailable

HERE = Path(__file__).resolve().parent


def locked(section):
    """{package: its file}, as the lock has them."""
    command = (HERE.parents[1] / "scripts/packages", "fetch", HERE / "machines.lock", section)
    done = subprocess.run(command, text=True, capture_output=True)
    if done.returncode:
        raise Unavailable(done.stderr.strip())
    print(done.stderr, end="", file=sys.stderr)  # a warning that the lock does not hold
    return {Path(line).name.split("_")[0]: Path(line) for line in done.stdout.splitlines()}


def files(package, pattern):
    """Yields (path, readable file) for the files of a .deb whose path matches."""
    with subprocess.Popen(("dpkg-deb", "--fsys-tarfile", package), stdout=subprocess.PIPE) as reader:
        with tarfile.open(fileobj=reader.stdout, mode="r|") as tar:
            for member in tar:
                if member.isfile() and re.search(pattern, member.name):
                    yield member.name, tar.extractfile(member)
        while reader.stdout.read(1 << 20):  # or dpkg-deb complains
            pass
