"""The page's words: each language has the same keys, fields, code and forms, nothing empty or forgotten, and no text is longer
than its place. What the build refuses is refused. TAP for Meson."""

import contextlib
import importlib.util
import io
import pathlib
import re
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "src/http/page"
WORDS = PAGE / "words"

# Letters that a text and its longest word may have at most, where the place is narrow: a phone of 320 pixels.
WIDTHS = [
    (r"do_(open|stop|close)", 9, 9),  # three buttons beside each other
    (r"do_toggle|do_position|do_lock\w*|do_lift\w*", 40, 16),
    (r"tap_again", 12, 8),
    (r"off_\w+|read_only|obstructed|locked_out", 30, 17),  # small, on a button
    (r"unknown|open|opening|closed|closing|stopped", 15, 12),  # the large word of a door
    (r"percent_open|about_to_close", 22, 12),
    (r"poke_\w+", 20, 14),
    (r"line|line_is|line_means|level_\w+", 14, 14),  # heads and cells of a table
    (r"(open_|close_|stop_)?relay|close_warning|(closed|open|obstruction|lockout)_sensor", 26, 17),
    (r"setup|log_out|log_in|load_again|arrived", 18, 15),
    (r"app_name", 12, 12),  # below an icon
]
SAME = 12  # texts that may be spelt as in English: Open, Simulator, Password


def load_embed():
    spec = importlib.util.spec_from_file_location("embed", PAGE / "embed.py")
    embed = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(embed)
    return embed


EMBED = load_embed()
LANGUAGES = re.findall(r"'(\w+)'", re.search(r"^languages = \[(.*)\]", (ROOT / "meson.build").read_text(), re.M)[1])
TEXTS = {language: EMBED.read_words(WORDS / f"{language}.txt") for language in LANGUAGES}
STANDARD = TEXTS[LANGUAGES[0]]


def bare(text):
    """As many letters as are seen; a field is a name or a number."""
    return re.sub(r"`", "", re.sub(r"\{\w+\}", "12", text))


def too_long(words):
    for pattern, whole, word in WIDTHS:
        for key, text in words.items():
            if re.fullmatch(pattern, key):
                seen = bare(text)
                longest = max(map(len, re.split(r"[ -]", seen)))
                if len(seen) > whole or longest > word:
                    yield f"{key}: {len(seen)} letters of {whole}, {longest} in a word of {word}"


def other_end(words):
    """A sentence is one in all languages."""
    ends = ".:?!"
    for key, text in words.items():
        if (text[-1] in ends) != (STANDARD[key][-1] in ends):
            yield f"{key}: ends with {text[-1]!r}, in {LANGUAGES[0]} with {STANDARD[key][-1]!r}"


def bad_blanks(language, words):
    for key, text in words.items():
        seen = re.sub("`[^`]*`", "x", text)
        if "  " in seen:
            yield f"{key}: two blanks"
        if re.search(r"\d} (%|s\b)", seen) or re.search(r"\} [%s]( |$|,|\.)", seen):
            yield f"{key}: a unit that a line could begin with"
        if language == "fr" and re.search(r"(?<!\u00a0)[;?!»]|«(?!\u00a0)|(?<![\u00a0\d]):", seen):
            yield f"{key}: a sign without its no-break space"


def unused():
    sources = "".join(path.read_text() for path in PAGE.iterdir() if path.suffix in (".c", ".html", ".webmanifest"))
    for key in STANDARD:
        name = EMBED.constant(key)
        if f"[[{key}]]" not in sources and not re.search(rf"\b{name}\b", sources) and \
                not re.search(rf"\b{name.removesuffix('_OTHER')}_ONE\b", sources):
            yield key


