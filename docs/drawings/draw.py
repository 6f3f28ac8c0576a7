#!/usr/bin/python3
"""Makes the drawings of the wiring, docs/drawings/*.svg. With a folder as its argument it writes them there instead.

    docs/drawings/draw.py

test_drawings holds the drawings in the tree to this script. Look at them, in light and in dark, before you commit them.
Polarity has a colour and a dash: LOW is blue and dashed, HIGH is orange and solid, so that a print in grey tells them apart.
"""

import pathlib
import sys
from xml.sax.saxutils import escape

STYLE = """
text{font:15px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;fill:#141b26}
.title{font-size:20px;font-weight:650}.small{font-size:13px}.strong{font-weight:650}.end{text-anchor:end}.mid{text-anchor:middle}
.paper{fill:#fff}.box{fill:#f3f5f9;stroke:#526071;stroke-width:1.5}.note{fill:#fff8e1;stroke:#8a6d00;stroke-width:1.5}
.soft{fill:#526071}.wire{fill:none;stroke:#141b26;stroke-width:2.5}.pin{fill:#fff;stroke:#141b26;stroke-width:2}
.dot{fill:#141b26}.metal{fill:#c6cedb;stroke:#526071;stroke-width:1.5}.black{fill:#39424f}.white{fill:#fff}
.low{stroke:#0b57d0}.low-fill{fill:#0b57d0}.high{stroke:#b84300}.high-fill{fill:#b84300}.see{stroke:#1a7f37}.see-fill{fill:#1a7f37}
.low.wire{stroke-dasharray:9 5}.magnet{fill:#b3261e}
@media screen and (prefers-color-scheme:dark){
text{fill:#e8edf4}.paper{fill:#0d1117}.box{fill:#171d27;stroke:#a2aebf}.note{fill:#2b2410;stroke:#d9b84a}.soft{fill:#a2aebf}
.wire{stroke:#e8edf4}.pin{fill:#0d1117;stroke:#e8edf4}.dot{fill:#e8edf4}.metal{fill:#3a4554;stroke:#a2aebf}.black{fill:#0a0d12}
.low{stroke:#8fbcff}.low-fill{fill:#8fbcff}.high{stroke:#ffab70}.high-fill{fill:#ffab70}.see{stroke:#6fdd8b}.see-fill{fill:#6fdd8b}
.white{fill:#0d1117}.magnet{fill:#ff9d95}}
"""

LOW, HIGH = "low", "high"
RELAYS = {4: LOW, 5: LOW, 6: LOW, 17: HIGH, 22: HIGH, 27: HIGH}
CONTACTS = (23, 24, 25)
PINS = ("3.3 V", "5 V", 2, "5 V", 3, "GND", 4, 14, "GND", 15, 17, 18, 27, "GND", 22, 23, "3.3 V", 24, 10, "GND", 9, 25, 11, 8,
        "GND", 7, 0, 1, 5, "GND", 6, 12, 13, "GND", 19, 16, 26, 20, "GND", 21)


class Drawing:
    def __init__(self, width, height, title, says):
        self.size, self.title, self.says, self.parts = (width, height), title, says, []
        self.add("rect", "paper", width=width, height=height)
        self.text(20, 34, title, "title")

    def add(self, tag, kind, inner="", **attributes):
        words = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in attributes.items())
        self.parts.append(f'<{tag} class="{kind}"{words}' + (f">{inner}</{tag}>" if inner else "/>"))

    def text(self, x, y, words, kind=""):
        self.add("text", kind, escape(words), x=x, y=y)

    def lines(self, x, y, words, kind="", step=21):
        for number, line in enumerate(words):
            if line:
                self.text(x, y + number * step, line, kind)

    def box(self, x, y, width, height, kind="box"):
        self.add("rect", kind, x=x, y=y, width=width, height=height, rx=8)

    def wire(self, *points, kind=""):
        self.add("polyline", f"{kind} wire".strip(), points=" ".join(f"{x},{y}" for x, y in points))

    def terminal(self, x, y):
        self.add("circle", "pin", cx=x, cy=y, r=6)

    def dot(self, x, y):
        self.add("circle", "dot", cx=x, cy=y, r=5)

    def badge(self, x, y, polarity):
        """What every drawing says: by which level the relay is switched on."""
        self.box(x, y, 76, 26, polarity + "-fill")
        self.text(x + 38, y + 18, polarity.upper(), "white strong mid")

    def note(self, x, y, width, words):
        self.box(x, y, width, 18 + 21 * len(words), "note")
        self.lines(x + 14, y + 25, words)

    def svg(self):
        width, height = self.size
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">\n'
                f"<!-- made by docs/drawings/draw.py -->\n<title>{escape(self.title)}</title>\n<desc>{escape(self.says)}</desc>\n"
                f"<style>{STYLE}</style>\n" + "\n".join(self.parts) + "\n</svg>\n")


