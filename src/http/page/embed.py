#!/usr/bin/env python3
"""Turns the page's sources into C: embed.py OUT.c OUT.h FILE...

A template (.html) becomes an array of pieces, each some text and the field ({{field}}) that follows it; the fields of all
templates become one enum, so that the compiler finds a field that nobody fills. Any other file becomes its bytes, with
an ETag from their hash. White space at the ends of lines is dropped.
"""
import hashlib
import pathlib
import re
import sys


def literal(data):
    out = []
    for start in range(0, len(data), 60):
        part = "".join(
            chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\?' else f"\\{byte:03o}" for byte in data[start:start + 60])
        out.append(f'\t\t"{part}"')
    return "\n".join(out) or '\t\t""'


def main(out_c, out_h, *names):
    fields, body, declarations = [], [], []
    for name in map(pathlib.Path, names):
        text = "\n".join(line.strip() for line in name.read_text(encoding="utf-8").splitlines() if line.strip())
        symbol = name.stem
        if name.suffix == ".html":
            declarations.append(f"extern const struct page_piece page_template_{symbol}[];")
            body.append(f"const struct page_piece page_template_{symbol}[] = {{")
            parts = re.split(r"\{\{(\w+)\}\}", text + "\n") + ["none"]
            for piece, field in zip(parts[0::2], parts[1::2]):
                if field not in fields and field != "none":
                    fields.append(field)
                data = piece.encode()
                body.append(f"\t{{{len(data)}, PAGE_FIELD_{field.upper()},\n{literal(data)}}},")
            body.append("\t{0, PAGE_FIELD_NONE, NULL},\n};\n")
        else:
            data = text.encode()
            tag = hashlib.sha256(data).hexdigest()[:16]
            declarations.append(f'#define PAGE_{symbol.upper()}_TAG "{tag}"')
            declarations.append(f"#define PAGE_{symbol.upper()}_LENGTH {len(data)}")
            declarations.append(f"extern const char page_{symbol}[];")
            body.append(f"const char page_{symbol}[] =\n{literal(data)};\n")
    header = ["/* Made by embed.py from the page's sources. */", "#ifndef PORTCULLIS_HTTP_PAGE_DATA_H",
              "#define PORTCULLIS_HTTP_PAGE_DATA_H", "", "#include <stddef.h>", "", "enum page_field {", "\tPAGE_FIELD_NONE,",
              *(f"\tPAGE_FIELD_{field.upper()}," for field in fields), "};", "",
              "/* A template ends with a piece whose text is NULL. */",
              "struct page_piece {", "\tsize_t length;", "\tenum page_field field; /* what follows the text */",
              "\tconst char *text;", "};", "", *declarations, "", "#endif", ""]
    pathlib.Path(out_h).write_text("\n".join(header), encoding="utf-8")
    pathlib.Path(out_c).write_text('#include "page_data.h"\n\n' + "\n".join(body), encoding="utf-8")


main(*sys.argv[1:])
