"""Holds the documents to the tree: each link leads somewhere, and each file and test that they name is there. TAP for Meson."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")] + sorted((ROOT / "docs").glob("*.md"))
LINK = re.compile(r"\]\(([^)\s]+)\)")
FILE = re.compile(r"(?<![\w/.-])(?:src|test|scripts|docs|config|cross|docker|deb)/[\w./-]*[\w-]")
TEST = re.compile(r"(?<![\w/])(test_\w+|fuzz_\w+)")


def anchors(page):
    """As GitHub makes them of a page's headings."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)
    for heading in re.findall(r"^#+ +(.*)$", text, re.M):
        words = re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", heading).lower())
        yield words.replace(" ", "-")


def broken_links(page):
    for target in LINK.findall(page.read_text()):
        if re.match(r"[a-z]+:", target):
            continue
        place, _, anchor = target.partition("#")
        file = (page.parent / place).resolve() if place else page
        if not file.exists():
            yield f"{target}: there is no such file"
        elif anchor and file.suffix == ".md" and anchor not in anchors(file):
            yield f"{target}: there is no such heading"


def missing_files(page):
    """A name without its ending (test_x in test/unit) is one of a file, too."""
    for name in set(FILE.findall(page.read_text())):
        if re.search(r"/[A-Z]+/", name):  # src/ROOM/ROOM.h stands for each of them
            continue
        if not (ROOT / name).exists() and not list(ROOT.glob(name + ".*")):
            yield f"{name}: there is no such file"


def missing_tests(page):
    known = {path.stem for kind in ("c", "py") for path in ROOT.glob(f"test/**/*.{kind}")}
    for name in set(TEST.findall(page.read_text())) - known:
        yield f"{name}: there is no such test"


def main():
    cases = failed = 0
    for page in PAGES:
        for what, faults in (("links", broken_links), ("files", missing_files), ("tests", missing_tests)):
            found = sorted(faults(page))
            cases += 1
            failed += bool(found)
            print(*(f"# {page.relative_to(ROOT)}: {fault}\n" for fault in found), sep="", end="")
            print(f"{'not ' if found else ''}ok {cases} - {page.relative_to(ROOT)}: the {what} that it names are there")
    print(f"1..{cases}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
