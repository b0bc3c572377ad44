"""Takes withdrawn mentions out of every table that holds something of them, and rewrites files so that no byte of it is left.

DuckDB keeps deleted rows in its file until the space is used again. `rewrite` copies what is left into a new file and puts
that in the place of the old one, in one step: whoever is killed in between leaves the old file whole, and `ask_rewrite` has
left a note beside it by which the next run does it again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import duckdb

from warehouse import connection
from warehouse.connection import quoted
from warehouse.snapshot import LINK, serving

_STAYS = ("mentions", "withdrawals")  # `withdrawing` has emptied them
_BUILDING = ".building-"  # as a publisher's: it sweeps what a killed one has left
_TRIES = 5


class _Change(NamedTuple):
    """What must happen to one table, and how to see whether it must."""

    change: str
    look: str


def scrub(warehouse: duckdb.DuckDBPyConnection, ids: Collection[UUID], quotes: Collection[str] = ()) -> None:
    """Take mentions out of all tables of the current database but `mentions`: rows of theirs, and their ids in lists.

    Args:
        quotes: what they said; actions that repeat it go too.
    """
    for found in _changes(warehouse, ids, quotes):
        warehouse.execute(found.change)


def _changes(warehouse: duckdb.DuckDBPyConnection, ids: Collection[UUID], quotes: Collection[str]) -> list[_Change]:
    """By the names and types of columns, so that a table that is added later is covered too."""
    warehouse.execute("CREATE OR REPLACE TEMP TABLE erasing AS SELECT unnest(?::UUID[]) AS mention_id", [list(ids)])
    warehouse.execute("CREATE OR REPLACE TEMP TABLE quoting AS SELECT unnest(?::VARCHAR[]) AS quote", [list(quotes)])
    tables = warehouse.execute(
        "SELECT t.table_name, map(list(c.column_name), list(c.data_type)) FROM duckdb_tables() AS t "
        "INNER JOIN duckdb_columns() AS c ON c.table_oid = t.table_oid AND c.database_name = t.database_name "
        "WHERE t.database_name = current_database() AND t.schema_name = 'main' GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    return [change for table, columns in tables if table not in _STAYS for change in _of_table(f'"{table}"', columns)]


def _of_table(table: str, columns: dict[str, str]) -> Iterator[_Change]:
    is_one, every = "IN (SELECT mention_id FROM temp.erasing)", "(SELECT list(mention_id) AS ids FROM temp.erasing) AS gone"
    if "mention_id" in columns:
        where = f"mention_id {is_one}"
        if "action_id" in columns:
            where += " OR EXISTS (SELECT 1 FROM temp.quoting AS q WHERE contains(value, q.quote))"
        yield _Change(f"DELETE FROM {table} WHERE {where}", f"SELECT 1 FROM {table} WHERE {where} LIMIT 1")
        return
    told = [c for c in ("text", "author_id") if c in columns]
    if "first_mention_id" in columns and told:
        where = f"first_mention_id {is_one} AND ({' OR '.join(f'{c} IS NOT NULL' for c in told)})"
        blank = ", ".join(f"{c} = NULL" for c in told)
        yield _Change(f"UPDATE {table} SET {blank} WHERE {where}", f"SELECT 1 FROM {table} WHERE {where} LIMIT 1")
    if "first_id" in columns:
        where = f"first_id {is_one}"
        yield _Change(f"UPDATE {table} SET first_id = NULL WHERE {where}", f"SELECT 1 FROM {table} WHERE {where} LIMIT 1")
    for column in (c for c, kind in columns.items() if kind == "UUID[]"):
        kept, where = f"list_filter({column}, lambda one: NOT list_contains(gone.ids, one))", f"list_has_any({column}, gone.ids)"
        change = f"UPDATE {table} SET {column} = {kept} FROM {every} WHERE {where}"
        yield _Change(change, f"SELECT 1 FROM {table}, {every} WHERE {where} LIMIT 1")


def scrub_snapshots(storage: Path, ids: Collection[UUID], quotes: Collection[str] = ()) -> int:
    """Take mentions out of every snapshot that is kept; returns how many held something of them. No publisher may run.

    A snapshot keeps its name and its figures. Whoever has it open goes on reading the old file until they open the next one.
    """
    folder, count = serving(storage), 0
    for left in folder.glob(f"{_BUILDING}*"):
        left.unlink(missing_ok=True)
    for path in sorted(p for p in folder.glob("*.duckdb") if p.name != LINK and not p.name.startswith(".")):
        with connection.open(path, read_only=True) as snapshot:
            if not any(snapshot.execute(found.look).fetchone() for found in _changes(snapshot, ids, quotes)):
                continue
        fresh = folder / f"{_BUILDING}{path.name}"
        shutil.copy2(path, fresh)
        with connection.open(fresh) as snapshot:
            scrub(snapshot, ids, quotes)
        rewrite(fresh)
        fresh.replace(path)
        _flush(path)
        count += 1
    return count


def ask_rewrite(path: Path) -> None:
    """Note that a file holds bytes that must go; the next run of `erase` rewrites it."""
    _note(path).touch()


def is_rewrite_asked(path: Path) -> bool:
    """Has somebody noted that it must be rewritten?"""
    return _note(path).exists()


def _note(path: Path) -> Path:
    return Path(f"{path}.rewrite")


def rewrite(path: Path, *, timeout: float = 60.0) -> None:
    """Put a copy without what was deleted in the place of a database file. While it is made, others may read and none may write.

    Raises:
        WarehouseFault: it is taken for longer than `timeout` seconds.
    """
    fresh = Path(f"{path}.fresh")
    for left in (fresh, Path(f"{fresh}.wal")):
        left.unlink(missing_ok=True)
    with connection.open(":memory:") as copier:
        copier.execute(f"SET temp_directory = {quoted(f'{path}.tmp')}")
        copier.execute("SET preserve_insertion_order = true")  # marts are sorted, which makes reading a part of them fast
        _attach(copier, path, timeout)
        copier.execute(f"ATTACH {quoted(fresh)} AS fresh")
        copier.execute("COPY FROM DATABASE old TO fresh")
        copier.execute("CHECKPOINT fresh")
        copier.execute("DETACH fresh")
        shutil.copymode(path, fresh)
        _flush(fresh)
        fresh.replace(path)
        _flush(path)
        copier.execute("DETACH old")  # only now may others write: what they open is the new file
    _note(path).unlink(missing_ok=True)


def _attach(copier: duckdb.DuckDBPyConnection, path: Path, timeout: float) -> None:
    """Attach a file that has no log beside it: a log would outlive the file that it belongs to."""
    for _ in range(_TRIES):
        with connection.open(path, timeout=timeout) as writer:
            writer.execute("CHECKPOINT")
        connection.attach(copier, path, "old", timeout=timeout)
        if not Path(f"{path}.wal").exists():
            return
        copier.execute("DETACH old")
    raise connection.WarehouseLocked(f"{path}: others write all the time; stop them or try again later.")


def _flush(path: Path) -> None:
    for target in (path, path.parent):
        handle = os.open(target, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
