"""Holds the documents to the tree: each link leads somewhere, each file, test and goal of make that they name is there, each
command is run by a test or says why not, and keys are written as the manual does. TAP for Meson."""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")] + sorted((ROOT / "docs").glob("*.md"))
LINK = re.compile(r"\]\(([^)\s]+)\)")
FILE = re.compile(r"(?<![\w/.-])(?:src|test|scripts|docs|config|cross|docker|deb)/[\w./-]*[\w-]")
TEST = re.compile(r"(?<![\w/])(test_\w+|fuzz_\w+)")
CASE = re.compile(r"((?:test/[\w/-]+/)?)(test_\w+)::(\w+)")  # a function of a test, in Python or in C
GOAL = re.compile(r"(?:`|^ {4,})make((?: [a-z][a-z0-9-]*)+)", re.M)


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
    files = [path for kind in ("c", "py") for path in ROOT.glob(f"test/**/*.{kind}")]
    text = page.read_text()
    for folder, name, function in set(CASE.findall(text)):
        if not any(path.stem == name and folder in f"{path.relative_to(ROOT)}" and
                   re.search(rf"^(?:async )?(?:def|static void) {function}\(", path.read_text(), re.M) for path in files):
            yield f"{folder}{name}::{function}: there is no such function of a test"
    for name in set(TEST.findall(CASE.sub(r"\1\2", text))) - {path.stem for path in files}:
        yield f"{name}: there is no such test"


def missing_goals(page):
    known = set(re.findall(r"[\w-]+", " ".join(re.findall(r"^([a-z][\w -]*):", (ROOT / "Makefile").read_text(), re.M))))
    for name in set(" ".join(GOAL.findall(page.read_text())).split()) - known:
        yield f"make {name}: the Makefile has no such goal"


def blocks(text):
    """(kind, number of its first line, text) of each block of code: fenced, with its word, or indented, with ""."""
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        fence = re.match(r"( *)```(\w*)$", lines[at])
        if fence:
            end = next(i for i in range(at + 1, len(lines)) if lines[i].strip() == "```")
            yield fence[2] or "text", at + 1, "\n".join(line[len(fence[1]):] for line in lines[at + 1:end])
            at = end
        elif lines[at].startswith("    ") and not lines[at - 1].strip():
            end = next((i for i in range(at, len(lines)) if lines[i].strip() and not lines[i].startswith("    ")), len(lines))
            yield "", at + 1, "\n".join(line[4:] for line in lines[at:end]).rstrip()
            at = end - 1
        at += 1


WALKED = ("first-door.md", "trouble.md")  # what test/first-door/run reads

# By its first word a block is known for commands. "run: NAME" means that test NAME runs it; first-door is test/first-door/run,
# which reads its commands out of the page.
COMMAND = re.compile(r" *(?:\$ |\w+=\S+ )*(?:sudo )?(?:apt|cd|clang-tidy|cross/\w+|curl|docker|dpkg|git|grep|hostname|journalctl|make|"
                     r"make=\S+|meson|mosquitto_\w+|ninja|ping|portcullis|scp|sh|ssh|sudo|sudoedit|systemctl|tar|test/\S+|timedatectl)(?=\s|$)")
MARK = re.compile(r" *<!-- (not run: \S.*|run: (\S+)) -->$")


def unmarked_commands(page):
    text = page.read_text()
    lines = text.splitlines()
    known = {path.stem for path in ROOT.glob("test/**/*.py")} | {path.parent.name for path in ROOT.glob("test/*/run")}
    for kind, number, block in blocks(text):
        if kind not in ("sh", "console") and not (kind == "" and COMMAND.match(block)):
            continue
        before = next((line for line in reversed(lines[:number - 1]) if line.strip()), "")
        mark = MARK.match(before)
        if not mark:
            yield f"line {number}: is it run by a test (<!-- run: NAME -->), or why not (<!-- not run: WHY -->)?"
        elif mark[2] == "first-door" and page.name not in WALKED:
            yield f"line {number}: test/first-door/run does not read this page"
        elif mark[2] and mark[2] not in known:
            yield f"line {number}: there is no test {mark[2]}"


def keys_of(schema, name="", at=None, found=None):
    """The keys of each section of the configuration, from its schema."""
    found = {} if found is None else found
    at = schema if at is None else at
    at = {**schema.get("$defs", {}).get(at.get("$ref", "").rpartition("/")[2], {}), **at}
    for key, value in at.get("properties", {}).items():
        found.setdefault(name, set()).add(key)
        keys_of(schema, key, value, found)
    for value in [*at.get("oneOf", []), *at.get("anyOf", []), *([at["items"]] if "items" in at else [])]:
        keys_of(schema, name, value, found)
    return found


KEYS = keys_of(json.loads((ROOT / "config/portcullis.schema.json").read_text()))


def keys_on_one_line(page):
    """gpio: backend: x on one line is an error of YAML, so prose says gpio.backend."""
    prose = re.sub(r"^```.*?^```|^    .*?$", "", page.read_text(), flags=re.M | re.S)
    for section, key in re.findall(r"\b(\w+):\s+(\w+)\b", prose):
        if key in KEYS.get(section, ()):
            yield f"{section}: {key}, expected {section}.{key}"


def unlisted_tests():
    """A test that no meson.build names runs nowhere."""
    for room in ("unit", "integration", "system", "fuzz"):
        folder = ROOT / "test" / room
        listed = set(re.findall(r"\w+", (folder / "meson.build").read_text()))
        for file in folder.glob("*"):
            kind, _, name = file.stem.partition("_")
            if kind in ("test", "fuzz") and file.suffix in (".py", ".c") and not {name, file.stem} & listed:
                yield f"{file.relative_to(ROOT)} is in no list of test/{room}/meson.build"


def main():
    cases = failed = 0
    found = sorted(unlisted_tests())
    cases += 1
    failed += bool(found)
    print(*(f"# {fault}\n" for fault in found), sep="", end="")
    print(f"{'not ' if found else ''}ok {cases} - each test stands in a list of Meson")
    for page in PAGES:
        for what, faults in (("links that it names are there", broken_links), ("files that it names are there", missing_files),
                            ("tests that it names are there", missing_tests),
                            ("goals of make that it names are there", missing_goals),
                            ("commands are run by a test, or say why not", unmarked_commands),
                            ("keys are written as section.key", keys_on_one_line)):
            found = sorted(faults(page))
            cases += 1
            failed += bool(found)
            print(*(f"# {page.relative_to(ROOT)}: {fault}\n" for fault in found), sep="", end="")
            print(f"{'not ' if found else ''}ok {cases} - {page.relative_to(ROOT)}: the {what}")
    print(f"1..{cases}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
