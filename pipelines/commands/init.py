"""Ask for your brands, their handles and your rivals, and write a commented earshot.toml.

Every question can be answered by an option instead, so that scripts can use it:
    earshot init --brand "Aerolia" --handle aerolia --rival "Nordwind Air" --yes
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from pipelines.commands import config
from pipelines.errors import ConfigError
from pipelines.settings import BrandStanza, CareStanza, ModelsStanza, ProjectStanza, RetentionStanza, read


def add_arguments(parser: argparse.ArgumentParser) -> None:
    config.add_arguments(parser)
    parser.add_argument("--name", help="title of the pages")
    parser.add_argument("--brand", help="your brand's name as people write it")
    parser.add_argument("--handle", action="append", default=[], help="an account of your brand (repeat for more)")
    parser.add_argument("--alias", action="append", default=[], help="another way in which people name it (repeat)")
    parser.add_argument("--rival", action="append", default=[], help="a competitor for share of voice (repeat)")
    parser.add_argument("--yes", action="store_true", help="ask nothing: take the options and the defaults")
    parser.add_argument("--force", action="store_true", help="replace an existing file")


def ask(question: str, why: str, given: str | None = None) -> str:
    """One question on the terminal, with the sentence that explains the field; an option answers it beforehand."""
    if given is not None:
        return given
    print(f"  {why}")
    return input(f"{question}: ").strip()


def _list(answer: str) -> list[str]:
    return [part.strip() for part in answer.split(",") if part.strip()]


def _toml(value: object) -> str:
    import tomlkit

    return str(tomlkit.item(value).as_string())


def _about(model: type, field: str) -> str:
    return str(model.model_fields[field].description)  # type: ignore[attr-defined]


def _brand(key: str, name: str, handles: list[str], aliases: list[str], rival: bool) -> str:
    lines = [f"[brands.{key}]", f"name = {_toml(name)}", f"handles = {_toml(handles)}  # {_about(BrandStanza, 'handles')}"]
    lines += [f"aliases = {_toml(aliases)}  # {_about(BrandStanza, 'aliases')}"]
    lines += ["competitor = true"] if rival else [f"exclude = []  # {_about(BrandStanza, 'exclude')}"]
    return "\n".join(lines)


def document(title: str, brand: str, handles: list[str], aliases: list[str], rivals: list[str]) -> str:
    """The text of a first earshot.toml, every key with the sentence that explains it."""
    from pipelines.detectors.recurrence import Recurrence

    taken: dict[str, None] = {}
    stanzas = []
    for number, name in enumerate([brand, *rivals]):
        key = config.slug(name)
        while key in taken:
            key += "_2"
        taken[key] = None
        stanzas.append(_brand(key, name, handles if number == 0 else [], aliases if number == 0 else [], number > 0))
    rest = [
        "[sources]  # `earshot add source KIND` adds [sources.<name>] stanzas",
        f'[models]\n# {_about(ModelsStanza, "active")}\nactive = "encoder"',
        f'[detectors.crisis]\nkind = "recurrence"\n# {_about(Recurrence, "page_every")}\npage_every = "60d"',
        "# `earshot add notifier apprise` adds Slack, Teams, e-mail and many more\n"
        '[notifiers.inbox]\nkind = "file"\npath = "alerts.jsonl"',
        f'[care]\n# {_about(CareStanza, "first_response_target")}\nfirst_response_target = "60m"',
        f'[retention]\n# {_about(RetentionStanza, "mentions")}\nmentions = "400d"',
    ]
    head = [
        "# What Earshot listens to. `earshot check` tests it, `earshot run` uses it.",
        "# Secrets are never written here: give env:NAME or file:PATH instead.",
        f"[project]\nname = {_toml(title)}  # {_about(ProjectStanza, 'name')}",
        f'timezone = "UTC"  # {_about(ProjectStanza, "timezone")}',
        f'storage = "earshot-data"  # {_about(ProjectStanza, "storage")}',
    ]
    return "\n".join(head) + "\n\n" + "\n\n".join([*stanzas, *rest]) + "\n"


def write(path: Path, text: str) -> None:
    """Check the text as a configuration and swap it in as a whole: a mistake leaves the old file as it was."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(text, encoding="utf-8")
    try:
        read(fresh)
        fresh.replace(path)
    except ConfigError as error:
        raise ConfigError(str(error).replace(str(fresh), str(path))) from None
    finally:
        fresh.unlink(missing_ok=True)


def run(args: argparse.Namespace) -> int:
    """Ask, check and write."""
    path = config.path(args)
    if path.exists() and not args.force:
        raise ConfigError(f"{path}: exists already; `earshot add source KIND` extends it, --force replaces it.")
    if args.yes and not args.brand:
        raise ConfigError("--yes needs --brand NAME.")
    if not args.yes and not args.brand and not sys.stdin.isatty() and sys.stdin.closed:
        raise ConfigError("there is nobody to ask: give --brand NAME --yes.")
    given = "" if args.yes else None
    try:
        brand = ask("Your brand", _about(BrandStanza, "name"), args.brand)
        if not brand:
            raise ConfigError("a brand needs a name.")
        handles = args.handle or _list(ask("Its accounts, comma between them", _about(BrandStanza, "handles"), given))
        aliases = args.alias or _list(ask("Other names", _about(BrandStanza, "aliases"), given))
        rivals = args.rival or _list(ask("Rivals", "Competitors to compare with: they count in share of voice.", given))
    except EOFError:
        raise ConfigError("the answers ended early: nothing was written.") from None
    write(path, document(args.name or brand, brand, handles, aliases, rivals))
    print(f"wrote {path}: {brand}" + (f" and {len(rivals)} rival{'s' if len(rivals) != 1 else ''}" if rivals else ""))
    print("next: earshot add source rss   (or hackernews, file; `earshot add` lists all)")
    return 0
