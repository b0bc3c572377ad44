"""Numbers, times and names as readers see them. One way each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

MINUS, NONE = "\u2212", "\u2014"
LABELS = {
    "x": "X", "youtube": "YouTube", "hackernews": "Hacker News", "app_review": "App reviews", "rss": "News feeds", "sms": "SMS",
    "all": "All channels", "churn_risk": "Wants to leave", "needs_response": "Needs an answer", "purchase_intent": "Wants to buy",
    "unknown": "Unknown",
    "en": "English", "es": "Spanish", "de": "German", "fr": "French", "pt": "Portuguese", "it": "Italian", "nl": "Dutch",
    "ja": "Japanese", "tr": "Turkish", "ar": "Arabic", "id": "Indonesian", "pl": "Polish", "ru": "Russian", "zh": "Chinese",
}


def label(name: str) -> str:
    """A key as a reader's word.

    >>> label("app_review"), label("lost_bags"), label("lost-bags")
    ('App reviews', 'Lost bags', 'Lost bags')
    """
    words = LABELS.get(name) or name.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def brand(key: str, name: str) -> str:
    """A brand's name; one that is known by its key only is written as a name.

    >>> brand("us_airways", "us_airways"), brand("acme", "ACME")
    ('Us Airways', 'ACME')
    """
    return name if name != key else key.replace("_", " ").title()


def count(value: float) -> str:
    """
    >>> count(1265), count(-3)
    ('1,265', '−3')
    """
    return f"{value:,.0f}".replace("-", MINUS)


def compact(value: float) -> str:
    """Three significant figures at most.

    >>> compact(1_934_000), compact(31_264), compact(812), compact(1_000_000)
    ('1.93 M', '31.3 k', '812', '1 M')
    """
    for size, unit in ((1e9, " bn"), (1e6, " M"), (1e4, " k")):
        if abs(value) >= size:
            scaled = value / (1e3 if unit == " k" else size)
            return f"{scaled:.3g}".replace("-", MINUS) + unit
    return count(value)


def signed(value: float) -> str:
    """
    >>> signed(-14.2), signed(3.6), signed(-0.2)
    ('−14', '+4', '0')
    """
    rounded = round(value)
    return "0" if rounded == 0 else f"{rounded:+d}".replace("-", MINUS)


def percent(share: float, n: int = 0) -> str:
    """A share of 1; a decimal only where there are a thousand observations behind it and it is below ten per cent.

    >>> percent(0.314, 200), percent(0.0314, 20000)
    ('31 %', '3.1 %')
    """
    value = 100 * share
    return f"{value:.1f} %" if n >= 1000 and abs(value) < 10 else f"{value:.0f} %"


def percents(low: float, high: float) -> str:
    """An interval of shares; decimals where whole per cents would hide it.

    >>> percents(0.291, 0.344), percents(0.0612, 0.0671)
    ('29 to 34 %', '6.1 to 6.7 %')
    """
    form = ".1f" if high < 0.1 else ".0f"
    return f"{100 * low:{form}} to {100 * high:{form}} %"


def between(low: float, high: float, form: Callable[[float], str]) -> str:
    """An interval: '−18 to −10', never a dash between signed numbers.

    >>> between(-18, -10, signed)
    '−18 to −10'
    """
    return f"{form(low)} to {form(high)}"


def times(value: float) -> str:
    """
    >>> times(6.12), times(14.6)
    ('6.1×', '15×')
    """
    return f"{value:.1f}×" if value < 10 else f"{value:.0f}×"


def duration(seconds: float | None) -> str:
    """
    >>> [duration(s) for s in (20, 840, 6600, 7200, 180_000)]
    ['20 s', '14 min', '1 h 50', '2 h', '2 d 2 h']
    """
    if seconds is None:
        return NONE
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02d}" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def short(text: str | None, limit: int) -> str:
    """
    >>> short("a" * 9, 5), short(None, 5)
    ('aaaa…', '')
    """
    text = text or ""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def ago(at: datetime, now: datetime) -> str:
    """
    >>> ago(datetime(2026, 2, 1), datetime(2026, 2, 4, 7)), ago(datetime(2026, 2, 4, 5), datetime(2026, 2, 4, 7))
    ('3 d ago', '2 h ago')
    """
    seconds = (now - at).total_seconds()
    if seconds < 60:
        return "just now"
    return f"{duration(seconds)} ago" if seconds < 48 * 3600 else f"{seconds // 86400:.0f} d ago"


def clock(at: datetime) -> str:
    """The time of day, such as 09:05."""
    return f"{at:%H:%M}"


def day(at: datetime) -> str:
    """
    >>> day(datetime(2026, 2, 4))
    '4 Feb'
    """
    return f"{at.day} {at:%b}"


def moment(at: datetime, now: datetime) -> str:
    """A time of day, with its date unless that is today. Both in the page's zone."""
    return clock(at) if at.date() == now.date() else f"{day(at)}, {clock(at)}"


def listed(names: list[str]) -> str:
    """
    >>> listed(["X", "Facebook", "Reddit"])
    'X, Facebook and Reddit'
    """
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def plural(n: int, one: str, many: str = "") -> str:
    """
    >>> plural(1, "mention"), plural(1200, "mention"), plural(2, "story", "stories")
    ('1 mention', '1,200 mentions', '2 stories')
    """
    return f"{count(n)} {one if n == 1 else many or one + 's'}"
