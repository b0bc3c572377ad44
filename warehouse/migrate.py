"""Brings a warehouse to the newest schema: ordered .sql files, one transaction each, and a table that remembers them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.connection import WarehouseFault, reason

FOLDER = Path(__file__).with_name("migrations")


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: `<number>_<name>.sql`, never changed once it has been applied anywhere."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations(folder: Path = FOLDER) -> list[Migration]:
    """All migrations in order; the number of the last one is the version of the schema."""
    files = sorted(folder.glob("[0-9]*.sql"))
    return [Migration(int(f.stem.split("_")[0]), f.stem, f.read_text(encoding="utf-8")) for f in files]


def version(connection: duckdb.DuckDBPyConnection) -> int:
    """Number of the last migration that was applied, 0 where there is none."""
    found = connection.execute(
        "SELECT 1 FROM duckdb_tables() WHERE table_name = 'migrations' AND database_name = current_database()"
    ).fetchone()
    if not found:
        return 0
    row = connection.execute("SELECT coalesce(max(number), 0) FROM migrations").fetchone()
    return int(row[0]) if row else 0


def migrate(connection: duckdb.DuckDBPyConnection, folder: Path = FOLDER) -> int:
    """Apply what is missing and return the version of the schema. Where nothing is missing, nothing is written.

    Raises:
        WarehouseFault: the warehouse is newer than this code, an applied migration was edited, or one failed (it then
            left no trace).
    """
    wanted = migrations(folder)
    newest = wanted[-1].number if wanted else 0
    current = version(connection)
    if current > newest:
        raise WarehouseFault(f"The warehouse has schema {current}, this Earshot knows {newest}: install the newer Earshot.")
    if current == 0:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS migrations (number INTEGER NOT NULL, name VARCHAR NOT NULL, checksum VARCHAR NOT NULL)"
        )
    applied = dict(connection.execute("SELECT number, checksum FROM migrations").fetchall())
    for migration in wanted:
        if migration.number not in applied:
            _apply(connection, migration)
        elif applied[migration.number] != migration.checksum:
            raise WarehouseFault(
                f"warehouse/migrations/{migration.name}.sql was changed after this warehouse had applied it: "
                "restore the file and put the change into a new one."
            )
    return newest


def _apply(connection: duckdb.DuckDBPyConnection, migration: Migration) -> None:
    connection.execute("BEGIN TRANSACTION")
    try:
        connection.execute(migration.sql)
        connection.execute("INSERT INTO migrations VALUES (?, ?, ?)", [migration.number, migration.name, migration.checksum])
        connection.execute("COMMIT")
    except duckdb.Error as error:
        connection.execute("ROLLBACK")
        raise WarehouseFault(f"warehouse/migrations/{migration.name}.sql failed: {reason(error)}.") from error
