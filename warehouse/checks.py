"""Runs the checks: one SELECT each in `checks/<group>/`, and every row it returns is a failure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

import duckdb

from warehouse.connection import WarehouseFault

FOLDER = Path(__file__).with_name("checks")
Group = Literal["warehouse", "snapshot"]
_SHOWN = 200  # characters of an example


@cache
def checks(group: Group) -> Mapping[str, str]:
    """Name and SELECT of every check of a group."""
    return {f.stem: f.read_text(encoding="utf-8") for f in sorted((FOLDER / group).glob("*.sql"))}


def failures(connection: duckdb.DuckDBPyConnection, group: Group) -> dict[str, tuple[int, str]]:
    """Checks that failed, each with the number of its failures and one of them as text."""
    found = {}
    for name, select in checks(group).items():
        row = connection.execute(f"WITH failed AS ({select}) SELECT count(*), any_value(failed::VARCHAR) FROM failed").fetchone()
        if row and row[0]:
            found[name] = (int(row[0]), str(row[1])[:_SHOWN])
    return found


def run(connection: duckdb.DuckDBPyConnection, group: Group) -> None:
    """Run a group of checks.

    Raises:
        WarehouseFault: names each check that failed, how many rows it found and one of them.
    """
    found = failures(connection, group)
    if found:
        listed = "; ".join(f"{name}: {count}, such as {example}" for name, (count, example) in found.items())
        raise WarehouseFault(f"Checks of the {group} failed ({listed}). What was published before stays; see warehouse/checks.")
