"""What a warehouse holds, for comparing two of them by content and not by count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

# when a row was written here says nothing about what it holds
CLOCKS = {
    "ingested_at", "enriched_at", "quarantined_at", "loaded_at", "created_at", "sent_at", "applied_at", "withdrawn_at",
    "erased_at",
    "noted_at",
}
BOOKKEEPING = {  # what was done here and when
    "migrations", "schema_migrations", "build_state", "estimate_state", "loads", "obligations", "obligation_status",
}


def contents(storage: Path, *, skip: frozenset[str] = frozenset()) -> dict[str, list[tuple[Any, ...]]]:
    """Every table of the warehouse as sorted rows, without the columns that hold clock times."""
    with duckdb.connect(str(storage / "warehouse.duckdb"), read_only=True) as connection:
        tables = connection.sql("SELECT table_name FROM duckdb_tables() ORDER BY ALL").fetchall()
        found = {}
        for (table,) in tables:
            if table in BOOKKEEPING | skip or table.startswith("_"):
                continue
            columns = [c[0] for c in connection.sql(f'DESCRIBE "{table}"').fetchall() if c[0] not in CLOCKS]
            listed = ", ".join(f'"{c}"::VARCHAR' for c in columns)
            found[table] = connection.sql(f'SELECT {listed} FROM "{table}" ORDER BY ALL').fetchall()
        return found
