#!/usr/bin/env python3
"""Turns the page's sources into C: embed.py OUT.c OUT.h FILE...

The words of a language (LANGUAGE.txt, the first is the one that the others are held to) become one run of text and the
place of each word in it. docs/languages.md says how a file of words is written. Each key becomes a member of enum page_word.

A template (.html, .webmanifest) becomes an array of pieces, each some text and what follows it: a word ([[key]]), or a field
({{field}}), for which the function page_field_FIELD writes, so that the linker finds a field that nobody fills. The hash of a
<style> in it is given, for its Content-Security-Policy. Any other file becomes an entry of
page_assets, as it is and packed by gzip where that makes it shorter, with an ETag from its hash. White space at the ends
of lines, and lines that are a comment, are dropped, and what JSON can do without. JSON is found below /api.
"""
import base64
import gzip
import hashlib
import json
import pathlib
import re
import sys

TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
         ".png": "image/png", ".json": "application/json"}
TEMPLATES = ".html", ".webmanifest"
PLURALS = ["one", "other"]


def literal(data):
    out = []
    for start in range(0, len(data), 60):
        part = "".join(
            chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\?' else f"\\{byte:03o}" for byte in data[start:start + 60])
        out.append(f'\t\t"{part}"')
    return "\n".join(out) or '\t\t""'


def array(symbol, data):
    """For what is longer than a string literal must be able to be."""
    rows = [", ".join(map(str, data[start:start + 30])) for start in range(0, len(data), 30)]
    return f"static const unsigned char {symbol}[] = {{\n\t" + ",\n\t".join(rows or ["0"]) + "};"


def text_of(path):
    if path.suffix == ".json":
        return json.dumps(json.loads(path.read_bytes()), ensure_ascii=False, separators=(",", ":"))
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return "\n".join(line for line in lines if line and not re.match(r"//|/\*.*\*/$", line))


def fail(path, message):
    sys.exit(f"{path}: {message}")


def read_words(path):
    """{key: text} in the file's order."""
    words = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        found = re.fullmatch(r"([a-z_]+(?:\.[a-z]+)?) = (\S.*\S|\S)", line)
        if not found or found[1] in words:
            fail(path, f"line {number}: " + ("there already" if found else "expected KEY = TEXT"))
        words[found[1]] = found[2]
        # Markup and JSON stay what they are, wherever a word stands in them.
        if re.search(r"""[<>&"'\\\x00-\x1f]""", found[2]) or found[2].count("`") % 2:
            fail(path, f"line {number}: none of < > & \" ' \\ may be in a text, and ` only in pairs")
    return words


def marks(text):
    """What a translation has to keep: {fields} and `code`, in any order."""
    return sorted(re.findall(r"\{\w*\}|[{}]|`[^`]*`", text))


def check_words(path, words, wanted):
    """The same keys, in any order, with the same marks."""
    for wrong, what in (wanted.keys() - words.keys(), "missing"), (words.keys() - wanted.keys(), "unknown, or misspelt"):
        if wrong:
            fail(path, f"{what}: {', '.join(sorted(wrong))}")
    for key, text in words.items():
        if marks(text) != marks(wanted[key]):
            fail(path, f"{key}: expected {' '.join(marks(wanted[key])) or 'no field and no code'} in it")
        if not all(re.fullmatch(r"\{\w+\}|`[^`]+`", mark) for mark in marks(text)):
            fail(path, f"{key}: a brace without its other one, or nothing between the two")


def check_plurals(path, keys):
    """Each plural has all its forms, which follow one another: put_plural counts on that."""
    for at, key in enumerate(keys):
        stem, _, form = key.partition(".")
        if form and (form not in PLURALS or
                     keys[at - PLURALS.index(form):][:len(PLURALS)] != [f"{stem}.{each}" for each in PLURALS]):
            fail(path, f"{key}: expected {' and '.join(stem + '.' + each for each in PLURALS)}, one after the other")


def constant(key):
    return "WORD_" + key.replace(".", "_").upper()


def place_words(texts):
    """One run of texts, each with a zero after it, and the place of each: what ends another is there once."""
    run, places = b"", {}
    for text in sorted(set(texts), key=lambda each: (-len(each), each)):
        places[text] = run.find(text + b"\0")
        if places[text] < 0:
            places[text] = len(run)
            run += text + b"\0"
    assert len(run) < 65536, "a place is a uint16_t"
    return run, [places[text] for text in texts]


def embed_words(paths, fields):
    """Declarations and definitions for all languages. fields: names of fields, to which those in words are added. In a text, a
    field is one byte below the blank: its place in page_word_fields, from 1 on."""
    wanted = read_words(paths[0])
    keys = list(wanted)
    check_plurals(paths[0], keys)
    used, body, rows = [], [], []

    def byte(found):
        if found[1] not in used:
            used.append(found[1])
        return chr(used.index(found[1]) + 1)

    for path in paths:
        words = read_words(path)
        check_words(path, words, wanted)
        texts = [re.sub("`([^`]+)`", r"<code>\1</code>", words[key]) for key in keys]
        run, places = place_words([b""] + [re.sub(r"\{(\w+)\}", byte, text).encode() for text in texts])
        body += [array(f"words_{path.stem}", run), f"static const uint16_t places_{path.stem}[] = {{",
                 *(f"\t{', '.join(map(str, places[at:at + 20]))}," for at in range(0, len(places), 20)), "};"]
        rows.append(f"words_{path.stem}, places_{path.stem}}},")
    assert len(used) < 32, "a field in a word is a byte below the blank"
    fields += [field for field in used if field not in fields]
    body += ["void (*const page_word_fields[])(struct page_render *render) = {", *(f"\tpage_field_{field}," for field in used), "};",
             "const struct page_words page_words[LANGUAGES] = {", f"\t[LANGUAGE_OF_VIEWER] = {{{rows[0]}",
             *(f"\t[LANGUAGE_{path.stem}] = {{{row}" for path, row in zip(paths, rows)), "};", ""]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:16]
    return [f'#define PAGE_WORDS_TAG "{digest}"', "enum page_word {", "\tWORD_NONE, /* no text */",
            *(f"\t{constant(key)}," for key in keys), "};"], body, set(keys)


