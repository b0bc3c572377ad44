"""Add a source or a notifier to earshot.toml: asks only what is needed, tests it, and only then writes; comments stay.

earshot add                                   list what can be added
earshot add source rss --set urls=https://example.org/feed.xml
earshot add notifier apprise --set url=env:CARE_DESK_URL --name care_desk
"""

from __future__ import annotations

import argparse
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from pipelines import registry
from pipelines.commands import config
from pipelines.commands.init import ask, write
from pipelines.errors import ConfigError, EarshotError
from pipelines.plugin import Plugin
from pipelines.settings import Settings, explain, read


def add_arguments(parser: argparse.ArgumentParser) -> None:
    config.add_arguments(parser)
    parser.add_argument("what", nargs="?", choices=["source", "notifier"], help="what to add; nothing: list what there is")
    parser.add_argument("kind", nargs="?", help="which kind of it")
    parser.add_argument("--name", help="name of the stanza (default: the kind)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a field's value (repeat)")
    parser.add_argument("--yes", action="store_true", help="ask nothing: take --set and the defaults")
    parser.add_argument("--no-test", action="store_true", help="write without testing (offline)")


def listing() -> str:
    """Everything that can be added: kind, title, whether it needs a key."""
    lines = []
    groups: tuple[tuple[registry.Group, str], ...] = (("sources", "source"), ("notifiers", "notifier"))
    for group, word in groups:
        lines.append(f"{word}s:")
        for kind in registry.kinds(group):
            plugin = registry.load(group, kind)
            key = "needs a key" if plugin.needs_key else "no key needed"
            lines.append(f"  {kind:<12} {plugin.title or kind}  ({key})")
    return "\n".join([*lines, "next: earshot add source KIND"])


def fields(kind: type[Plugin]) -> dict[str, Any]:
    """The fields that a user may set: name -> pydantic's description of it."""
    return {name: field for name, field in kind.model_fields.items() if name not in ("kind", "name")}


def pairs(kind: type[Plugin], given: list[str]) -> dict[str, str]:
    """What was given as KEY=VALUE.

    Raises:
        ConfigError: a pair is written in another way, or its key is no field of this kind.
    """
    values: dict[str, str] = {}
    allowed = list(fields(kind))
    for pair in given:
        key, equals, value = (part.strip() for part in pair.partition("="))
        if not equals:
            raise ConfigError(f"--set {pair}: write it as KEY=VALUE.")
        if key not in allowed:
            near = get_close_matches(key, allowed, 1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise ConfigError(f"--set {key}=...: there is no key {key!r}; {hint}allowed: {', '.join(allowed)}.")
        values[key] = value
    return values


def answers(kind: type[Plugin], given: list[str], asking: bool) -> dict[str, str]:
    """Values for the fields: those given as KEY=VALUE, and an answer for each that is missing and must be there.

    Raises:
        ConfigError: a pair is wrong, a field is missing and nobody is to be asked, or the answers end early.
    """
    values = pairs(kind, given)
    known = fields(kind)
    missing = [name for name, field in known.items() if field.is_required() and name not in values]
    if kind.one_of and not values.keys() & set(kind.one_of):
        missing.append(kind.one_of[0])
    for name in missing:
        about = str(known[name].description)
        if not asking:
            others = "".join(f" or {other}" for other in kind.one_of if name in kind.one_of and other != name)
            raise ConfigError(f"{kind.__name__} needs {name}{others} ({about}): give --set {name}=VALUE.")
        try:
            values[name] = ask(name, about)
        except EOFError:
            raise ConfigError("the answers ended early: nothing was written.") from None
    return values


def parse(kind: type[Plugin], values: dict[str, str]) -> dict[str, Any]:
    """Texts from the command line as what the fields hold; lists are written with commas."""
    parsed: dict[str, Any] = {}
    for key, text in values.items():
        field = kind.model_fields.get(key)
        kind_of = str(field.annotation) if field else ""
        if "list" in kind_of or "tuple" in kind_of:
            parsed[key] = [part.strip() for part in text.split(",") if part.strip()]
        elif kind_of in ("<class 'int'>", "<class 'float'>", "int | None", "float | None"):
            parsed[key] = float(text) if "." in text else int(text) if text.lstrip("-").isdigit() else text
        elif kind_of == "<class 'bool'>":
            parsed[key] = text.lower() in ("1", "true", "yes", "on") if text else text
        else:
            parsed[key] = text
    return parsed


def verify(settings: Settings, what: str, plugin: Any) -> str:
    """Use the new plug-in once; returns the sentence that says what was seen.

    Raises:
        EarshotError: it does not work.
    """
    if what == "notifier":
        return str(plugin.check())
    from pipelines.commands.sampling import sample

    seen = sample(settings, plugin, limit=3)
    if not seen.mentions:
        return f"reachable, nothing to show yet{f' ({seen.rejected[0].reason})' if seen.rejected else ''}"
    return "\n".join(f"  {m.channel}: {m.text[:90]!r}" for m in seen.mentions)


def edited(path: Path, table: str, name: str, kind: str, values: dict[str, Any]) -> str:
    """The configuration with one stanza more, everything else as it was."""
    import tomlkit

    document = tomlkit.parse(path.read_text(encoding="utf-8"))
    group = cast(Any, document.setdefault(table, tomlkit.table(is_super_table=True)))
    if name in group:
        raise ConfigError(f"{path}: [{table}.{name}] exists already; choose another --name.")
    stanza = tomlkit.table()
    stanza.add("kind", kind)
    for key, value in values.items():
        stanza.add(key, value)
    group.append(name, stanza)
    return tomlkit.dumps(document)


def run(args: argparse.Namespace) -> int:
    """List, or ask, test and write."""
    if not args.what:
        print(listing())
        return 0
    group: registry.Group = "sources" if args.what == "source" else "notifiers"
    if not args.kind:
        raise ConfigError(f"which {args.what}? there are: {', '.join(registry.kinds(group))}.")
    path = config.path(args)
    settings = read(path)
    kind = registry.load(group, args.kind)
    values = parse(kind, answers(kind, args.set, not args.yes))
    name = args.name or args.kind
    try:
        plugin = kind(**values | {"kind": args.kind, "name": name})
    except ValidationError as error:
        raise ConfigError(explain(error, f"[{group}.{name}]", kind)) from None
    text = edited(path, group, name, args.kind, values)
    if not args.no_test:
        try:
            print(verify(settings, args.what, plugin))
        except EarshotError as error:
            raise type(error)(f"{error} Nothing was written; --no-test writes it all the same.") from None
    write(path, text)
    print(f"added [{group}.{name}] to {path}")
    print("next: earshot check")
    return 0
