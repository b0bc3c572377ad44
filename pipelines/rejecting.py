"""What may be kept of a row that cannot be a mention: what is read of it but who wrote it, or its shape alone.

Names and handles in a column of their own look like any word, so no redaction finds them there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from pipelines.mapping import ColumnsSection
from pipelines.records import RAW_LIMIT

_DEPTH = 8  # levels of an item that are outlined
_LETTER, _DIGIT = re.compile(r"[^\W\d_]"), re.compile(r"\d")


def shape(raw: bytes) -> str:
    """A row whose fields cannot be told apart: its delimiters, quotes and brackets, but no letter and no digit of it.

    >>> shape(b'17,"Jane Doe,@janedoe92,2026-01-31')
    '99,"xxxx xxx,@xxxxxxx99,9999-99-99'
    """
    text = raw[: RAW_LIMIT * 4].decode("utf-8", "replace").strip("\r\n")[:RAW_LIMIT]
    return _shaped(text)


def outline(value: Any, depth: int = _DEPTH) -> Any:
    """An item of a platform: the names of its fields, and the shapes of their values.

    >>> outline({"author": "janedoe92", "tags": ["a b"], "at": None})
    {'author': 'xxxxxxx99', 'tags': ['x x'], 'at': None}
    """
    if isinstance(value, dict):
        return {str(name): outline(inner, depth - 1) for name, inner in value.items()} if depth else "..."
    if isinstance(value, list | tuple):
        return [outline(inner, depth - 1) for inner in value] if depth else "..."
    return value if value is None or isinstance(value, bool) else _shaped(str(value)[:RAW_LIMIT])


def kept_columns(columns: ColumnsSection) -> list[str]:
    """The columns that are read, without the author's; the text comes last, so that a long one cuts off no other."""
    fields = [field for field in ColumnsSection.model_fields if field != "text"]
    found = [getattr(columns, field) for field in [*fields, "text"]]
    names = dict.fromkeys(name for named in found for name in ([named] if isinstance(named, str) else named or ()))
    return [name for name in names if name not in (columns.author, columns.author_name)]


def kept(getters: Iterable[tuple[str, Callable[[dict[str, Any]], Any]]], values: dict[str, Any]) -> str:
    """The values of a row, one `column: value` a line: without the escapes of JSON, behind which redaction sees nothing."""
    found = ((name, get(values)) for name, get in getters)
    return "\n".join(f"{name}: {_shown(value)}" for name, value in found if value is not None)[:RAW_LIMIT]


def _shown(value: Any) -> str:
    return str(value)[:RAW_LIMIT] if isinstance(value, str | int | float | date) else f"({type(value).__name__})"


def _shaped(text: str) -> str:
    return _DIGIT.sub("9", _LETTER.sub("x", text))
