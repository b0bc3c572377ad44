"""The query language: what is written is what is read, and every mistake is named in one sentence."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import ConfigError
from pipelines.query.language import And, Expression, Field, Handle, Near, Not, Or, Term, field, handle, hashtag, parse, term
from pipelines.query.matching import matches
from tests.querying import expressions

TOKENS = ("a", "AND", "OR", "NOT", "NEAR/2", "NEAR", "(", ")", '"b c"', "-", "#t", "@h", "lang:en", "*", '"', "x:y")


@settings(max_examples=400, deadline=None)
@given(expressions())
def test_what_is_written_is_read_again(expression: Expression) -> None:
    assert parse(str(expression)) == expression


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_a_query_or_gets_one_sentence(text: str) -> None:
    try:
        found = parse(text)
    except ConfigError as error:
        assert "\n" not in str(error).replace(text, "") and str(error).endswith(".")
    else:
        assert parse(str(found)) == found


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(TOKENS)))
def test_any_sequence_of_tokens_is_a_query_or_gets_one_sentence(tokens: list[str]) -> None:
    try:
        found = parse(" ".join(tokens))
    except ConfigError as error:
        assert str(error).startswith(("query `", "the query is empty"))
    else:
        assert parse(str(found)) == found


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("jetblue delta", And((Term("jetblue"), Term("delta")))),
        ("a OR b c", Or((Term("a"), And((Term("b"), Term("c")))))),
        ("(a OR b) c", And((Or((Term("a"), Term("b"))), Term("c")))),
        ("a -b NOT c", And((Term("a"), Not(Term("b")), Not(Term("c"))))),
        ("a AND NOT (b OR c)", And((Term("a"), Not(Or((Term("b"), Term("c"))))))),
        ("NOT a NEAR/2 b", Not(Near(Term("a"), Term("b"), 2))),
        ("from:@JetBlue", Field("author", "jetblue")),
        ("“lost  BAG”", Term("lost bag")),
        ("coca-cola", Term("coca-cola")),
        ("and or not", And((Term("and"), Term("or"), Term("not")))),
        ("@me@host.social", Handle("me@host.social")),
        ('author:"Jane Doe"', Field("author", "jane doe")),
    ],
)
def test_meaning(text: str, meaning: Expression) -> None:
    assert parse(text) == meaning


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the query is empty; write at least one word."),
        ("a AND", "query `a AND`: character 3: something is missing after AND."),
        ("OR a", "query `OR a`: character 1: something is missing before OR (in lower case or quotation marks it is a word)."),
        ("a AND OR b", "character 7: something is missing before OR"),
        ("(a OR b", "character 1: this ( is never closed."),
        ("a OR b)", "character 7: this ) closes no (."),
        ("a ()", "character 4: something is missing before this )."),
        ('say "hello', "character 5: this quotation mark has no second one."),
        ("a NEAR b", "character 3: NEAR needs a distance in words, such as NEAR/5."),
        ("a NEAR/500 b", "character 3: NEAR reaches 100 words at most; use AND for anything farther."),
        ("a NEAR/3 b NEAR/3 c", "character 12: NEAR stands between two words or groups; join further ones with AND."),
        ("a NEAR/3 (b AND c)", "NEAR takes a word, a phrase or such joined by OR in brackets, not b AND c."),
        ("a NEAR/3 #b", "NEAR takes a word, a phrase or such joined by OR in brackets, not #b."),
        ("foo:bar", "there is no field 'foo'; there are: author, to, lang, channel, kind, link, has (put a text with : in "
         "quotation marks)."),
        ("https://a.b/c", "ask for a link as link:example.com"),
        ("lang:english1", "lang: cannot be 'english1'; it takes a language code, such as lang:en."),
        ("kind:tweet", "kind: cannot be 'tweet'; it takes one of post, reply, repost, comment,"),
        ("has:cats", "has: cannot be 'cats'; it takes one of media, image, video, audio, link."),
        ("link:localhost", "link: cannot be 'localhost'; it takes a domain, such as link:example.com."),
        ("author:", "author: cannot be ''; it takes an account, such as author:jetblue."),
        ("a *", "character 3: a * that stands alone would match everything; write it in or at the end of a word."),
        ("a ... b", "character 3: '...' has no letter, digit or emoji to look for."),
        ("#123", "'#123' cannot be a hashtag"),
        ("a - b", "character 3: '-' stands for nothing here; put it in quotation marks or leave it out."),
        ("a -NOT b", "character 4: NOT cannot stand here."),
        ("(" * 100 + "a" + ")" * 100, "more than 60 brackets are open at once."),
        ("NOT " * 100 + "a", "more than 60 NOT follow each other."),
        ("a OR " * 5_000 + "b", "20,000 is the most: make several brands of it."),
        ("x" * 300 + " AND OR " + "y" * 300, "character 306: something is missing before OR"),
    ],
)
def test_a_mistake_is_named_in_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    message = str(caught.value)
    assert sentence in message and len(message) < 250
    assert message.count("\n") == 0


def test_parts_made_by_hand_are_checked_too() -> None:
    for make, wrong in ((term, "!!!"), (term, "a * b"), (hashtag, "#a b"), (handle, "@a b"), (lambda v: field("lang", v), "12")):
        with pytest.raises(ValueError, match=r"\w"):
            make(wrong)


@pytest.mark.parametrize(
    ("query", "text", "answer"),
    [
        ("jetblue", "JETBLUE's crew", True), ("jetblue", "notjetblue", False), ("jetblue", "#JetBlue", True),
        ("jetblue", "#JetBlueFail", False), ("#jetblue*", "#JetBlueFail", True), ("#jetblue", "jetblue", False),
        ("jetblue", "https://jetblue.com/deal", False), ("link:jetblue.com", "https://www.jetblue.com/deal", True),
        ("link:jetblue.com", "https://notjetblue.com", False), ("has:link", "see www.a.org", True), ("has:link", "a.b", False),
        ("citroen", "Ma CITROËN", True), ("citroën", "ma citroen", True), ("citroe\u0308n", "Citroën", True),
        ("हिन्द", "हिन्दी", False), ("हिन्दी", "मैं हिन्दी बोलता", True), ("京都", "東京都", True), ("ドコモ", "NTTドコモ最高", True),
        ("straße", "STRASSE", False), ("ΟΔΟΣ", "οδος", True), ("😡", "late😡😡", True), ("me 😡", "me 😡", True),
        ("coca-cola", "Coca Cola", True), ("coca-cola", "cola coca", False), ('"us airways"', "us, airways", True),
        ('"us airways"', "us https://a.b airways", False), ("mcdonald's", "McDonald’s", True), ("at&t", "AT&T!", True),
        ("delay*", "delays", True), ("delay*", "delay", True), ("d*y", "delay", True), ("*blue", "jetblue", True),
        ('"lost bag*"', "lost baggage", True), ("delay*", "undelayed", False),
        ("@united", "thanks @United!", True), ("@united", ".@united", True), ("@united", "me@united", False),
        ("@united", "@unitedway", False), ("@united", "@united.bsky.social", False),
        ("@united.bsky.social", "hi @united.bsky.social.", True),
        ("to:united", "@united late", True), ("to:united", "late @united", False),
        ("late NEAR/0 again", "again late", True), ("late NEAR/1 again", "late yet again", True),
        ("late NEAR/1 again", "late yet once again", False),
        ("late NEAR/5 late", "late", False), ("late NEAR/5 late", "late, late", True),
        ('"late again" NEAR/2 late', "late again", False), ("(a OR b) NEAR/1 (c OR d)", "x b y d", True),
        ("a b", "b a", True), ("a OR b", "b", True), ("a NOT b", "a b", False), ("NOT a", "", True),
        ("lang:en", "x", False), ("NOT lang:en", "x", True),
    ],
)
def test_what_a_query_finds(query: str, text: str, answer: bool) -> None:
    assert matches(query, text) is answer


@pytest.mark.parametrize(
    ("query", "fields", "answer"),
    [
        ("lang:pt", {"lang": "pt-BR"}, True), ("lang:pt-br", {"lang": "pt"}, False), ("lang:he", {"lang": "iw"}, True),
        ("author:JetBlue", {"author": ["123", "@jetblue"]}, True), ("author:jet", {"author": "jetblue"}, False),
        ("has:media", {"has": {"image", "media"}}, True), ("has:video", {"has": {"image", "media"}}, False),
        ("kind:repost", {"kind": "repost"}, True), ("channel:x", {"channel": "reddit"}, False),
        ("#late", {"hashtags": ["Late"]}, True), ("@me@host.social", {"handles": ["me@host.social"]}, True),
        ("link:a.org", {"link": ["https://b.a.org/x"]}, True), ("to:me", {"to": "Me"}, True),
        ("author:x", {"author": None}, False),
    ],
)
def test_what_a_query_finds_in_fields(query: str, fields: dict[str, object], answer: bool) -> None:
    assert matches(query, "", fields) is answer  # type: ignore[arg-type]
