"""A storage folder with a snapshot, the pages served over HTTP, and a real browser that may reach nothing else."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import factory
import pytest
from werkzeug.serving import make_server

from dashboards.__main__ import Quiet
from dashboards.app import create_app

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
]


@contextmanager
def served(root: Path) -> Iterator[str]:
    """The pages of a storage folder on a free port, until the block ends."""
    server = make_server("127.0.0.1", 0, create_app(root).server, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="session")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A storage folder with one snapshot of the factory."""
    root = tmp_path_factory.mktemp("storage")
    factory.snapshot(root)
    return root


@pytest.fixture(scope="session")
def address(storage: Path) -> Iterator[str]:
    """Where the pages of `storage` are served."""
    with served(storage) as found:
        yield found


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    sync_api = pytest.importorskip("playwright.sync_api")
    if not Path(CHROMIUM).exists():
        pytest.skip("no Chromium on this machine")
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield found
        found.close()
