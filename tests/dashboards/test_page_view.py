"""Addresses: any of them is read without error, and a view's own address gives the same view."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.view import SPANS, Allowed, View

ALLOWED = Allowed("/", ("acme", "bolt", "corp", "dyne"), ("bolt", "corp", "dyne"), ("x", "reddit"), ("7d", "24h", "28d"))


def test_an_empty_address_gives_defaults() -> None:
    view = View.read("/", ALLOWED)
    assert (view.brand, view.rivals, view.span.key, view.channel, view.compare) == (
        "acme",
        ("bolt", "corp", "dyne"),
        "7d",
        "all",
        True,
    )
    assert view.href() == "/"
    assert view.ignored == ()


def test_keys_are_sorted_and_defaults_left_out() -> None:
    view = View.read("/?period=24h&vs=dyne&brand=bolt&ch=all&cmp=off", ALLOWED)
    assert view.href() == "/?brand=bolt&cmp=off&period=24h&vs=dyne"
    assert view.href("/care") == "/care?brand=bolt&cmp=off&period=24h&vs=dyne"


@pytest.mark.parametrize(
    ("url", "ignored"),
    [
        ("/?brand=nobody", ("brand",)),
        ("/?period=99y", ("period",)),
        ("/?ch=<script>", ("ch",)),
        ("/?vs=acme,acme,zzz", ("vs",)),
        ("/?utm=1", ("utm",)),
        ("/?alert=1;drop", ("alert",)),
    ],
)
def test_what_is_unknown_is_named_and_left_out(url: str, ignored: tuple[str, ...]) -> None:
    view = View.read(url, ALLOWED)
    assert view.ignored == ignored
    assert replace(view, ignored=()).href() in ("/", "/?vs=")


@given(st.text(max_size=200))
def test_any_text_is_read(url: str) -> None:
    view = View.read(url, ALLOWED)
    assert view.brand in ALLOWED.brands
    assert view.span.key in SPANS


@given(
    st.sampled_from(ALLOWED.brands), st.lists(st.sampled_from(ALLOWED.brands), max_size=5), st.sampled_from(ALLOWED.spans),
    st.sampled_from(("all", "x", "reddit")), st.booleans(), st.sampled_from(("", "0190c0de-0000-4000-8000-000000000001")),
)
def test_an_address_gives_the_view_that_wrote_it(
    brand: str, rivals: list[str], span: str, channel: str, compare: bool, alert: str
) -> None:
    chosen = tuple(dict.fromkeys(r for r in rivals if r != brand))[:3]
    view = View("/", brand, chosen, SPANS[span], channel, compare, alert, (), ALLOWED)
    again = View.read(view.href(), ALLOWED)
    assert again == replace(view, rivals=again.rivals)
    assert again.rivals == chosen or not chosen
