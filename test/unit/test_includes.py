"""Holds each #include of src/ to the table of docs/architecture.md: who may include whom, by which headers, and whose library
is borrowed by which room. TAP for Meson."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DOCUMENT = "docs/architecture.md"
LIBRARIES = {  # how the headers begin
    "libyaml": ("yaml.h",),
    "libgpiod": ("gpiod.h",),
    "Eclipse Paho MQTT C": ("MQTT",),
    "Mbed TLS": ("mbedtls/", "psa/"),
    "jansson": ("jansson.h",),
    "llhttp": ("llhttp.h",),
}


def read_table():
    """{room: (faces, rooms that it may include, library)}"""
    rows = re.findall(r"^\| `src/(\w+)(?:\.c)?` \| (.*) \| (.*) \| (.*) \|$", (ROOT / DOCUMENT).read_text(), re.M)
    return {room: (set(re.findall("`(.*?)`", faces)), set(re.findall("`(.*?)`", rooms)), library)
            for room, faces, rooms, library in rows}


def read_includes():
    """(room, file, header, whether it is one of ours) of every #include"""
    for path in sorted((ROOT / "src").rglob("*.[ch]")):
        parts = path.relative_to(ROOT / "src").parts
        room = parts[0] if len(parts) > 1 else "main"
        for mark, header in re.findall(r'^#\s*include\s+(["<])([^">]+)[">]', path.read_text(), re.M):
            yield room, path.relative_to(ROOT), header, mark == '"'


def wrong_rooms(table, includes):
    used = set()
    for room, file, header, ours in includes:
        if room not in table:
            yield f"{file}: the table has no room {room}"
            continue
        other, _, name = header.partition("/") if "/" in header else ("", "", header)
        if not ours or not other or other == room:  # without a room: what the build has made for this one
            continue
        used.add((room, other))
        if other not in table[room][1]:
            yield f"{file}: {room} may not include {header}"
        elif name not in table[other][0]:
            yield f"{file}: {header} is no face of its room"
    for room, (_, others, _) in table.items():
        yield from (f"{room} may include {other}, and does not" for other in others if (room, other) not in used)


def unused_faces(table, includes):
    used = {header for room, _, header, ours in includes if ours and not header.startswith(room + "/")}
    for room, (faces, _, _) in table.items():
        yield from (f"{room}/{face} is a face, and nobody else includes it" for face in faces if f"{room}/{face}" not in used)


def wrong_libraries(table, includes):
    used = set()
    for room, file, header, ours in includes:
        for library, beginnings in LIBRARIES.items():
            if not ours and header.startswith(beginnings):
                used.add((room, library))
                if table.get(room, (0, 0, ""))[2] != library:
                    yield f"{file}: {library} is not borrowed by {room}"
    for room, (_, _, library) in table.items():
        if library != "none" and (room, library) not in used:
            yield f"{room} borrows {library}, and does not use it"


def circles(table):
    """A room that can only be reached from itself: what is left when rooms that include nobody are taken away, in turns."""
    left = {room: set(others) for room, (_, others, _) in table.items()}
    while leaves := [room for room, others in left.items() if not others]:
        for room in leaves:
            del left[room]
        for others in left.values():
            others.difference_update(leaves)
    if left:
        yield f"a circle among {', '.join(sorted(left))}"


def names_in_two_files():
    """A name that grep finds in two files is two things."""
    files = {}
    for path in sorted((ROOT / "src").rglob("*.c")):
        for name in re.findall(r"^static [^;=(]*?\b(\w+)\([^;]*?\)\n\{", path.read_text(), re.M):
            files.setdefault(name, []).append(str(path.relative_to(ROOT)))
    for name, where in files.items():
        if len(where) > 1:
            yield f"{name}() stands in {', '.join(where)}"


def main():
    table, includes = read_table(), list(read_includes())
    cases = [
        ("a room includes only what the table says", wrong_rooms(table, includes)),
        ("every face has someone who includes it", unused_faces(table, includes)),
        ("a library is known to its room alone", wrong_libraries(table, includes)),
        ("the table has no circle", circles(table)),
        ("no static function has the name of another", names_in_two_files()),
        ("table and tree are found at all", [] if len(table) > 10 and len(includes) > 300 else ["they are not"]),
    ]
    failed = False
    for number, (name, problems) in enumerate(cases, 1):
        problems = list(problems)
        failed |= bool(problems)
        print(f"{'not ok' if problems else 'ok'} {number} - {name}")
        for problem in problems:
            print(f"# {problem}")
    print(f"1..{len(cases)}")
    return failed


sys.exit(main())