def refused(change):
    """Whether a translation that change has spoilt ends the build, and what it says."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
        path = pathlib.Path(folder) / "xx.txt"
        path.write_text(change((WORDS / f"{LANGUAGES[1]}.txt").read_text()))
        try:
            EMBED.check_words(path, EMBED.read_words(path), STANDARD)
        except SystemExit as end:
            return str(end.code)
    return ""


SPOILT = {  # how: (change, what the build says)
    "nothing": (lambda text: text, "^$"),
    "a key that is missing": (lambda text: re.sub("^closed = .*\n", "", text, flags=re.M), "missing: closed$"),
    "a key that is misspelt": (lambda text: text.replace("\nclosed =", "\nclozed ="), "missing: closed$"),
    "a key too many": (lambda text: text + "more = Mehr\n", "unknown, or misspelt: more$"),
    "a key twice": (lambda text: text + "closed = Zu\n", "there already$"),
    "an empty text": (lambda text: re.sub("^closed = .*", "closed = ", text, flags=re.M), "expected KEY = TEXT$"),
    "a field that is missing": (lambda text: re.sub(r"^again_open = .*", "again_open = öffnen", text, flags=re.M),
                                r"again_open: expected \{name\} in it$"),
    "a field that is misspelt": (lambda text: text.replace("{name} zu öffnen", "{nam} zu öffnen"), r"expected \{name\} in it$"),
    "a field too many": (lambda text: re.sub("^closed = .*", "closed = {name} zu", text, flags=re.M), "expected no field"),
    "a brace too many": (lambda text: re.sub("^closed = .*", "closed = zu}", text, flags=re.M), "expected no field"),
    "code that is translated": (lambda text: text.replace("`contact:`", "`kontakt:`"), "contact_help: expected"),
    "markup": (lambda text: re.sub("^closed = .*", "closed = <b>Zu</b>", text, flags=re.M), "none of < > &"),
    "half a code": (lambda text: re.sub("^closed = .*", "closed = `Zu", text, flags=re.M), "only in pairs"),
    "half a plural": (lambda text: re.sub(r"^days\.one = .*\n", "", text, flags=re.M), r"missing: days\.one$"),
}


def plural_refused(keys):
    try:
        EMBED.check_plurals("xx.txt", keys)
    except SystemExit:
        return True
    return False


def cases():
    files = sorted(path.stem for path in WORDS.iterdir())
    yield "meson.build lists the files", [] if files == sorted(LANGUAGES) else [f"{files}, and listed are {LANGUAGES}"]
    yield "each word is used", list(unused())
    for how, (change, wanted) in SPOILT.items():
        said = refused(change)
        yield f"spoilt by {how}", [] if re.search(wanted, said) else [said or "accepted"]
    yield "a plural has all its forms, one after the other", [
        str(keys) for keys, wrong in ((["a.one", "a.other", "b"], False), (["a.one", "b"], True), (["a.other", "a.one"], True),
                                      (["a.other"], True), (["a.one", "b", "a.other"], True), (["a.few"], True))
        if plural_refused(keys) != wrong]
    yield "a text that is too long is found", [] if list(too_long({"do_open": "Donaudampfschiff"})) else ["it is not"]
    for language, words in TEXTS.items():
        yield f"{language}: the same keys, fields and forms", [
            said for said in [refused_by_build(language)] if said]
        yield f"{language}: no text is too long for its place", list(too_long(words))
        yield f"{language}: sentences are sentences", list(other_end(words))
        yield f"{language}: blanks", list(bad_blanks(language, words))
        same = [key for key, text in words.items() if text == STANDARD[key]]
        yield f"{language}: it is translated", same if language != LANGUAGES[0] and len(same) > SAME else []


def refused_by_build(language):
    try:
        EMBED.check_words(f"{language}.txt", TEXTS[language], STANDARD)
        EMBED.check_plurals(f"{LANGUAGES[0]}.txt", list(STANDARD))
    except SystemExit as end:
        return str(end.code)
    return ""


def main():
    number = failed = 0
    for name, wrong in cases():
        number += 1
        failed += bool(wrong)
        print(f"{'not ' if wrong else ''}ok {number} - {name}")
        for line in wrong:
            print(f"# {line}")
    print(f"1..{number}")
    return failed > 0


sys.exit(main())
