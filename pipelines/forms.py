"""The form in which people report what no interface gives: a story, a snap, a call, a picture of a screen."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import escape
from typing import Any

from pipelines.settings import Settings

CHANNELS = ("instagram", "snapchat", "tiktok", "facebook", "linkedin", "whatsapp", "phone", "in person", "other")
STORY = timedelta(hours=24)
LONGEST = 5_000  # characters of a field
_STYLE = """
:root { color-scheme: light dark; --line: #c9ced6; --soft: #5b6472; --accent: #1f5fbf; --bad: #b3261e; --good: #1e7a3c }
@media (prefers-color-scheme: dark) { :root { --line: #454c58; --soft: #a9b1bd; --accent: #7fb0ff; --bad: #ff8a80;
  --good: #7ddc9b } }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 36rem; padding: 2rem 1rem 4rem }
h1 { font-size: 1.4rem; margin: 0 0 .25rem } p { margin: 0 0 1rem; color: var(--soft) }
label { display: block; font-weight: 600; margin-top: 1.1rem } small { font-weight: 400; color: var(--soft) }
input, select, textarea { box-sizing: border-box; width: 100%; font: inherit; font-weight: 400;
  padding: .55rem .65rem; margin-top: .3rem; border: 1px solid var(--line); border-radius: .4rem;
  background: Canvas; color: CanvasText }
input:focus-visible, select:focus-visible, textarea:focus-visible, button:focus-visible { outline: 2px solid var(--accent) }
textarea { min-height: 7rem } .row { display: flex; gap: .6rem; align-items: center; margin-top: 1.1rem }
.row input { width: auto; margin: 0 } .row label { margin: 0 } .bad { color: var(--bad) } .good { color: var(--good) }
button { font: inherit; font-weight: 600; margin-top: 1.5rem; padding: .65rem 1.2rem; border: 0; border-radius: .4rem;
  background: var(--accent); color: Canvas; cursor: pointer }
"""


def form_page(
    settings: Settings, name: str, values: dict[str, str] | None = None, *, problem: str = "", done: bool = False
) -> str:
    """The form as HTML, with what was typed, and what is wrong with it or that it is stored."""
    typed = {k: escape(v) for k, v in (values or {}).items()}
    brands = "".join(_option(key, b.name, typed.get("brand")) for key, b in settings.brands.items())
    channels = "".join(_option(c, c.capitalize(), typed.get("channel")) for c in CHANNELS)
    said = f'<p class="bad" role="alert">{escape(problem)}</p>' if problem else ""
    said = '<p class="good" role="status">Stored. It reaches the queue within minutes. Anything else?</p>' if done else said
    story = " checked" if typed.get("is_story") else ""
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Report a mention</title><style>{_STYLE}</style></head><body>
<h1>Report a mention</h1><p>{escape(settings.project.name)}: what you saw or heard and no system collects.</p>{said}
<form method="post" action="/form/{escape(name)}">
<label>Brand<select name="brand">{brands}</select></label>
<label>Where<select name="channel">{channels}</select></label>
<label>What does it say?<textarea name="text" maxlength="{LONGEST}">{typed.get("text", "")}</textarea></label>
<label>What does the picture show? <small>if there is one</small>
<input name="picture" maxlength="{LONGEST}" value="{typed.get("picture", "")}"></label>
<label>Link <small>if there is one</small><input name="url" type="url" value="{typed.get("url", "")}"></label>
<label>Who <small>handle or name; stored as a pseudonym</small><input name="author" value="{typed.get("author", "")}"></label>
<div class="row"><input type="checkbox" id="story" name="is_story" value="yes"{story}>
<label for="story">It vanishes 24 hours after it was posted</label></div>
<label>Posted, as far as you know <small>UTC; empty: just now</small>
<input name="at" type="datetime-local" value="{typed.get("at", "")}"></label>
<label>Access code<input name="code" type="password" autocomplete="current-password" required></label>
<button>Send</button></form></body></html>"""


def _option(key: str, title: str, chosen: str | None) -> str:
    return f'<option value="{escape(key)}"{" selected" if key == chosen else ""}>{escape(title)}</option>'


def reported(values: dict[str, str], *, now: datetime) -> tuple[dict[str, Any], str]:
    """The event that a filled form makes, or what is wrong with it in one sentence."""
    text, picture, url = (values.get(name, "").strip() for name in ("text", "picture", "url"))
    if not text and not picture:
        return {}, "Say what it says or what the picture shows."
    if len(text) > LONGEST or len(picture) > LONGEST:
        return {}, f"That is too long: at most {LONGEST:,} characters."
    if url and not url.startswith(("https://", "http://")):
        return {}, "The link must begin with https:// or http://."
    try:
        at = datetime.fromisoformat(values["at"]).replace(tzinfo=now.tzinfo) if values.get("at") else now
    except ValueError:
        return {}, "The time cannot be read; leave it empty for just now."
    if at > now + timedelta(minutes=5):
        return {}, "The time lies in the future."
    is_story = bool(values.get("is_story"))
    event: dict[str, Any] = {
        "text": text, "channel": values.get("channel") or "other", "brand": values.get("brand"), "url": url or None,
        "author": values.get("author", "").strip() or None, "kind": "story" if is_story else "post",
        "property": "addressed", "published_at": at.isoformat(),
    }
    if picture or not text:
        event["media"] = [{"type": "image", "url": url or None, "alt": picture or None}]
    if is_story:
        event["expires_at"] = (at + STORY).isoformat()
    return {k: v for k, v in event.items() if v is not None}, ""
