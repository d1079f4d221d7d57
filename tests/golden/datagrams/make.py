#!/usr/bin/env python3
"""Writes the hex of the golden datagrams beside this file, or with --check compares it.

Every datagram in the .txt files is a line that people read and, under it, its bytes. The bytes are
made from the line by encoders that are not ours: python-osc and the npm package osc, each where it
can express the message, and both must agree. What neither can is `by hand`, with the reason; its
bytes are taken as they stand. README.md says more.

    python3 make.py            writes the files anew; the same lines always give the same bytes
    python3 make.py --check    changes nothing; ends with 1 and the places where a file differs
"""

import difflib
import json
import logging
import math
import os
import re
import subprocess
import sys
from pathlib import Path

from pythonosc import osc_bundle, osc_message
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder

HERE = Path(__file__).resolve().parent
DATAGRAM = re.compile(r"(->|<-) (\S+) (.+)")
HEX = re.compile(r" {4}(\(nothing\)|[0-9a-f]+( [0-9a-f]+)*( \*\d+)?)")
ELEMENT = re.compile(r"( {6,})(\S.*)")
TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|\S+)')
WORDS_IN_A_LINE = 8
# python-osc reads what it writes, and warns of addresses that it has written itself.
logging.disable(logging.WARNING)
# Seconds from 1900, where time tags begin, to 1970, where Python's clock does.
NTP_TO_UNIX = 2_208_988_800


class Fault(Exception):
    """A line that cannot be read."""


# --- from lines to packets ------------------------------------------------------------------------


def read_text(token):
    return json.loads(token) if token.startswith('"') else token


def read_number(token):
    return float(token) if token in ("nan", "inf", "-inf") else json.loads(token)


def read_bytes(token):
    if not re.fullmatch(r"<([0-9a-f]{2})*>", token):
        raise Fault(f"bytes are written <00ff>, not {token}")
    return list(bytes.fromhex(token[1:-1]))


def read_time(token):
    if token == "immediately":
        return 1
    if not re.fullmatch(r"0x[0-9a-f]{16}", token):
        raise Fault(f"a time tag is `immediately` or 0x and 16 digits, not {token}")
    return int(token, 16)


# Whole 64-bit numbers travel to JavaScript as text.
READERS = {
    "i": read_number,
    "h": lambda token: str(int(token)),
    "f": read_number,
    "d": read_number,
    "s": read_text,
    "S": read_text,
    "c": read_text,
    "b": read_bytes,
    "r": read_bytes,
    "m": read_bytes,
    "t": lambda token: str(read_time(token)),
}


def read_message(line):
    """`ADDRESS ,TAGS VALUES…`: an address in quotes may hold a space."""
    tokens = TOKEN.findall(line)
    if len(tokens) < 2 or not tokens[1].startswith(","):
        raise Fault("a message is an address, its type tags with their comma, and its values")
    address, tags, values = read_text(tokens[0]), tokens[1][1:], tokens[2:]
    stack = [[]]
    for tag in tags:
        if tag == "[":
            stack.append([])
        elif tag == "]":
            array = stack.pop()
            stack[-1].append(array)
        elif tag in "TFNI":
            stack[-1].append([tag, None])
        elif not values:
            raise Fault(f"there is no value for the type tag {tag}")
        else:
            stack[-1].append([tag, READERS[tag](values.pop(0))])
    if values or len(stack) != 1:
        raise Fault("the type tags and the values do not fit together")
    return {"address": address, "arguments": marked(stack[0])}


def marked(arguments):
    """An argument is {tag, value}, an array {array}: so no list is mistaken for another."""
    if_pair = lambda a: len(a) == 2 and isinstance(a[0], str)
    return [
        {"tag": a[0], "value": a[1]} if if_pair(a) else {"array": marked(a)} for a in arguments
    ]


def read_packet(head, elements):
    """A message, or a bundle whose elements are indented below it."""
    if not head.startswith("#bundle "):
        if elements:
            raise Fault("only a bundle has elements")
        return read_message(head)
    packet = {"time": str(read_time(head.removeprefix("#bundle "))), "elements": []}
    while elements:
        depth, line = elements.pop(0)
        inner = []
        while elements and elements[0][0] > depth:
            inner.append(elements.pop(0))
        packet["elements"].append(read_packet(line, inner))
    return packet


# --- python-osc -----------------------------------------------------------------------------------


class CannotExpress(Exception):
    """The encoder has no way to write this."""


def argument_of_python_osc(argument):
    """The value and the type of an argument as its builder wants them."""
    if "array" in argument:
        pairs = [argument_of_python_osc(inner) for inner in argument["array"]]
        return [value for value, _ in pairs], [kind for _, kind in pairs]
    tag, value = argument["tag"], argument["value"]
    if tag in "SctI":
        raise CannotExpress(f"python-osc has no {tag}")
    if tag == "b":
        if not value:
            raise CannotExpress("python-osc has no empty blob")
        return bytes(value), tag
    if tag == "h":
        return int(value), tag
    if tag == "r":
        return int.from_bytes(bytes(value), "big"), tag
    if tag == "m":
        return tuple(value), tag
    return value, tag


def build_with_python_osc(packet):
    if "address" in packet:
        builder = OscMessageBuilder(packet["address"])
        for argument in packet["arguments"]:
            builder.add_arg(*argument_of_python_osc(argument))
        return builder.build()
    time = int(packet["time"])
    if time != 1 and (time >> 32 <= NTP_TO_UNIX or time & 0xFFFF_FFFF):
        raise CannotExpress("python-osc writes time tags from its clock, in floating point")
    seconds = IMMEDIATELY if time == 1 else (time >> 32) - NTP_TO_UNIX
    builder = OscBundleBuilder(seconds)
    for element in packet["elements"]:
        builder.add_content(build_with_python_osc(element))
    return builder.build()


