"""The mutants of a C file, from clang's tree of it. Nothing inside of a macro's text is changed, nor what #include brings."""

import json
import os
import subprocess
from collections import Counter
from dataclasses import dataclass, field

# What an operator becomes. A comparison is turned round only where it is no part of a condition: there it is left out, and the
# condition is always or never true, which is harder to notice. For the same reason && does not become ||.
TURNED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
OPERATORS = {
    "<": ("<=",), "<=": ("<",), ">": (">=",), ">=": (">",), "+": ("-",), "-": ("+",), "*": ("/",), "/": ("*",), "%": ("*",),
    "&": ("|",), "|": ("&",), "^": ("&",), "<<": (">>",), ">>": ("<<",), "+=": ("-=",), "-=": ("+=",), "*=": ("/=",),
    "/=": ("*=",), "|=": ("=",), "&=": ("=",),
}
STATEMENTS = {"CallExpr", "CompoundAssignOperator", "BreakStmt", "ContinueStmt"}
EXPRESSIONS = {"ParenExpr", "ImplicitCastExpr", "ConstantExpr"}  # which stand around another one
HUGE = 1 << 62
LONG = 1000  # ms or ppm: nobody notices one more or less, so it is doubled and halved; its bound is < or <=, tried as well

# How a mutant stands beside what it replaces: %d is its number, then come the new text and the old one.
VALUE = "(MUTANT(%d) ? (%s) : (%s))"
TRUTH = "(MUTANT(%d) ? !!(%s) : !!(%s))"
CALL = "(MUTANT(%d) ? (void)(%s) : (void)(%s))"
JUMP = "if (MUTANT(%d)) %s; else %s"


@dataclass
class Mutant:
    file: str
    name: str  # the function, the change, and which of its like it is: the same as long as the function is
    line: str  # as it is now
    begin: int
    end: int
    instead: str
    form: str  # None: it stands where C wants a constant, and is compiled alone
    number: int = 0

    def __str__(self):
        return f"{self.file}: {self.name}"


@dataclass
class Change:
    function: str
    begin: int
    end: int
    instead: str
    what: str
    form: str
    inside: list = field(default_factory=list)


