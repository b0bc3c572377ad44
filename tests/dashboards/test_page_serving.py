"""The server as a program: it starts, answers, says when its port is taken, and ends with Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from pipelines.processes import Services, together
from pipelines.service import start_pages
from pipelines.settings import LinksStanza, ProjectStanza, Settings

ROOT = Path(__file__).resolve().parents[2]


def test_python_m_dashboards_serves_until_ctrl_c(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dashboards", "--storage", str(tmp_path), "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", server.stderr.readline())
        try:
            assert found
            with urllib.request.urlopen(f"{found[0]}/health", timeout=10) as answer:
                assert b'"empty"' in answer.read()
        finally:
            server.send_signal(signal.SIGINT)
        assert server.wait(timeout=20) == 0


def test_a_port_that_is_taken_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [sys.executable, "-m", "dashboards", "--storage", str(tmp_path), "--port", str(taken.getsockname()[1])]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "choose another with --port" in done.stderr
    assert "Traceback" not in done.stderr


def test_make_up_serves_the_pages_under_the_name_that_links_lead_to(tmp_path: Path) -> None:
    settings = Settings(
        project=ProjectStanza(storage=str(tmp_path)), links=LinksStanza(url="https://earshot.example.org"),
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with together(dict(os.environ), tmp_path / "logs", ROOT) as services:
        start_pages(services, settings, port)
        asked = urllib.request.Request(f"http://127.0.0.1:{port}/health", headers={"Host": "earshot.example.org"})
        assert b'"empty"' in _answered(asked, services)


def _answered(asked: urllib.request.Request, services: Services) -> bytes:
    """What a server says that may still be starting."""
    for _ in range(300):
        services.check()
        with contextlib.suppress(ConnectionError, urllib.error.URLError), urllib.request.urlopen(asked, timeout=10) as answer:
            return bytes(answer.read())
        time.sleep(0.1)
    raise AssertionError("the pages did not start")


def test_gunicorn_finds_its_application(tmp_path: Path) -> None:
    code = "from dashboards.wsgi import server; print(server.test_client().get('/health').get_json()['status'])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True,
        env=os.environ | {"EARSHOT_STORAGE": str(tmp_path)},
    )
    assert done.stdout.strip() == "empty"