def encode_with_python_osc(packet):
    try:
        return build_with_python_osc(packet).dgram
    except (CannotExpress, osc_message.ParseError, osc_bundle.ParseError):
        # The last two: it reads what it wrote, and does not know all that it can write.
        return None


# --- npm osc --------------------------------------------------------------------------------------


def encode_with_npm_osc(packets):
    """All of them in one run: starting node takes longer than encoding everything."""
    environment = dict(os.environ)
    modules = environment.get("OSCGATE_NODE_MODULES")
    if modules:
        environment["NODE_PATH"] = modules
    run = subprocess.run(
        ["node", str(HERE / "npm_osc.js")],
        input=json.dumps(packets),
        env=environment,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    return [None if text is None else bytes.fromhex(text) for text in json.loads(run.stdout)]


# --- the files ------------------------------------------------------------------------------------


class Datagram:
    """One datagram of a file: its line, and the lines of hex that are there now."""

    def __init__(self, place, head):
        self.place = place
        self.head = head
        self.elements = []
        self.hex = []

    def reason(self):
        return self.head.partition("by hand: ")[2] if self.head.startswith("by hand") else None

    def packet(self):
        try:
            return read_packet(self.head, list(self.elements))
        except (Fault, KeyError, ValueError, IndexError) as fault:
            raise SystemExit(f"{self.place}: {fault or type(fault).__name__}") from fault


def read_file(path):
    """The lines of a file, each datagram in place of its lines."""
    parts = []
    open_datagram = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        place = f"{path.name}:{number}"
        found = DATAGRAM.fullmatch(line)
        element = ELEMENT.fullmatch(line)
        if found:
            open_datagram = Datagram(place, found[3])
            parts += [line, open_datagram]
        elif HEX.fullmatch(line):
            if open_datagram is None:
                raise SystemExit(f"{place}: hex that belongs to no datagram")
            open_datagram.hex.append(line)
        elif element:
            if open_datagram is None or open_datagram.hex:
                raise SystemExit(f"{place}: an element that belongs to no bundle")
            open_datagram.elements.append((len(element[1]), element[2]))
        else:
            open_datagram = None
            parts.append(line)
    return parts


def lines_of(data):
    words = [data[at : at + 4].hex() for at in range(0, len(data), 4)]
    rows = range(0, len(words), WORDS_IN_A_LINE)
    return ["    " + " ".join(words[at : at + WORDS_IN_A_LINE]) for at in rows]


def write_file(parts, encoded):
    lines = []
    for part in parts:
        if isinstance(part, str):
            lines.append(part)
            continue
        lines += [" " * depth + line for depth, line in part.elements]
        lines += part.hex if part.reason() is not None else lines_of(encoded[part])
    return "\n".join(lines) + "\n"


def encode_all(datagrams):
    """The bytes of every datagram, and how many were made by whom."""
    by_hand = [datagram for datagram in datagrams if datagram.reason() is not None]
    for datagram in by_hand:
        if not datagram.reason() or not datagram.hex:
            raise SystemExit(f"{datagram.place}: `by hand: REASON`, and its bytes below")
    others = [datagram for datagram in datagrams if datagram.reason() is None]
    packets = [datagram.packet() for datagram in others]
    encoded, made_by = {}, {"both": 0, "python-osc alone": 0, "npm osc alone": 0}
    theirs = encode_with_npm_osc([spelled(packet) for packet in packets])
    for datagram, packet, npm in zip(others, packets, theirs, strict=True):
        python = encode_with_python_osc(packet)
        if python is None and npm is None:
            raise SystemExit(f"{datagram.place}: neither encoder can express this; do it by hand")
        if python is not None and npm is not None and python != npm:
            text = f"python-osc {python.hex()}\nnpm osc    {npm.hex()}"
            raise SystemExit(f"{datagram.place}: the encoders do not agree\n{text}")
        encoded[datagram] = npm if python is None else python
        who = "npm osc alone" if python is None else "python-osc alone"
        made_by["both" if python is not None and npm is not None else who] += 1
    return encoded, made_by | {"hand": len(by_hand)}


def spelled(value):
    """JSON has no NaN and no infinities: they travel as their names."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"number": {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]}
    if isinstance(value, dict):
        return {key: spelled(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [spelled(inner) for inner in value]
    return value


def main(arguments):
    if arguments not in ([], ["--check"]):
        raise SystemExit(__doc__)
    files = {path: read_file(path) for path in sorted(HERE.glob("*.txt"))}
    datagrams = [p for parts in files.values() for p in parts if isinstance(p, Datagram)]
    encoded, made_by = encode_all(datagrams)
    different = 0
    for path, parts in files.items():
        old, new = path.read_text(encoding="utf-8"), write_file(parts, encoded)
        if old == new:
            continue
        different += 1
        if arguments:
            diff = difflib.unified_diff(
                old.splitlines(), new.splitlines(), path.name, "made anew", lineterm="", n=2
            )
            print("\n".join(diff))
        else:
            path.write_text(new, encoding="utf-8")
    counts = ", ".join(f"{count} by {who}" for who, count in made_by.items())
    print(f"{len(datagrams)} datagrams in {len(files)} files: {counts}")
    return 1 if arguments and different else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
