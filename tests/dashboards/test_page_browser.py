"""The pages in a real Chromium: light and dark, desk and phone, keyboard, history, nothing from outside."""

from __future__ import annotations

import os
import re
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import factory
import pytest
from conftest import served

from dashboards.page import Page, pages

SCREENS = [("light", 1280, 900), ("dark", 1280, 900), ("light", 360, 800), ("dark", 360, 800)]
READY = "main[data-path='{path}'] h1"
WAIT = 15_000  # milliseconds
SHIFT = """() => new Promise(done => {
    let sum = 0;
    new PerformanceObserver(list => { for (const e of list.getEntries()) if (!e.hadRecentInput) sum += e.value; })
        .observe({type: 'layout-shift', buffered: true});
    setTimeout(() => done(sum), 60);
})"""


class Watched:
    """A tab that notes what must not happen: messages in the console, requests to elsewhere, answers that failed."""

    def __init__(self, context: Any, address: str) -> None:
        self.tab = context.new_page()
        self.address = address
        self.wrong: list[str] = []
        self.posts = 0
        self.tab.set_default_timeout(WAIT)
        self.tab.on("console", lambda m: self.wrong.append(f"console {m.type}: {m.text}"))
        self.tab.on("pageerror", lambda e: self.wrong.append(f"error: {e}"))
        self.tab.on("request", self._asked)
        self.tab.on("response", lambda r: self.wrong.append(f"{r.status} {r.url}") if r.status >= 400 else None)

    def _asked(self, request: Any) -> None:
        self.posts += request.method == "POST"
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.wrong.append(f"outside: {request.url}")

    def open(self, url: str) -> None:
        self.tab.goto(self.address + url)
        self.tab.wait_for_selector(READY.format(path=url.split("?")[0]))

    def visit(self, page: Page) -> None:
        """Load the page, or follow the navigation where another page is open already: a reader's way, and the faster one."""
        if self.tab.url == "about:blank":
            return self.open(page.path)
        self.tab.evaluate("path => [...document.querySelectorAll('a.to')].find(a => a.pathname === path).click()", page.path)
        self.tab.wait_for_selector(READY.format(path=page.path))

    def drawn(self) -> None:
        """Every chart that stands on the page has been drawn."""
        self.until("[...document.querySelectorAll('.graph')].every(g => g.querySelector('.main-svg'))")

    def until(self, condition: str) -> None:
        """Wait for a condition in the page. Playwright's own waiting evaluates text there, which our policy forbids."""
        deadline = time.monotonic() + WAIT / 1000
        while not self.tab.evaluate(condition):
            assert time.monotonic() < deadline, f"never: {condition}"
            self.tab.wait_for_timeout(30)

    def text(self, selector: str) -> str:
        return " ".join(self.tab.inner_text(selector).split())


@contextmanager
def _opened(browser: Any, address: str, scheme: str = "light", width: int = 1280, height: int = 900) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    try:
        yield Watched(context, address)
    finally:
        context.close()


@cache
def _axe() -> str:
    """Source of axe-core, from the npm package in EARSHOT_AXE or in the cache folder; "" where there is none."""
    place = Path(os.environ.get("EARSHOT_AXE") or Path.home() / ".cache" / "axe")
    if place.is_file() and place.suffix == ".js":
        return place.read_text(encoding="utf-8")
    for package in sorted(place.glob("axe-core-*.tgz"), reverse=True):
        with tarfile.open(package) as archive:
            found = archive.extractfile("package/axe.min.js")
            if found:
                return found.read().decode()
    return ""


def _whole(watched: Watched, page: Page, scheme: str, width: int) -> None:
    tab = watched.tab
    watched.drawn()
    assert watched.wrong == [], page.key
    assert tab.evaluate("document.documentElement.scrollWidth") <= width, page.key
    assert tab.evaluate(SHIFT) < 0.01, page.key
    assert tab.evaluate("document.documentElement.dataset.mantineColorScheme") == scheme
    assert tab.evaluate("document.documentElement.lang") == "en"
    assert page.title in tab.title()
    assert "Simulated data." in watched.text(".strip.simulated")
    assert tab.locator(".plot [role=img]").count() == sum(1 for s in page.slots if s.height)
    assert tab.locator(".tile-value").count() == 4
    if width < 500:
        assert tab.locator("#filters").is_hidden()
        about = "x_search" if "source" in page.controls else "Aerolia"
        assert f"Filters: {about}" in watched.text(".filter-button")


