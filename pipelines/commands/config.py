"""The options that most commands share: which earshot.toml and which storage folder."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path

from pipelines.errors import ConfigError
from pipelines.settings import Settings, read

DEFAULT = "earshot.toml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="FILE", help=f"configuration (default: $EARSHOT_CONFIG or {DEFAULT})")
    parser.add_argument("--warehouse", type=Path, metavar="DIR", help="storage folder, instead of the configured one")


def path(args: argparse.Namespace) -> Path:
    """The configuration file that this call is about, whether or not it exists."""
    return Path(args.config or os.environ.get("EARSHOT_CONFIG") or DEFAULT)


def settings(args: argparse.Namespace, *, optional: bool = False) -> Settings:
    """Settings of this call; with `optional`, the defaults where the default file is not there.

    Raises:
        ConfigError: the configuration is missing or wrong.
    """
    file = path(args)
    found = Settings(path=file) if optional and args.config is None and not file.exists() else read(file)
    if args.warehouse is None:
        return found
    if args.warehouse.exists() and not args.warehouse.is_dir():
        raise ConfigError(f"--warehouse {args.warehouse}: is a file; give a folder.")
    return found.model_copy(update={"folder": args.warehouse})


def slug(name: str) -> str:
    """A brand name as a stanza key.

    >>> slug("US Airways"), slug("Café Ölig & Co.")
    ('us_airways', 'cafe_olig_co')
    """
    import unicodedata

    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_") or "brand"
