"""Holds docs/drawings/*.svg to docs/drawings/draw.py: each is what the script makes, says its polarity, and has
room for its words. TAP for Meson."""

import pathlib
import subprocess
import sys
import tempfile
from xml.etree import ElementTree

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "docs/drawings"
TEXT = "{http://www.w3.org/2000/svg}text"


# How wide a letter is, in DejaVu Sans, which is wider than most: in parts of the size, plain and bold.
LETTER = {"": 0.49, "strong": 0.55, "title": 0.55}
SIZE = {"title": 20, "small": 13}


def cut(drawing):
    """The first text that reaches beyond the paper, about."""
    root = ElementTree.parse(drawing).getroot()
    for text in root.iter(TEXT):
        kinds, x = text.get("class", "").split(), float(text.get("x"))
        size = next((SIZE[kind] for kind in kinds if kind in SIZE), 15)
        width = len(text.text) * size * max(LETTER.get(kind, 0) for kind in ["", *kinds])
        left = x - width / 2 if "mid" in kinds else x - width if "end" in kinds else x
        if left < 0 or left + width > float(root.get("width")):
            return text.text
    return None


def faults(made, kept):
    if not kept.exists():
        return "it is not in the tree"
    if made.read_bytes() != kept.read_bytes():
        return "docs/drawings/draw.py makes another one"
    words = "".join(text.text for text in ElementTree.parse(made).iter(TEXT))
    if "LOW" not in words and "HIGH" not in words:
        return "it does not say a polarity"
    beyond = cut(made)
    return f"this reaches beyond the paper: {beyond}" if beyond else ""


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