@pytest.mark.parametrize(("scheme", "width", "height"), SCREENS)
def test_every_page_is_whole(browser: Any, address: str, scheme: str, width: int, height: int) -> None:
    """No message, no request elsewhere, no sideways scroll, no jump, charts drawn, the strip and the figures there."""
    with _opened(browser, address, scheme, width, height) as watched:
        for page in pages():
            watched.open(page.path) if (scheme, width) == ("light", 1280) else watched.visit(page)
            _whole(watched, page, scheme, width)


@pytest.mark.parametrize(("scheme", "width", "height"), [SCREENS[0], SCREENS[3]])
def test_axe_finds_nothing(browser: Any, address: str, scheme: str, width: int, height: int) -> None:
    source = _axe()
    if not source:
        pytest.skip("no axe-core: `npm pack axe-core` into ~/.cache/axe, or name its axe.min.js in EARSHOT_AXE")
    with _opened(browser, address, scheme, width, height) as watched:
        for page in pages():
            watched.visit(page)
            watched.drawn()
            watched.tab.evaluate(source)
            found = watched.tab.evaluate("async () => (await axe.run(document)).violations")
            assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in found] == [], page.key


def test_a_filter_changes_the_address_and_the_panels_in_one_request(browser: Any, address: str) -> None:
    with _opened(browser, address) as watched:
        watched.open("/")
        watched.drawn()
        before = watched.text(".tiles")
        watched.tab.evaluate("document.querySelector('.graph .main-svg').dataset.kept = 'yes'")
        watched.posts = 0
        watched.tab.get_by_text("24 hours", exact=True).click()
        watched.until("document.querySelector('.asof').innerText.includes('14 Feb')")
        assert watched.text(".tiles") != before
        assert watched.tab.evaluate("location.pathname + location.search") == "/?period=24h"
        assert watched.posts == 1
        kept = watched.tab.evaluate("document.querySelector('.graph .main-svg').dataset.kept")
        assert kept == "yes", "charts stay where they are"
        watched.tab.get_by_role("textbox", name="Brand").click()
        watched.tab.get_by_role("option", name="Skylark").click()
        watched.until("document.querySelector('h1').innerText.includes('Skylark')")
        assert watched.tab.evaluate("location.search") == "?brand=skylark&period=24h"
        assert watched.wrong == []


def test_back_and_forward_bring_back_page_and_filters(browser: Any, address: str) -> None:
    with _opened(browser, address) as watched:
        watched.open("/?period=28d")
        watched.tab.get_by_text("24 hours", exact=True).click()
        watched.until("location.search === '?period=24h'")
        watched.until("document.querySelector('.asof').innerText.includes('14 Feb')")
        watched.tab.get_by_role("link", name="Care", exact=True).click()
        watched.tab.wait_for_selector(READY.format(path="/care"))
        assert watched.tab.evaluate("location.pathname + location.search") == "/care?period=24h"
        assert "Care" in watched.tab.title()
        watched.tab.go_back()
        watched.tab.wait_for_selector(READY.format(path="/"))
        assert watched.tab.evaluate("location.search") == "?period=24h"
        watched.tab.go_back()
        watched.until("document.querySelector('.asof').innerText.includes('19 Jan')")
        assert watched.tab.evaluate("location.search") == "?period=28d"
        assert watched.tab.locator(".mantine-SegmentedControl-label[data-active]").inner_text() == "28 days"
        watched.tab.go_forward()
        watched.until("document.querySelector('.asof').innerText.includes('14 Feb')")
        assert watched.wrong == []


def test_a_shared_link_shows_what_its_sender_saw(browser: Any, address: str) -> None:
    with _opened(browser, address) as watched:
        watched.open("/?brand=nordwind&ch=x&cmp=off&period=28d&vs=skylark")
        assert "Nordwind" in watched.text("h1")
        assert "X only" in watched.text(".asof")
        assert "comparison is off" in watched.text(".tiles")
        assert "of 2 brands" in watched.text(".tiles")
        watched.tab.get_by_role("link", name="Reset").click()
        watched.until("document.querySelector('h1').innerText.includes('Aerolia')")
        assert watched.tab.evaluate("location.search") == ""
        assert watched.wrong == []


def test_what_an_address_cannot_mean_is_said(browser: Any, address: str) -> None:
    with _opened(browser, address) as watched:
        watched.open("/care?brand=%3Cscript%3E&period=forever")
        assert "not understood and is left out: brand, period" in watched.text("main")
        watched.tab.goto(f"{address}/nowhere")
        watched.tab.wait_for_selector("text=There is no such page")
        watched.tab.get_by_role("link", name="Go to brand health").click()
        watched.tab.wait_for_selector(READY.format(path="/"))
        assert watched.wrong == []


