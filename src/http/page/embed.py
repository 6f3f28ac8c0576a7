#!/usr/bin/env python3
"""Turns the page's sources into C: embed.py OUT.c OUT.h FILE...

A template (.html) becomes an array of pieces, each some text and the function that writes the field ({{field}}) after it,
page_field_FIELD, so that the linker finds a field that nobody fills. The hash of a <style> in it is given, for its
Content-Security-Policy. Any other file becomes an entry of
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
         ".png": "image/png", ".webmanifest": "application/manifest+json", ".json": "application/json"}


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


def main(out_c, out_h, *names):
    fields, body, declarations, assets = [], [], [], []
    for path in map(pathlib.Path, names):
        symbol = path.stem
        if path.suffix == ".html":
            declarations.append(f"extern const struct page_piece page_template_{symbol}[];")
            body.append(f"const struct page_piece page_template_{symbol}[] = {{")
            text = text_of(path)
            for style in re.findall("<style>(.*)</style>", text, re.DOTALL):
                digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
                declarations.append(f'#define PAGE_{symbol.upper()}_STYLE "sha256-{digest}"')
            parts = re.split(r"\{\{(\w+)\}\}", text) + [None]
            for piece, field in zip(parts[0::2], parts[1::2]):
                if field and field not in fields:
                    fields.append(field)
                data = piece.encode()
                body.append(f"\t{{{len(data)}, {f'page_field_{field}' if field else 'NULL'},\n{literal(data)}}},")
            body.append("\t{0, NULL, NULL},\n};\n")
            continue
        data = path.read_bytes() if path.suffix == ".png" else text_of(path).encode() + b"\n"
        packed = gzip.compress(data, 9, mtime=0)
        tag = hashlib.sha256(data).hexdigest()[:16]
        declarations.append(f'#define PAGE_{re.sub("[^A-Z]", "_", path.name.upper())}_TAG "{tag}"')
        if len(packed) >= len(data):
            packed = b""
        name = re.sub(r"\W", "_", path.name)
        body += [array(f"{name}_plain", data), array(f"{name}_packed", packed), ""]
        place = "/api/" if path.suffix == ".json" else "/"
        assets.append(f'\t{{"{place}{path.name}", "{TYPES[path.suffix]}", "\\"{tag}\\"",\n'
                      f"\t\t{name}_plain, {len(data)}, {name}_packed, {len(packed)}}},")
    body += ["const struct page_asset page_assets[] = {", *assets, "};"]
    header = ["/* Made by embed.py from the page's sources. */", "#ifndef PORTCULLIS_HTTP_PAGE_DATA_H",
              "#define PORTCULLIS_HTTP_PAGE_DATA_H", "", "#include <stddef.h>", "",
              "struct page_render;", "", "/* Each writes what stands in the templates as {{field}}. */",
              *(f"void page_field_{field}(struct page_render *render);" for field in fields), "",
              "/* A template ends with a piece whose text is NULL. */",
              "struct page_piece {", "\tsize_t length;",
              "\tvoid (*field)(struct page_render *render); /* what follows the text, or NULL */",
              "\tconst char *text;", "};", "",
              "struct page_asset {", "\tconst char *path, *type, *tag;", "\tconst void *plain;", "\tsize_t plain_length;",
              "\tconst void *packed; /* by gzip */", "\tsize_t packed_length; /* 0: it would not be shorter */", "};", "",
              f"#define PAGE_ASSETS {len(assets)}", "extern const struct page_asset page_assets[PAGE_ASSETS];",
              *declarations, "", "#endif", ""]
    pathlib.Path(out_h).write_text("\n".join(header), encoding="utf-8")
    pathlib.Path(out_c).write_text('#include "page_data.h"\n\n' + "\n".join(body) + "\n", encoding="utf-8")


main(*sys.argv[1:])