def header():
    made = Drawing(860, 822, "The 40 pins, and which are for relays",
                   "The Raspberry Pi's header. Relays switched by LOW: GPIO4, 5, 6 on pins 7, 29, 31. Relays switched by HIGH: GPIO17, "
                   "22, 27 on pins 11, 15, 13. Contacts: GPIO23, 24, 25 on pins 16, 18, 22.")
    made.lines(20, 62, ["Pin 1 is at the end of the board where the memory card is. The even pins are at the board's edge.",
                        "“Pin” counts along the header. “GPIO” is the name in the configuration. The two numbers differ."], "soft")
    made.box(395, 96, 70, 540)
    for number, what in enumerate(PINS, 1):
        left, y = number % 2, 116 + (number - 1) // 2 * 26
        at = 413 if left else 447
        name = f"GPIO{what}" if isinstance(what, int) else what
        kind = RELAYS.get(what) or ("see" if what in CONTACTS else "")
        made.add("circle", (kind + "-fill") if kind else "dot" if name == "GND" else "pin", cx=at, cy=y, r=7)
        words = f"{name}\u2003pin {number}" if left else f"pin {number}\u2003{name}"
        made.text(382 if left else 478, y + 5, words, ("end " if left else "") + ("strong" if kind else "soft"))
        if RELAYS.get(what):
            made.badge(160 if left else 600, y - 13, kind)
            made.text(150, y + 5, "relay", "end small")
        elif kind:
            made.text(620, y + 5, "contact", "see-fill strong")
    made.badge(20, 660, LOW)
    made.lines(110, 678, ["Relay boards that are switched on by LOW: GPIO4, GPIO5, GPIO6 (pins 7, 29, 31).",
                          "From power-on until the agent starts these lines are pulled up, so that the relay stays off."])
    made.badge(20, 714, HIGH)
    made.lines(110, 732, ["Relay boards that are switched on by HIGH: GPIO17, GPIO22, GPIO27 (pins 11, 15, 13).",
                          "From power-on until the agent starts these lines are pulled down, so that the relay stays off."])
    made.lines(110, 786, ["Filled, without a colour: GND. No line bears more than 3.3 V.",
                          "The pulls are those of Pi Zero to Pi 4. For the Pi 5 see wiring.md."], "soft")
    return made


def pi(made, rows):
    made.box(20, 100, 210, 350)
    made.text(36, 126, "Raspberry Pi", "strong")
    for y, name, pin in rows:
        made.text(36, y + 5, name, "strong")
        made.text(206, y + 5, f"pin {pin}", "end")
        made.terminal(230, y)


def reed(made, y):
    """A contact between two wires that come from the left at y and y + 40."""
    made.wire((236, y), (430, y), kind="see")
    made.wire((236, y + 40), (430, y + 40), kind="see")
    made.box(420, y - 14, 150, 68)
    made.text(495, y + 12, "reed contact", "mid")
    made.text(495, y + 34, "at the frame", "mid")
    made.add("rect", "magnet", x=580, y=y - 8, width=16, height=56, rx=3)
    made.lines(606, y + 10, ["magnet at the door: closes", "the contact while the door", "is closed"], "small", 17)


def opener(made, x, com, no):
    made.box(x, 100, 150, 130)
    made.text(x + 75, 126, "the opener's", "strong mid")
    made.text(x + 75, 220, "button terminals", "strong mid")
    made.terminal(x, com)
    made.terminal(x, no)
    for y, at in ((com, x - 60), (no, x - 30)):
        made.dot(at, y)
        made.wire((at, y), (at, 276))
    made.box(x - 90, 276, 170, 34)
    made.text(x - 5, 298, "wall button, as before", "small mid")


