#!/usr/bin/env python3
"""Writes the hex of the golden native datagrams beside this file, or with --check compares it.

    python3 make.py            writes the files anew; the same lines always give the same bytes
    python3 make.py --check    changes nothing; ends with 1 and the places where a file differs

The bytes are made by python-osc. The lines are read as those of ../datagrams are.
"""

import difflib
import importlib.util
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
MESSAGE = re.compile(r"(<-|->|=|~) (/\S* ,.*)")
HEX = re.compile(r" {4}[0-9a-f]+( [0-9a-f]+)*")


def load_datagrams():
    place = HERE.parent / "datagrams" / "make.py"
    spec = importlib.util.spec_from_file_location("datagrams", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def anew(path, datagrams):
    """The file with the bytes of each message below it."""
    lines, count = [], 0
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if HEX.fullmatch(line):
            continue
        lines.append(line)
        found = MESSAGE.fullmatch(line)
        if not found:
            continue
        count += 1
        try:
            packet = datagrams.read_message(found[2])
        except (datagrams.Fault, KeyError, ValueError, IndexError) as fault:
            raise SystemExit(f"{path.name}:{number}: {fault}") from fault
        lines += datagrams.lines_of(datagrams.build_with_python_osc(packet).dgram)
    return "\n".join(lines) + "\n", count


def main(arguments):
    if arguments not in ([], ["--check"]):
        raise SystemExit(__doc__)
    datagrams = load_datagrams()
    different, total = 0, 0
    for path in sorted(HERE.glob("*.txt")):
        old = path.read_text(encoding="utf-8")
        new, count = anew(path, datagrams)
        total += count
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
    print(f"{total} datagrams by python-osc")
    return 1 if arguments and different else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
