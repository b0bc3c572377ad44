"""Opens a warehouse: the one place that names a backend.

DuckDB lets one process write, or many read. Writers therefore take turns: open, work, close. Whoever finds the file
taken waits for its turn, for a bounded time, with jitter so that two that wait do not collide for ever.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

THREADS = 2
MEMORY_LIMIT = "700MB"  # of DuckDB; the process takes up to half as much again
_FIRST_WAIT, _LONGEST_WAIT = 0.02, 1.0  # seconds
_TAKEN = ("Could not set lock on file", "different configuration than existing connections")


class WarehouseFault(Exception):
    """The warehouse cannot be used: the message says which one and why."""


class WarehouseLocked(WarehouseFault):
    """Another process kept the warehouse open for longer than we were willing to wait."""


def open(
    url: Path | str, *, read_only: bool = False, timeout: float = 60.0, threads: int = THREADS, memory_limit: str = MEMORY_LIMIT
) -> duckdb.DuckDBPyConnection:
    """A connection that speaks UTC and is bounded in threads and memory; larger work spills to `<file>.tmp`.

    Use it as a context manager, and briefly: while it is open, nobody else can write.

    Args:
        url: path of the DuckDB file; made, with its folder, unless `read_only`.
        read_only: many processes may read at once, but not beside a writer.
        timeout: seconds to wait for others to finish.
        threads: how many threads a query may use.
        memory_limit: such as "700MB".

    Raises:
        WarehouseLocked: it was taken for the whole of `timeout`.
        WarehouseFault: it cannot be opened at all.
    """
    path = Path(url)
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": threads,
        "memory_limit": memory_limit,
        "preserve_insertion_order": False,  # rows have keys; their order costs memory and means nothing
        "autoinstall_known_extensions": False,  # nothing is fetched from a network behind the user's back
        "autoload_known_extensions": False,
    }
    try:
        if not read_only:
            path.parent.mkdir(parents=True, exist_ok=True)
        connection = _connect(path, read_only, config, timeout)
    except (duckdb.Error, OSError) as error:
        raise WarehouseFault(f"{path}: cannot be opened: {reason(error)}.") from error
    connection.execute("SET TimeZone = 'UTC'")
    if not read_only:
        _sweep(connection, Path(f"{path}.tmp"))
    return connection


def attach(connection: duckdb.DuckDBPyConnection, url: Path | str, name: str, *, timeout: float = 60.0) -> None:
    """Attach a file for reading; while it is attached, nobody can write to it.

    Raises:
        WarehouseLocked: somebody wrote for the whole of `timeout` seconds.
    """
    path = Path(url)
    _wait(path, timeout, lambda: connection.execute(f"ATTACH {quoted(path)} AS {name} (READ_ONLY)"))


def _connect(
    path: Path, read_only: bool, config: dict[str, str | bool | int | float | list[str]], timeout: float
) -> duckdb.DuckDBPyConnection:
    while True:
        before = _identity(path)
        found = _wait(path, timeout, lambda: duckdb.connect(str(path), read_only=read_only, config=config))
        if before is None or before == _identity(path):
            return found
        found.close()  # `erasure.rewrite` has put another file in its place while it was being opened


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _wait(path: Path, timeout: float, open_it: Callable[[], duckdb.DuckDBPyConnection]) -> duckdb.DuckDBPyConnection:
    deadline = time.monotonic() + timeout
    wait = _FIRST_WAIT
    while True:
        try:
            return open_it()
        except (duckdb.IOException, duckdb.ConnectionException) as error:
            if not any(sign in str(error) for sign in _TAKEN):
                raise
            left = deadline - time.monotonic()
            if left <= 0:
                raise WarehouseLocked(
                    f"{path}: another process has had it open for {timeout:g} s; stop that process or try again later."
                ) from error
        time.sleep(min(left, wait * random.uniform(0.5, 1.5)))
        wait = min(_LONGEST_WAIT, wait * 1.6)


def _sweep(connection: duckdb.DuckDBPyConnection, spilled: Path) -> None:
    """Remove what a killed process had spilled: it holds texts. We are the only writer, so what we do not use is nobody's."""
    if spilled.is_dir() and connection.execute("SELECT count(*) FROM duckdb_temporary_files()").fetchone() == (0,):
        for left in spilled.glob("duckdb_temp_*"):
            left.unlink(missing_ok=True)


def reason(error: Exception) -> str:
    """The first line of an error, without DuckDB's prefix and the closing full stop.

    >>> reason(ValueError("IO Error: No space left.\\nmore"))
    'No space left'
    """
    first = str(error).strip().split("\n")[0]
    head, found, tail = first.partition(" Error: ")
    return (tail if found and head.replace(" ", "").isalnum() else first).rstrip(".!")


def quoted(text: str | Path) -> str:
    """`text` as an SQL string literal, for statements that take no parameters, such as ATTACH.

    >>> quoted("it's")
    "'it''s'"
    """
    return "'" + str(text).replace("'", "''") + "'"