class Reader:
    def __init__(self, text, tree):
        self.text = text  # bytes, as clang's offsets are
        self.enums = {}  # constant -> the others of its enum, beginning with the next
        self.changes = []
        self.conditions = set()  # nodes that are tried as a whole
        self.negated = set()  # numbers after a minus: below zero stands for "none", and -2 for the same
        self.function = ""
        self.is_constant = False  # C wants one here
        for node in tree["inner"]:
            self.learn(node)
        for node in tree["inner"]:
            if self.is_mine(node) and node["kind"] in ("FunctionDecl", "VarDecl"):
                self.function = node["name"]
                self.walk(node, node["kind"] == "VarDecl")
        self.numbers_once()

    def learn(self, node):
        if node["kind"] == "EnumDecl":
            names = [inner["name"] for inner in node.get("inner", ()) if inner["kind"] == "EnumConstantDecl"]
            for at, name in enumerate(names):
                self.enums[name] = names[at + 1:] + names[:at]

    @staticmethod
    def is_mine(node):
        place = node.get("loc", {})
        place = place.get("expansionLoc", place)
        return "offset" in place and "includedFrom" not in place

    def span(self, node):
        """(begin, end) in the text; None where either is inside of a macro's text."""
        begin, end = node.get("range", {}).get("begin", {}), node.get("range", {}).get("end", {})
        if begin.get("isMacroArgExpansion") or end.get("isMacroArgExpansion"):
            return None
        begin, end = begin.get("expansionLoc", begin), end.get("expansionLoc", end)
        if "offset" not in begin or "offset" not in end or "includedFrom" in begin or "includedFrom" in end:
            return None
        end = end["offset"] + end["tokLen"]
        if "expansionLoc" in node["range"]["end"] and self.text[end:end + 1] == b"(":
            return None  # a macro with arguments
        return begin["offset"], end

    def said(self, span):
        return self.text[span[0]:span[1]].decode()

    def short(self, span):
        return " ".join(self.said(span).split())

    def change(self, span, instead, form, what=None):
        what = what or f"{self.short(span)} -> {' '.join(instead.split())}"
        self.changes.append(Change(self.function, *span, instead, what, None if self.is_constant else form))

    def core(self, node):
        while node["kind"] in EXPRESSIONS and node.get("inner"):
            node = node["inner"][0]
        return node

    def walk(self, node, is_constant):
        inner = node.get("inner", [])
        kind = node.get("kind")
        if kind == "VarDecl":
            is_constant = is_constant or node.get("storageClass") == "static"
        self.is_constant = is_constant
        if kind == "StaticAssertDecl":
            return
        if kind == "CaseStmt":
            inner = inner[1:]
        elif kind in ("IfStmt", "ConditionalOperator"):
            self.condition(inner[0])
        elif kind in ("BinaryOperator", "CompoundAssignOperator"):
            self.operator(node)
        elif kind == "UnaryOperator" and node["opcode"] in ("!", "-", "~"):
            self.prefix(node)
        elif kind == "IntegerLiteral":
            self.number(node)
        elif kind == "DeclRefExpr" and node["referencedDecl"]["kind"] == "EnumConstantDecl":
            self.constant(node)
        elif kind in ("ReturnStmt", "VarDecl") and inner:
            self.truth(inner[-1])
        children = {"CompoundStmt": inner, "IfStmt": inner[1:], "ForStmt": inner[-1:], "WhileStmt": inner[-1:],
                    "DoStmt": inner[:1], "CaseStmt": inner, "DefaultStmt": inner}
        for child in children.get(kind, ()):
            self.statement(child)
        for child in inner:
            if child:
                self.walk(child, is_constant)

    def condition(self, node):
        """Always and never true; where it has parts, each of which is left out, the one of the two that this does not show."""
        span, inside = self.span(node), self.core(node)
        joined = inside.get("opcode") if inside["kind"] == "BinaryOperator" else None
        self.conditions.add(inside["id"])
        for value, of_parts in (("true", "&&"), ("false", "||")):
            if span and joined != of_parts:
                self.change(span, value, TRUTH)

    def statement(self, node):
        """Left out."""
        kind = node.get("kind")
        is_one = kind in STATEMENTS or (kind == "BinaryOperator" and node["opcode"] == "=") or \
            (kind == "UnaryOperator" and node["opcode"] in ("++", "--")) or (kind == "ReturnStmt" and not node.get("inner"))
        span = self.span(node) if is_one else None
        if span:
            self.change(span, "(void)0", JUMP if kind.endswith("Stmt") else CALL, f"without: {self.short(span)}")

    def operator(self, node):
        left, right = (self.span(child) for child in node["inner"])
        span = self.span(node)
        if not span or not left or not right or left[1] > right[0]:
            return
        between = self.text[left[1]:right[0]]
        at = between.find(node["opcode"].encode())
        if at < 0 or b"/*" in between[:at]:
            return
        before, after = self.said((span[0], left[1] + at)), self.said((left[1] + at + len(node["opcode"]), span[1]))
        others = OPERATORS.get(node["opcode"], ())
        if all(child["type"]["qualType"].endswith("*") for child in node["inner"]) and node["opcode"] == "-":
            others = ()  # of two pointers there is a difference, but no sum
        if node["opcode"] in TURNED and node["id"] not in self.conditions:
            others = (*others, TURNED[node["opcode"]])
        for other in others:
            self.change(span, before + other + after, VALUE, f"{self.short(span)}, {node['opcode']} -> {other}")
        if node["opcode"] in ("&&", "||"):
            self.conditions |= {self.core(child)["id"] for child in node["inner"]}
            for part in (left, right):
                self.change(part, "true" if node["opcode"] == "&&" else "false", TRUTH)

    def prefix(self, node):
        span, inside = self.span(node), self.span(node["inner"][0])
        if node["opcode"] == "-":
            self.negated.add(self.core(node["inner"][0])["id"])
        if span and inside:
            form = TRUTH if node["opcode"] == "!" else VALUE
            self.change(span, self.said(inside), form, f"{self.short(span)} without {node['opcode']}")

    def number(self, node):
        span = self.span(node)
        if not span:
            return
        word, value = self.said(span), int(node["value"])
        if word in ("true", "false"):
            self.change(span, "false" if word == "true" else "true", VALUE)
        elif value > HUGE:
            self.change(span, "0", VALUE)
        elif value >= LONG:
            self.change(span, f"{word} * 2", VALUE)
            self.change(span, f"{word} / 2", VALUE)
        else:
            if node["id"] not in self.negated:
                self.change(span, f"{word} + 1", VALUE)
            if value > 0:
                self.change(span, f"{word} - 1", VALUE)

    def numbers_once(self):
        """A macro may have several numbers in its text; where one is long, it is a long time."""
        long = {(change.begin, change.end) for change in self.changes if change.what.endswith(" * 2")}
        self.changes = [change for change in self.changes if (change.begin, change.end) not in long or
                        not change.what.endswith((" + 1", " - 1"))]

    def constant(self, node):
        span, name = self.span(node), node["referencedDecl"]["name"]
        if span and self.said(span) == name and self.enums.get(name):
            self.change(span, self.enums[name][0], VALUE)

    def truth(self, node):
        """What a function answers, or a variable begins with, the other way round."""
        inside, span = self.core(node), self.span(node)
        is_bool = inside.get("type", {}).get("qualType") in ("bool", "_Bool")
        if span and is_bool and inside["kind"] in ("CallExpr", "MemberExpr", "DeclRefExpr", "ArraySubscriptExpr"):
            self.change(span, f"!({self.said(span)})", TRUTH)