def test_the_table_behind_a_chart_opens_with_the_keyboard(browser: Any, address: str) -> None:
    with _opened(browser, address) as watched:
        watched.open("/")
        watched.tab.keyboard.press("Tab")
        assert watched.tab.evaluate("document.activeElement.innerText") == "Skip to the content"
        watched.tab.keyboard.press("Enter")
        for _ in range(12):
            watched.tab.keyboard.press("Tab")
            if watched.tab.evaluate("document.activeElement.tagName") == "SUMMARY":
                break
        watched.tab.keyboard.press("Enter")
        opened = watched.tab.locator("details[open] table").first
        opened.wait_for()
        assert re.search(r"Net sentiment", opened.inner_text())
        assert watched.wrong == []


def test_the_colour_scheme_is_kept(browser: Any, address: str) -> None:
    with _opened(browser, address, "light") as watched:
        watched.open("/")
        watched.tab.get_by_label("Switch between light and dark").click()
        watched.until("document.documentElement.dataset.mantineColorScheme === 'dark'")
        watched.tab.reload()
        assert watched.tab.evaluate("document.documentElement.dataset.mantineColorScheme") == "dark"
        watched.tab.wait_for_selector("h1")
        assert watched.wrong == []


def test_a_phone_reaches_pages_and_filters(browser: Any, address: str) -> None:
    with _opened(browser, address, width=360, height=800) as watched:
        watched.open("/")
        watched.tab.get_by_role("button", name="Filters").click()
        watched.tab.get_by_text("28 days", exact=True).click()
        watched.until("document.querySelector('.filter-button').innerText.includes('28 days')")
        watched.tab.get_by_role("button", name="Menu").click()
        watched.tab.get_by_role("link", name="Crisis", exact=True).click()
        watched.tab.wait_for_selector(READY.format(path="/crisis"))
        assert watched.tab.locator("#side").is_hidden()
        assert watched.wrong == []


def test_before_the_first_snapshot_a_page_says_what_to_do(browser: Any, tmp_path: Path) -> None:
    with served(tmp_path) as address, _opened(browser, address) as watched:
        watched.open("/")
        assert "nothing has been published yet" in watched.text("main")
        assert "earshot run" in watched.text("main")
        assert watched.wrong == []


def test_after_an_upgrade_a_page_says_that_its_figures_are_made_anew(browser: Any, tmp_path: Path) -> None:
    path = factory.snapshot(tmp_path, "v1", days=9, scale=0.2)
    path.chmod(0o600)
    with duckdb.connect(str(path)) as earlier:
        earlier.execute("ALTER TABLE brand_hourly DROP COLUMN read_count")
    with served(tmp_path) as address, _opened(browser, address) as watched:
        watched.open("/")
        assert "from an earlier version" in watched.text("main") and "earshot run" in watched.text("main")
        watched.visit(next(page for page in pages() if page.path == "/care"))
        assert "earlier version" not in watched.text("main"), "what can be shown is"
        assert watched.wrong == []


def test_new_data_comes_by_itself_where_it_must_and_asks_elsewhere(browser: Any, tmp_path: Path) -> None:
    """Crisis takes a new snapshot at once; brand health says that there is one, and changes when asked."""

    look = "document.dispatchEvent(new Event('visibilitychange'))"
    factory.snapshot(tmp_path, "v1", days=9, scale=0.3)
    with served(tmp_path) as address, _opened(browser, address) as watched:
        watched.open("/crisis")
        watched.tab.evaluate(look)
        factory.snapshot(tmp_path, "v2", days=9, scale=0.3)
        watched.tab.evaluate(look)
        watched.until("document.querySelector('.version').textContent === 'v2'")
        watched.open("/")
        before = watched.text(".tiles")
        factory.snapshot(tmp_path, "v3", days=9, scale=0.6)
        watched.tab.evaluate(look)
        button = watched.tab.get_by_role("button", name="New data. Update")
        button.wait_for()
        assert watched.text(".tiles") == before
        button.click()
        watched.until("document.querySelector('.version').textContent === 'v3'")
        assert watched.text(".tiles") != before
        assert watched.wrong == []


def test_markup_in_a_mention_is_shown_and_not_run(browser: Any, tmp_path: Path) -> None:

    factory.snapshot(tmp_path, days=9, scale=0.3, hostile=True)
    with served(tmp_path) as address, _opened(browser, address) as watched:
        for path in ("/", "/crisis", "/care"):
            watched.open(path)
            watched.drawn()
            assert "<img src=x onerror=alert(1)>" in watched.text("main")
            assert watched.tab.locator("main img, main script, a[href^='javascript']").count() == 0
        assert watched.wrong == []
