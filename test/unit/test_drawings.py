"""Holds docs/drawings/*.svg to docs/drawings/draw.py: each is what the script makes, and says its polarity. TAP for Meson."""

import pathlib
import subprocess
import sys
import tempfile
from xml.etree import ElementTree

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "docs/drawings"
TEXT = "{http://www.w3.org/2000/svg}text"


def faults(made, kept):
    if not kept.exists():
        return "it is not in the tree"
    if made.read_bytes() != kept.read_bytes():
        return "docs/drawings/draw.py makes another one"
    words = "".join(text.text for text in ElementTree.parse(made).iter(TEXT))
    return "" if "LOW" in words or "HIGH" in words else "it does not say a polarity"


def main():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, FOLDER / "draw.py", folder], check=True)
        drawings = sorted({path.name for place in (FOLDER, pathlib.Path(folder)) for path in place.glob("*.svg")})
        failed = 0
        for number, name in enumerate(drawings, 1):
            made = pathlib.Path(folder, name)
            fault = faults(made, FOLDER / name) if made.exists() else "no script makes it"
            failed += bool(fault)
            print(f"# {fault}\n" * bool(fault), end="")
            print(f"{'not ' if fault else ''}ok {number} - {name} is what the script makes")
        print(f"1..{len(drawings)}")
    return 1 if failed or not drawings else 0


if __name__ == "__main__":
    sys.exit(main())
