"""The warehouse as stages use it: opened, up to date, and with its faults told as ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from pipelines.errors import WarehouseError
from pipelines.settings import Settings
from warehouse import connection as backend
from warehouse.migrate import migrate


def warehouse_path(settings: Settings) -> Path:
    """Where the warehouse of these settings lies."""
    return settings.storage / "warehouse.duckdb"


@contextmanager
def open_warehouse(settings: Settings, *, timeout: float = 60.0) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, open for writing and migrated. Hold it briefly: everybody else waits.

    Raises:
        WarehouseError: it was taken for longer than `timeout` seconds, is newer than this code, or DuckDB failed inside.
    """
    with translated(), backend.open(warehouse_path(settings), timeout=timeout) as connection:
        migrate(connection)
        yield connection


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All of the block or nothing of it."""
    connection.begin()
    try:
        yield
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


@contextmanager
def translated() -> Iterator[None]:
    """Turns what the warehouse and DuckDB raise into WarehouseError; the one place that does."""
    try:
        yield
    except backend.WarehouseFault as error:
        raise WarehouseError(str(error)) from error
    except duckdb.Error as error:
        raise WarehouseError(f"The warehouse failed: {backend.reason(error)}.") from error
