"""Print the JSON Schema of earshot.toml, with every source, detector and notifier, so that editors complete and check it.

Use: earshot schema > earshot.schema.json
"""

from __future__ import annotations

import argparse
import json
from typing import Any

from pipelines import registry
from pipelines.settings import Settings

GROUPS: tuple[registry.Group, ...] = ("sources", "detectors", "notifiers")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No arguments."""


def document() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of the whole file; a stanza's keys follow from its `kind`."""
    schema = Settings.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    for group in GROUPS:
        branches = []
        for kind in registry.kinds(group):
            stanza = registry.load(group, kind).model_json_schema()
            schema["$defs"] |= stanza.pop("$defs", {})
            stanza["properties"].pop("name", None)
            stanza["properties"]["kind"]["const"] = kind
            branches.append(stanza)
        schema["properties"][group] = {"type": "object", "additionalProperties": {"oneOf": branches}}
    return schema


def run(args: argparse.Namespace) -> int:
    """Print the schema."""
    print(json.dumps(document(), indent=2))
    return 0
