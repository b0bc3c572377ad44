"""Write a new source that works and is tested, to be made that of your platform.

    earshot new source NAME     its file with fields and card, its fake platform, and its stanza
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from string import Template

from pipelines import registry
from pipelines.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
STANZA = """
[sources.{name}]
kind = "{name}"
token = "env:{upper}_TOKEN"
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=["source"], help="what to write")
    parser.add_argument("name", metavar="NAME", help="its kind: a lower-case word such as lemmy")
    parser.add_argument("--config", type=Path, metavar="FILE", help="earshot.toml that gets the stanza too")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Write the files and say what to do next.

    Raises:
        InputError: the name is no word, or something of that name exists.
    """
    written = write(args.root, args.name)
    for path in written:
        print(f"wrote {path.relative_to(args.root)}")
    stanza = STANZA.format(name=args.name, upper=args.name.upper())
    if args.config:
        with args.config.open("a", encoding="utf-8") as file:
            file.write(stanza)
        print(f"added [sources.{args.name}] to {args.config}")
    else:
        print(f"\nfor earshot.toml:\n{stanza}")
    print(f"next: make both files those of your platform, until this passes: pytest tests/conformance -k {args.name}")
    return 0


def write(root: Path, name: str) -> list[Path]:
    """The source and its fake platform below `root`; returns their paths.

    Raises:
        InputError: the name is no word, or something of that name exists.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,30}", name):
        raise InputError(f"{name!r} cannot be the kind of a source; use lower-case letters, digits and _, such as lemmy.")
    paths = {"source": root / "pipelines" / "sources" / f"{name}.py", "platform": root / "tests" / "platforms" / f"{name}.py"}
    taken = [path for path in paths.values() if path.exists()]
    if taken or name in registry.kinds("sources"):
        raise InputError(f"There is a source {name!r} already; choose another name.")
    title = name.replace("_", " ").title()
    for template, path in paths.items():
        text = (Path(__file__).parents[1] / "scaffold" / f"{template}.txt").read_text(encoding="utf-8")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(text).substitute(name=name, title=title, class_name=title.replace(" ", "")), encoding="utf-8")
    return list(paths.values())