def mutants_of(root, build, file, command):
    """All mutants of a file, in the order of its text."""
    path = root / file
    said = subprocess.run([*command, "-fsyntax-only", "-x", "c", "-Xclang", "-ast-dump=json", path], cwd=build, check=True,
                          env={**os.environ, "CCACHE_DISABLE": "1"},  # whose preprocessed text has other places
                          capture_output=True).stdout
    text = path.read_bytes()
    mutants, seen, names = [], set(), Counter()
    for change in sorted(Reader(text, json.loads(said)).changes, key=lambda change: (change.begin, -change.end, change.instead)):
        place = (change.begin, change.end, change.instead)
        if place in seen:
            continue
        seen.add(place)
        name = f"{change.function}: {change.what}"
        names[name] += 1
        if names[name] > 1:
            name += f" (#{names[name]})"
        first = text.rfind(b"\n", 0, change.begin) + 1
        line = f"{file}:{text.count(10, 0, change.begin) + 1}: {text[first:text.find(10, change.begin)].decode().strip()}"
        mutants.append(Mutant(file, name, line, change.begin, change.end, change.instead, change.form))
    return mutants


def alone(text, mutant):
    """The file's text with this one mutant."""
    instead = mutant.instead if mutant.form == JUMP else f"({mutant.instead})"
    old = text[mutant.begin:mutant.end]
    return (text[:mutant.begin] + instead.encode() + b"\n" * (old.count(10) - instead.count("\n")) + text[mutant.end:]).decode()


def together(text, mutants):
    """The file's text with all mutants in it, of which MUTANT(number) chooses one."""
    spans = {}
    for mutant in mutants:
        spans.setdefault((mutant.begin, mutant.end), []).append(mutant)
    order = sorted(spans, key=lambda span: (span[0], -span[1]))

    def between(begin, end, at):
        """The text from begin to end, with what order has from `at` on inside of it; and the next of order."""
        made, place = "", begin
        while at < len(order) and order[at][0] < end:
            first, last = order[at]
            made += text[place:first].decode()
            old, following = between(first, last, at + 1)
            for mutant in spans[order[at]]:
                old = mutant.form % (mutant.number, mutant.instead, old)
            made, place, at = made + old, last, following
        return made + text[place:end].decode(), at

    return between(0, len(text), 0)[0]
