"""Worker processes that never outlive the process that started them."""

from __future__ import annotations

import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor

PROCESSES = 2  # landing and scoring are bound by two cores' worth of reading and writing; memory grows with each


def possible() -> bool:
    """May this process start workers, and would they help?"""
    return (os.cpu_count() or 1) > 1 and not multiprocessing.current_process().daemon


def pool() -> ProcessPoolExecutor:
    """PROCESSES workers, as a context manager. "spawn": a forked copy of a process with Arrow's or DuckDB's threads may hang."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(PROCESSES, mp_context=context, initializer=_end_with_parent)


def _end_with_parent() -> None:
    """A worker whose parent was killed would otherwise wait for work for ever."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
