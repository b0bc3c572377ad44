"""Telephone numbers of persons; a company's own lines (toll-free, service prefixes, "call us on") stay."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipelines.redaction.spans import Span

_BEFORE = r"(?<![\w$£€₹¥#])(?<!\d[.,:/])(?<![\w*][-–])"
_AFTER = r"(?![\w%°])(?!-\d)(?!\.\d)"
_SEPARATOR = r"[ .\-–/]?"
_PHONE = re.compile(
    _BEFORE + r"(?:"
    r"(?:\+|\b00|\b011 ?)[1-9]\d{0,2}[ .\-–]?(?:\(\d{1,4}\)[ .\-–]?)?\d{1,5}(?:[ .\-–/]?\d{2,5}){1,4}"  # international
    rf"|\(?\b\d{{3}}\)?[ .\-–/]{{1,3}}\d{{3}}[ .\-–]{{1,3}}\d{{4}}"  # 212-555-0123
    rf"|\b1[ .\-–]\(?\d{{3}}\)?[ .\-–]{{0,2}}\d{{3}}[ .\-–]?\d{{4}}"  # 1-212-555-0123
    rf"|\(\d{{3}}\) ?\d{{3}}{_SEPARATOR}\d{{4}}|\b\d{{3}}[.\-–]\d{{7}}"
    rf"|\(?\b0\d{{2,4}}\)?[ .\-–/]{{1,2}}\d{{3,4}}[ .\-–]?\d{{3,4}}"  # 020 7946 0123
    r"|\b0\d(?:[ .\-–]\d{2}){4}|\b0\d{3,4}[ \-–]\d{5,7}|\b0\d{2}[ \-–/]\d{7,8}"  # 06 12 34 56 78
    r"|\b[6-9]\d{4}[ \-–]\d{5}|\b\d{4}[ \-–]\d{3}[ \-–]\d{3}"
    r"|\b\d{10,12}|\b00\d{11,13}"
    r")" + _AFTER
)
_SAID = re.compile(
    r"\b(?:call(?: me)?(?: back)?|text(?: me)?|phone|telephone|tel|cell|mobile|mob|mo|whatsapp|contact|reach me|ring me|"
    r"my (?:phone |cell |mobile )?(?:number|no|num)|ph|msisdn)"
    r"(?: ?(?:number|num|no|nr))?\W{0,3}(?:is|at|on|to)?\W{0,4}(?<![$£€₹#.,])(\d{3,4}[ .\-–]\d{4}|"
    r"\+?\d(?:[ \-–]?\d){7,13})" + _AFTER
)
_GLUED = re.compile(r"\b(?:mob|mo|ph|tel|cell|no|contact|number|call|whatsapp)[.:]?(\d{10,12})\b")
_TOLL_FREE = re.compile(
    r"(?:\+?1|001|011)?8(?:00|88|77|66|55|44|33|22)\d{7}\Z|1800\d{6,7}\Z|1860\d{7}\Z|1300\d{6}\Z|0800\d{5,7}\Z|(?:\+44|"
    r"0044|0)3[0347]\d{8}\Z|"
    r"(?:\+44|0044|0)8(?:4[345]|7[0-3])\d{7}\Z|0180\d{6,8}\Z|0900\d{4,7}\Z|\+800\d{8}\Z|0860\d{6}\Z|0861\d{6}\Z"
)
_UK_FREE = re.compile(r"0808[ -]\d{3}[ -]?\d{3,4}\Z")  # without a space it may be a Nigerian mobile
_OUR_LINE = re.compile(
    r"\b(?:call|ring|phone|dial|contact|reach|text|speak|chat|talk)(?:ing)?\b[^.!?\n]{0,30}\b(?:us|our|we|their|them|"
    r"team|cent(?:er|re)|line|"
    r"support|services?|dept|department|desk|reservations|office|helpline)\b(?! back)[^.!?\n]{0,40}\Z|\b(?:our|their|"
    r"the)\b[^.!?\n]{0,24}"
    r"\b(?:number|line|helpline|no|phone|#)\b[^.!?\n]{0,16}\Z|"
    r"\b(?:please|pls|can|could|may|to) (?:also )?(?:call|ring|contact|dial|reach|phone)\b[^.!?\n]{0,50}\b(?:on|at)\W{0,3}\Z"
)
_THEIR_LINE = re.compile(
    r"\b(?:your|ur|customer|company'?s)\b[^.!?\n]{0,24}\b(?:number|line|helpline|hotline|no|phone|#)\b[^.!?\n]{0,16}\Z|"
    r"\b(?:helpline|hotline|toll[ -]?free|freephone|customer (?:care|services?|relations|support)|call cent(?:er|re)|"
    r"(?:automated|recording|calls?|called) (?:from|by))\b[^.!?\n]{0,24}\Z|"
    r"\bi(?:'ve| have)? (?:just )?(?:called|rang|dialed|dialled|phoned|(?:been )?calling|tried)\b[^.!?\n]{0,24}\Z"
)
_OWN = re.compile(r"\b(?:my|mine|me)\b[^.!?\n]{0,30}\Z")
_NOT_A_PHONE = re.compile(
    r"(?:isbn|ean|upc|sku|serial|imei|dpci|tcin|model|part|item|asin|playlist|track|status|version|build)(?: ?(?:number|"
    r"num|no|nr))?\W{0,3}(?:is)?\W{0,2}\Z"
)
_COUNTED = re.compile(
    r"\s?(?:users|people|followers|subscribers|views|streams|plays|songs|miles|points|dollars|euros|pounds|usd|eur|gbp|"
    r"million|billion|bytes|kb|mb|gb)\b"
)


def phones(text: str, low: str, by_customer: bool) -> Iterator[Span]:
    """Numbers at which a person is called.

    Args:
        low: the text in lower case.
        by_customer: the text is addressed to an organisation, so "call us" in it means the writer.
    """
    for m in _PHONE.finditer(text):
        if _is_personal(text, low, m.start(), m.end(), by_customer):
            yield Span(m.start(), m.end(), "PHONE")
    for pattern in (_SAID, _GLUED):
        for m in pattern.finditer(low):
            if _is_personal(text, low, m.start(1), m.end(1), by_customer):
                yield Span(m.start(1), m.end(1), "PHONE")


def _is_personal(text: str, low: str, start: int, end: int, by_customer: bool) -> bool:
    written = text[start:end]
    digits = "".join(c for c in written if c.isdigit() or c == "+")
    if len(digits) > 16 or len(set(digits)) < 3 or _COUNTED.match(low, end):
        return False
    if _TOLL_FREE.match(digits) or _UK_FREE.match(written):
        return False
    before = low[max(0, start - 90) : start]
    if _NOT_A_PHONE.search(before):
        return False
    if _OWN.search(before):
        return True
    return not _THEIR_LINE.search(before) and (by_customer or not _OUR_LINE.search(before))
