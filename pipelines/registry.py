"""Finds the class behind a `kind`: the module of that name in `pipelines/sources`, `detectors` or `notifiers`.

Nothing is imported until it is used, so listing the kinds or parsing a Dag costs nothing.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any, Literal

from pipelines.errors import ConfigError

Group = Literal["sources", "detectors", "notifiers"]
_BASES = {"sources": "Source", "detectors": "Detector", "notifiers": "Notifier"}


def kinds(group: Group) -> list[str]:
    """Names that may stand behind `kind =` in a stanza of this group, sorted."""
    package = importlib.import_module(f"pipelines.{group}")
    return sorted(m.name for m in pkgutil.iter_modules(package.__path__) if m.name != "base" and not m.name.startswith("_"))


@cache
def load(group: Group, kind: str) -> Any:
    """The plug-in class in module `pipelines.<group>.<kind>`.

    Raises:
        ConfigError: there is no such module, or it holds no subclass of the group's base class.
    """
    if kind not in kinds(group):
        raise ConfigError(f"kind = {kind!r} is not known; allowed: {', '.join(kinds(group))}.")
    module = importlib.import_module(f"pipelines.{group}.{kind}")
    base = getattr(importlib.import_module(f"pipelines.{group}.base"), _BASES[group])
    own = [
        c for c in vars(module).values()
        if isinstance(c, type) and issubclass(c, base) and c is not base and c.__module__ == module.__name__
    ]
    if not own:
        raise ConfigError(f"pipelines/{group}/{kind}.py defines no subclass of {base.__name__}.")
    return own[-1]