def board(made, polarity, inputs):
    made.box(400, 100, 200, 180)
    made.text(500, 92, "relay board", "strong mid")
    for y, name in inputs:
        made.terminal(400, y)
        made.text(414, y + 5, name, "strong")
    for y, name in ((150, "COM"), (190, "NO"), (230, "NC")):
        made.terminal(600, y)
        made.text(586, y + 5, name, "end strong")
    made.text(614, 235, "stays free", "small soft")
    made.wire((606, 150), (744, 150))
    made.wire((606, 190), (744, 190))
    made.badge(462, 246, polarity)


def wiring(polarity):
    low = polarity == LOW
    if low:
        made = Drawing(920, 604, "One button, a board that is switched on by LOW",
                       "An active-low relay board with JD-VCC: VCC to 3.3 V, JD-VCC to 5 V, IN1 to GPIO5 on pin 29.")
        rows = [(150, "3.3 V", 1, "VCC", ""), (182, "5 V", 2, "JD-VCC", ""), (214, "GND", 6, "GND", ""), (246, "GPIO5", 29, "IN1", LOW)]
        words = ["GPIO5 at rest: HIGH, the relay is off. A press: LOW for half a second.\u2003\u2003relay: {line: GPIO5, active: low}",
                 "Take off the jumper between VCC and JD-VCC. VCC gets 3.3 V, and only JD-VCC gets 5 V.",
                 "DANGER: written as a plain GPIO5, the relay is on all the time that the agent rests. The opener sees a button",
                 "that is held down, and on many openers a held button overrides the light beam."]
    else:
        made = Drawing(920, 604, "One button, a board that is switched on by HIGH",
                       "An active-high relay board without JD-VCC: VCC to 5 V, IN to GPIO17 on pin 11.")
        rows = [(150, "5 V", 2, "VCC", ""), (190, "GND", 6, "GND", ""), (230, "GPIO17", 11, "IN", HIGH)]
        words = ["GPIO17 at rest: LOW, the relay is off. A press: HIGH for half a second.\u2003\u2003relay: GPIO17",
                 "No JD-VCC here. The input must take 3.3 V as HIGH. Where the board has a jumper H/L, set it to H.",
                 "DANGER: a board that is switched by LOW, wired and written like this, is on all the time that the agent rests.",
                 "The opener sees a button that is held down, and on many openers a held button overrides the light beam."]
    made.badge(824, 16, polarity)
    pi(made, [(y, name, pin) for y, name, pin, _, _ in rows] + [(360, "GPIO23", 16), (400, "GND", 14)])
    board(made, polarity, [(y, name) for y, _, _, name, _ in rows])
    for y, _, _, _, kind in rows:
        made.wire((236, y), (394, y), kind=kind)
    opener(made, 750, 150, 190)
    reed(made, 360)
    made.note(20, 480, 880, words)
    return made


def terminals():
    made = Drawing(920, 440, "At the opener: COM and NO, beside the wall button",
                   "The relay's COM and NO go to the two terminals where the wall button's wires are. NC stays free.")
    made.badge(736, 16, LOW)
    made.badge(824, 16, HIGH)
    made.text(726, 34, "the same for", "end soft")
    made.box(540, 80, 350, 170)
    made.text(715, 108, "the opener, unplugged", "strong mid")
    for number, x in enumerate((580, 640, 720, 770, 820)):
        made.add("rect", "metal", x=x, y=196, width=30, height=34, rx=3)
        made.add("circle", "pin", cx=x + 15, cy=213, r=8)
    made.text(625, 180, "wall button", "strong mid")
    made.text(785, 180, "beam, lamp: leave", "small mid")
    made.box(30, 80, 170, 170)
    made.text(115, 108, "relay 1", "strong mid")
    for y, name in ((140, "COM"), (180, "NO"), (220, "NC")):
        made.terminal(200, y)
        made.text(186, y + 5, name, "end strong")
    made.lines(214, 225, ["stays free: on NC the opener", "sees a button held down"], "small", 17)
    made.wire((206, 140), (480, 140), (480, 290), (595, 290), (595, 230))
    made.wire((206, 180), (450, 180), (450, 316), (655, 316), (655, 230))
    made.dot(595, 290)
    made.dot(655, 316)
    made.wire((595, 290), (770, 290))
    made.wire((655, 316), (770, 316))
    made.box(770, 276, 120, 54)
    made.text(830, 308, "wall button", "mid")
    made.note(30, 354, 860, ["Test first: touch the two terminals together for a moment. If the door moves, this wiring works.",
                             "If nothing happens (often with a yellow learn button), the opener takes no bare contact."])
    return made


