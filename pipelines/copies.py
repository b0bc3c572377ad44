"""Finds copies of withdrawn mentions: landed windows that hold one, scores of one, rejected rows and actions that quote one.

`gather` leaves the temporary tables `withdrawn` (mention_id, source, native_id, deleted_at) and `quotes` (source, quote): an id
of at least 8 and a text of at least 20 characters by which a copy in a rejected row is recognised. Shorter ones would be found
everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb

from pipelines.blanking import BLANK, Landed
from pipelines.forgotten import Forgotten
from pipelines.landing import Landing
from warehouse.connection import quoted
from warehouse.withdrawing import AUTHOR

_ID, _TEXT = 8, 20  # characters
_NAMED = r"'(?i)(^|[^\w])' || regexp_escape(?) || '([^\w]|$)'"  # an author's name as a word of its own
_SAID = "raw || chr(10) || reason"  # of a rejected row: its reason may quote it
_QUOTING = f"""
    (r.raw <> $blank OR r.reason <> $blank) AND CASE
        WHEN q.source IS NULL THEN regexp_matches({_SAID}, q.quote) ELSE q.source = r.source AND contains({_SAID}, q.quote)
    END
"""


def is_author(warehouse: duckdb.DuckDBPyConnection, landing: Landing, author_id: str, name: str) -> bool:
    """Is there anything by this author: stored, landed, or rejected?"""
    files, rejected = _read(landing, "mentions"), _read(landing, "quarantine")
    asked = ["SELECT 1 FROM mentions WHERE author_id = $author"]
    asked += [f"SELECT 1 FROM {files} WHERE author_id = $author"] if files else []
    if any(warehouse.execute(f"{query} LIMIT 1", {"author": author_id}).fetchone() for query in asked):
        return True
    tables = ["quarantine", *([rejected] if rejected else [])]
    found = (f"SELECT 1 FROM {table} WHERE regexp_matches({_SAID}, {_NAMED}) LIMIT 1" for table in tables)
    return any(warehouse.execute(query, [_bare(name)]).fetchone() for query in found)


def _bare(name: str) -> str:
    return name.strip().lstrip("@")


def gather(warehouse: duckdb.DuckDBPyConnection, landing: Landing, forgotten: Forgotten, names: Sequence[str]) -> None:
    """Everything that is withdrawn in the warehouse, or was forgotten and has landed without having been loaded.

    Args:
        names: of authors as they may stand in rejected rows.
    """
    warehouse.execute(
        "CREATE OR REPLACE TEMP TABLE withdrawn AS "
        "SELECT mention_id, source, native_id, deleted_at FROM mentions WHERE deleted_at IS NOT NULL"
    )
    warehouse.execute("CREATE OR REPLACE TEMP TABLE quotes (source VARCHAR, quote VARCHAR)")
    for name in names:
        warehouse.execute(f"INSERT INTO quotes VALUES (NULL, {_NAMED})", [_bare(name)])
    files = _read(landing, "mentions")
    if files is None:
        return
    if forgotten:
        warehouse.execute(
            f"""
            INSERT INTO withdrawn
            SELECT p.mention_id, any_value(p.source), any_value(p.native_id), min(f.requested_at)
            FROM (SELECT mention_id, source, native_id, deleted_at, {AUTHOR} AS author FROM {files}) AS p
            INNER JOIN (
                SELECT unnest($ids::UUID[]) AS mention_id, NULL AS author, unnest($asked::TIMESTAMPTZ[]) AS requested_at
                UNION ALL SELECT NULL, unnest($authors::VARCHAR[]), unnest($since::TIMESTAMPTZ[])
            ) AS f ON f.mention_id = p.mention_id OR f.author = p.author
            WHERE p.deleted_at IS NULL AND p.mention_id NOT IN (SELECT mention_id FROM withdrawn)
            GROUP BY p.mention_id
            """,
            {"ids": [str(m) for m in forgotten.mentions], "asked": list(forgotten.mentions.values()),
             "authors": list(forgotten.authors), "since": list(forgotten.authors.values())},
        )
    warehouse.execute(
        f"""
        INSERT INTO quotes
        SELECT DISTINCT source, unnest([
            CASE WHEN length(native_id) >= {_ID} THEN native_id END, CASE WHEN length(text) >= {_TEXT} THEN text END
        ])
        FROM {files} SEMI JOIN withdrawn USING (mention_id) WHERE deleted_at IS NULL
        """
    )
    warehouse.execute("DELETE FROM quotes WHERE quote IS NULL")


def deletions(warehouse: duckdb.DuckDBPyConnection) -> dict[bytes, datetime]:
    """All of `withdrawn`: mention_id -> deleted_at."""
    return {UUID(str(m)).bytes: at for m, at in warehouse.execute("SELECT mention_id, deleted_at FROM withdrawn").fetchall()}


def windows(warehouse: duckdb.DuckDBPyConnection, landing: Landing) -> list[Landed]:
    """Landed windows that still hold what a withdrawn mention said, in order."""
    files = _read(landing, "mentions")
    if files is None:
        return []
    query = f"SELECT DISTINCT filename FROM {files} SEMI JOIN withdrawn USING (mention_id) WHERE deleted_at IS NULL"
    return sorted(_landed(Path(name)) for (name,) in warehouse.execute(query).fetchall())


def scores(warehouse: duckdb.DuckDBPyConnection, landing: Landing) -> list[Path]:
    """Files of scores that still say something of a withdrawn mention: made, say, while its window was being blanked."""
    files = _read(landing, "enrichments/model=*")
    if files is None:
        return []
    query = f"SELECT DISTINCT filename FROM {files} SEMI JOIN withdrawn USING (mention_id) WHERE text_hash NOT IN ('', md5(''))"
    return sorted(Path(name) for (name,) in warehouse.execute(query).fetchall())


def rejects(warehouse: duckdb.DuckDBPyConnection, landing: Landing) -> dict[Landed, list[int]]:
    """Numbers of the rejected rows, by landed window, that quote a withdrawn mention or name a forgotten author."""
    files = _read(landing, "quarantine", "file_row_number = true, ")
    if files is None:
        return {}
    query = f"SELECT DISTINCT filename, file_row_number FROM {files} AS r INNER JOIN quotes AS q ON {_QUOTING}"
    found: dict[Landed, list[int]] = {}
    for name, row in warehouse.execute(query, {"blank": BLANK}).fetchall():
        found.setdefault(_landed(Path(name)), []).append(int(row))
    return found


def blank_quarantine(warehouse: duckdb.DuckDBPyConnection) -> None:
    """The same in the table `quarantine`."""
    warehouse.execute(
        f"""
        UPDATE quarantine SET raw = $blank, reason = $blank
        WHERE rowid IN (SELECT r.rowid FROM quarantine AS r INNER JOIN quotes AS q ON {_QUOTING})
        """,
        {"blank": BLANK},
    )


def texts(warehouse: duckdb.DuckDBPyConnection) -> list[str]:
    """What is to be recognised where it is quoted."""
    return [quote for (quote,) in warehouse.execute("SELECT quote FROM quotes WHERE source IS NOT NULL").fetchall()]


def actions(landing: Landing, ids: Collection[UUID], quotes: Sequence[str]) -> Iterator[Path]:
    """Files of actions about a mention (a corrected label, a note), or that quote one."""
    wanted = {str(identity) for identity in ids}
    for path in landing.actions():
        values = _values(path)
        value = values.get("value")
        if str(values.get("mention_id")) in wanted or (isinstance(value, str) and any(quote in value for quote in quotes)):
            yield path


def _values(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _read(landing: Landing, sort: str, options: str = "") -> str | None:
    """All landed files of one sort as a table; None where there are none."""
    pattern = f"{sort}/source=*/window=*.parquet"
    if not any(landing.root.glob(pattern)):
        return None
    return f"read_parquet({quoted(landing.root / pattern)}, filename = true, {options}hive_partitioning = false)"


def _landed(path: Path) -> Landed:
    return path.parent.name.removeprefix("source="), path.name.removeprefix("window=").removesuffix(".parquet")
