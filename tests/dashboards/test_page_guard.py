"""What the server answers to those who are not our pages: 4xx, no traceback, nothing of a mention."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from dashboards.app import create_app
from dashboards.guard import HEADERS, UPDATE
from dashboards.page import pages
from dashboards.shell import outputs

ROUTE = {"id": "screen", "property": "children"}


@pytest.fixture(scope="module")
def client(storage: Path) -> Iterator[FlaskClient]:
    with create_app(storage).server.test_client() as found:
        yield found


def _asked(url: Any = "/", **change: Any) -> dict[str, Any]:
    body = {
        "output": "screen.children", "outputs": ROUTE, "inputs": [{"id": "route", "property": "data", "value": url}],
        "changedPropIds": ["route.data"],
    }
    return body | change


def test_a_page_is_answered(client: FlaskClient) -> None:
    response = client.post(UPDATE, json=_asked("/crisis"))
    assert response.status_code == 200
    assert "Aerolia" in response.get_data(as_text=True)


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        None,
        1,
        "text",
        {"output": "screen.children"},
        _asked(output="nobody.children"),
        _asked(output=7),
        _asked(inputs=[]),
        _asked(inputs=None),
        _asked(inputs=[{"id": "route", "property": "value", "value": "/"}]),
        _asked(inputs=[{"id": {"a": 1}, "property": "data", "value": "/"}]),
        _asked(inputs=["route"]),
        _asked(7),
        _asked(None),
        _asked({"a": 1}),
        _asked("javascript:alert(1)"),
        _asked("/" + "a" * 5000),
        _asked(outputs=[]),
        _asked(outputs=None),
        _asked(outputs={"id": "other", "property": "children"}),
        _asked(changedPropIds="x"),
        _asked(changedPropIds=[1]),
        _asked(state=[{"id": "a", "property": "b", "value": 1}]),
        _asked(extra=1),
    ],
)
def test_a_malformed_callback_is_400_without_a_traceback(
    client: FlaskClient, body: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        response = client.post(UPDATE, json=body)
    text = response.get_data(as_text=True)
    assert response.status_code == 400
    assert "Traceback" not in text + caplog.text
    assert "Aerolia" not in text


@pytest.mark.parametrize("data", [b"", b"{", b"\x00\xff", b'{"output": ' + b"[" * 50_000])
def test_what_is_not_json_is_400(client: FlaskClient, data: bytes) -> None:
    assert client.post(UPDATE, data=data, content_type="application/json").status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", UPDATE, 405),
        ("get", "/_dash-component-suites/nobody/x.js", 404),
        ("get", "/_dash-component-suites/dash/../../x.js", 404),
        ("get", "/assets/nothing.css", 404),
        ("post", "/", 405),
        ("get", "/assets/../app.py", 404),
        ("get", "/assets/%2e%2e/app.py", 404),
    ],
)
def test_other_doors_are_shut(client: FlaskClient, method: str, path: str, status: int) -> None:
    response = getattr(client, method)(path)
    assert response.status_code == status
    assert "Traceback" not in response.get_data(as_text=True)


def test_a_body_that_is_too_long_is_refused(client: FlaskClient) -> None:
    assert client.post(UPDATE, json=_asked("/" + "a" * 400_000)).status_code in (400, 413)


def test_another_host_is_refused(client: FlaskClient) -> None:
    """A web page that points its own name at this machine gets nothing."""
    response = client.get("/health", headers={"Host": "evil.example"})
    assert response.status_code == 400 and "--allow NAME" in response.get_data(as_text=True)
    assert client.get("/health", headers={"Host": "localhost:8050"}).status_code == 200


def test_every_answer_carries_the_headers_and_a_strict_policy(client: FlaskClient) -> None:
    nonces = set()
    for path in ("/", "/", "/health", "/_dash-layout", "/assets/earshot.css", "/nowhere"):
        response = client.get(path)
        for name, value in HEADERS.items():
            assert response.headers[name] == value, (path, name)
        policy = response.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "http" not in policy
        if response.mimetype == "text/html":
            nonce = re.search(r"'nonce-([\w-]+)'", policy)
            assert nonce
            assert f'content="{nonce[1]}"' in response.get_data(as_text=True)
            nonces.add(nonce[1])
        response.close()
    assert len(nonces) == 3


def test_the_page_names_its_language_and_nothing_outside(client: FlaskClient) -> None:
    text = client.get("/").get_data(as_text=True)
    assert '<html lang="en">' in text
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", text)


def test_health_names_the_version(client: FlaskClient, tmp_path: Path) -> None:
    found = client.get("/health").get_json()
    assert (found["status"], found["version"], found["is_simulated"]) == ("ok", "20260215T134000-1", True)
    assert create_app(tmp_path).server.test_client().get("/health").get_json() == {"status": "empty", "version": None}


def test_hostile_text_stays_text(client: FlaskClient, tmp_path: Path) -> None:
    """A mention that holds markup, and one whose link runs code, come out as text and without the link."""
    import factory

    make = factory.snapshot(tmp_path, days=9, scale=0.2, hostile=True)
    assert make.exists()
    answer = create_app(tmp_path).server.test_client().post(UPDATE, json=_asked("/")).get_json()
    text = json.dumps(answer)
    assert "<img src=x onerror=alert(1)>" in text  # as a string child, which the browser writes as text
    assert "javascript:" not in text
    assert "dangerously" not in text


def test_an_error_of_ours_is_a_sentence_and_a_number(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A snapshot that cannot be read gives an error page whose number is in the log; the reader sees no traceback."""
    folder = tmp_path / "serving"
    folder.mkdir()
    (folder / "current.duckdb").write_bytes(b"not a database" * 100)
    response = create_app(tmp_path).server.test_client().post(UPDATE, json=_asked("/"))
    text = response.get_data(as_text=True)
    assert response.status_code == 200
    number = re.search(r"report the number (\w{8})", text)
    assert number
    assert number[1] in caplog.text
    assert "Traceback" not in text


def test_every_change_of_a_page_is_one_request(client: FlaskClient) -> None:
    for page in pages():
        names = outputs(page)
        body = {
            "output": ".." + "...".join(f"{i}.{p}" for i, p in names) + "..",
            "outputs": [{"id": i, "property": p} for i, p in names],
            "inputs": [{"id": f"{page.key}-view", "property": "data", "value": page.path + "?brand=nordwind&src=forum"}],
            "changedPropIds": [],
        }
        response = client.post(UPDATE, json=body)
        assert response.status_code == 200, page.key
        place, named = ("chosen", "forum") if "source" in page.controls else ("heading", "Nordwind")
        assert named in response.get_json()["response"][f"{page.key}-{place}"]["children"]