def door():
    made = Drawing(880, 490, "At the door: the reed contact and its magnet",
                   "The reed sits at the frame, its magnet at the door, opposite each other when the door is closed.")
    made.text(20, 62, "Seen from inside, the door closed. The contact says closed by LOW: it connects GPIO23 with GND.", "soft")
    made.add("path", "metal", d="M60 90h300v300h-300z")
    for y in (165, 240, 315):
        made.wire((60, y), (360, y))
    made.text(210, 130, "door", "strong mid")
    made.add("rect", "box", x=368, y=80, width=44, height=316)
    made.text(390, 104, "frame", "small mid")
    made.add("rect", "magnet", x=336, y=340, width=20, height=44, rx=3)
    made.add("rect", "see-fill", x=372, y=340, width=20, height=44, rx=3)
    made.wire((20, 396), (430, 396))
    made.text(30, 418, "floor", "small")
    made.wire((392, 352), (500, 352), kind="see")
    made.wire((392, 372), (500, 372), kind="see")
    made.text(510, 356, "to GPIO23, pin 16", "strong")
    made.text(510, 377, "to GND, pin 14", "strong")
    made.lines(450, 130, ["Red: the magnet, on the door.", "Green: the reed, on the frame. The wires come from",
                          "the part that does not move.", "",
                          "The two face each other only when the door is quite", "closed. Keep the gap that the reed's maker names.",
                          "Steel takes the magnet's field away: put a spacer of", "wood or plastic between the reed and steel, and",
                          "between the magnet and steel."])
    made.note(20, 432, 840, ["Before you screw it tight: portcullis --watch says “active” at the closed door, else “inactive”."])
    return made


def warning():
    made = Drawing(920, 490, "The close warning: a buzzer or a lamp on relay 2",
                   "The second relay of the board switches a buzzer or a low-voltage lamp with a supply of its own.")
    made.box(20, 90, 240, 150)
    made.text(36, 116, "Raspberry Pi", "strong")
    made.badge(36, 132, LOW)
    made.text(122, 150, "GPIO6, pin 31")
    made.text(36, 182, "or", "soft")
    made.badge(36, 194, HIGH)
    made.text(122, 212, "GPIO27, pin 13")
    made.terminal(260, 145)
    made.terminal(260, 207)
    made.box(400, 90, 200, 150)
    made.text(500, 116, "relay board", "strong mid")
    made.terminal(400, 176)
    made.text(414, 181, "IN2", "strong")
    made.wire((266, 145), (330, 145), (330, 172), (394, 172), kind=LOW)
    made.wire((266, 207), (330, 207), (330, 180), (394, 180), kind=HIGH)
    for y, name in ((140, "COM2"), (176, "NO2"), (212, "NC2")):
        made.terminal(600, y)
        made.text(586, y + 5, name, "end strong")
    made.text(614, 217, "stays free", "small soft")
    made.box(700, 80, 200, 46)
    made.text(800, 108, "supply of 12 V, its own", "mid")
    made.wire((606, 140), (650, 140), (650, 103), (700, 103))
    made.box(700, 164, 200, 46)
    made.text(800, 192, "buzzer or lamp, 12 V", "mid")
    made.wire((606, 176), (700, 176))
    made.wire((800, 126), (800, 164))
    made.text(640, 96, "+", "strong")
    made.text(810, 150, "–", "strong")
    made.text(20, 276, "Only one of the two wires: the one of your board's kind. Power and GND as for relay 1.", "soft")
    made.lines(20, 312, ["LOW:\u2003close_warning: {line: GPIO6, active: low, time: 5s}",
                         "HIGH:\u2003close_warning: {line: GPIO27, time: 5s}"], "strong", 26)
    made.note(20, 370, 880, ["The warning begins before the relay of the door is pressed, and lasts for the time that is written there.",
                             "No mains on these relays: a lamp for 230 V or 120 V is an electrician's work.",
                             "DANGER: with the wrong polarity the buzzer sounds while the agent rests. Then relay 1 is wrong, too, and",
                             "holds the opener's button down: take the opener's wires off first."])
    return made


DRAWINGS = {"header": header, "relay-low": lambda: wiring(LOW), "relay-high": lambda: wiring(HIGH), "opener": terminals, "reed": door,
            "warning": warning}


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
    for name, draw in DRAWINGS.items():
        (folder / f"{name}.svg").write_text(draw().svg())


if __name__ == "__main__":
    main()