def embed_template(path, keys, fields):
    symbol, text = path.stem, text_of(path)
    declarations = [f"extern const struct page_piece page_template_{symbol}[];"]
    body = [f"const struct page_piece page_template_{symbol}[] = {{"]
    for style in re.findall("<style>(.*)</style>", text, re.DOTALL):
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        declarations.append(f'#define PAGE_{symbol.upper()}_STYLE "sha256-{digest}"')
    parts = re.split(r"\{\{(\w+)\}\}|\[\[(\w+)\]\]", text) + [None, None]
    for piece, field, word in zip(parts[0::3], parts[1::3], parts[2::3]):
        if field and field not in fields:
            fields.append(field)
        if word and word not in keys:
            fail(path, f"there is no word {word}")
        data = piece.encode()
        body.append(f"\t{{{len(data)}, {constant(word) if word else 'WORD_NONE'}, "
                    f"{f'page_field_{field}' if field else 'NULL'},\n{literal(data)}}},")
    return declarations, body + ["\t{0, WORD_NONE, NULL, NULL},\n};\n"]


def embed_asset(path):
    data = path.read_bytes() if path.suffix == ".png" else text_of(path).encode() + b"\n"
    packed = gzip.compress(data, 9, mtime=0)
    tag = hashlib.sha256(data).hexdigest()[:16]
    if len(packed) >= len(data):
        packed = b""
    name = re.sub(r"\W", "_", path.name)
    place = "/api/" if path.suffix == ".json" else "/"
    return ([f'#define PAGE_{re.sub("[^A-Z]", "_", path.name.upper())}_TAG "{tag}"'],
            [array(f"{name}_plain", data), array(f"{name}_packed", packed), ""],
            f'\t{{"{place}{path.name}", "{TYPES[path.suffix]}", "\\"{tag}\\"",\n'
            f"\t\t{name}_plain, {len(data)}, {name}_packed, {len(packed)}}},")


def main(out_c, out_h, *names):
    paths = list(map(pathlib.Path, names))
    fields, declarations, assets = [], [], []
    words, body, keys = embed_words([path for path in paths if path.suffix == ".txt"], fields)
    for path in paths:
        if path.suffix in TEMPLATES:
            more, pieces = embed_template(path, keys, fields)
        elif path.suffix != ".txt":
            more, pieces, asset = embed_asset(path)
            assets.append(asset)
        else:
            continue
        declarations += more
        body += pieces
    body += ["const struct page_asset page_assets[] = {", *assets, "};"]
    header = ["/* Made by embed.py from the page's sources. */", "#ifndef PORTCULLIS_HTTP_PAGE_DATA_H",
              "#define PORTCULLIS_HTTP_PAGE_DATA_H", "", "#include <stddef.h>", "#include <stdint.h>", "",
              '#include "base/language.h"', "",
              "struct page_render;", "", "/* Each writes what stands in templates as {{field}}, and in words as {field}. */",
              *(f"void page_field_{field}(struct page_render *render);" for field in fields), "",
              "/* The words of a language. text: each with a zero after it; in them a byte below the blank is a field. */",
              "struct page_words {", "\tconst unsigned char *text;", "\tconst uint16_t *places; /* by enum page_word */", "};", "",
              "extern const struct page_words page_words[LANGUAGES];",
              "extern void (*const page_word_fields[])(struct page_render *render); /* by that byte, less 1 */", "", *words, "",
              "/* A template ends with a piece whose text is NULL. */",
              "struct page_piece {", "\tunsigned length;", "\tenum page_word word; /* what follows the text, or WORD_NONE */",
              "\tvoid (*field)(struct page_render *render); /* the same, or NULL */",
              "\tconst char *text;", "};", "",
              "struct page_asset {", "\tconst char *path, *type, *tag;", "\tconst void *plain;", "\tsize_t plain_length;",
              "\tconst void *packed; /* by gzip */", "\tsize_t packed_length; /* 0: it would not be shorter */", "};", "",
              f"#define PAGE_ASSETS {len(assets)}", "extern const struct page_asset page_assets[PAGE_ASSETS];",
              *declarations, "", "#endif", ""]
    pathlib.Path(out_h).write_text("\n".join(header), encoding="utf-8")
    pathlib.Path(out_c).write_text('#include "page_data.h"\n\n' + "\n".join(body) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
