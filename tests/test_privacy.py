"""Redaction and pseudonyms: what goes, what stays, and that no text can upset them."""

from __future__ import annotations

import json
import random
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipelines.cli import main
from pipelines.errors import ConfigError
from pipelines.privacy import PERSONAL, REFERENCES, Protected, Pseudonymiser, find, protect, protect_batch
from pipelines.records import Brand
from pipelines.redaction.measure import FIGURES_END, FIGURES_START

# What is masked: (type, text, the masked piece of it)
MASKED = [
    ("EMAIL", "mail me at sam.o'neil+air@example.co.uk, ok?", "sam.o'neil+air@example.co.uk"),
    ("EMAIL", "write to sam (at) example (dot) com", "sam (at) example (dot) com"),
    ("EMAIL", "it is sam[at]example[dot]com thanks", "sam[at]example[dot]com"),
    ("EMAIL", "my address is sam_22 at example dot org", "sam_22 at example dot org"),
    ("EMAIL", "it is sam99 @ gmail.com", "sam99 @ gmail.com"),
    ("EMAIL", "login jo.bloggs@hotmail does not work", "jo.bloggs@hotmail"),
    ("PHONE", "@united call me 212-867-5309 please", "212-867-5309"),
    ("PHONE", "@united call me (212) 867-5309 please", "(212) 867-5309"),
    ("PHONE", "my number is +44 7700 900123.", "+44 7700 900123"),
    ("PHONE", "ring me on 00447700900123", "00447700900123"),
    ("PHONE", "tel. 06 12 34 56 78", "06 12 34 56 78"),
    ("PHONE", "@airtel_care 9876501234 not working", "9876501234"),
    ("PHONE", "98765 01234 is my number", "98765 01234"),
    ("PHONE", "text me at 867-5309", "867-5309"),
    ("PHONE", "call 08031234567 or mo9876501234", "9876501234"),
    ("PERSON", "hello, my name is priya novak, 12 Elm Street", "priya novak"),
    ("PERSON", "@acme_help I'm Anna and my bag is lost", "Anna"),
    ("PERSON", "@united thanks to Elif Moreau for her patience", "Elif Moreau"),
    ("PERSON", "@united agent Barbara was fabulous", "Barbara"),
    ("PERSON", "@united a manager named Tolvane yelled", "Tolvane"),
    ("PERSON", "@united Ms. Okonkwo helped us", "Okonkwo"),
    ("PERSON", "@12345 We are looking into it. ^Nadia", "Nadia"),
    ("PERSON", "@12345 Please send us a DM. -MikeP 2/2", "MikeP"),
    ("PERSON", "@12345 Hi Jolanda, please DM us", "Jolanda"),
    ("PERSON", "@12345 Sorry for that, Quinn. Can you DM us?", "Quinn"),
    ("PERSON", "@12345 Kind regards, Jörg", "Jörg"),
    ("PERSON", "@12345 It is sorted. Thanks, Anne-Marie https://t.co/abc", "Anne-Marie"),
    ("PERSON", "@bank_help Orvel Tasker/10115/+380671234567", "Orvel Tasker"),
    ("ADDRESS", "I live at 1600 Pennyroyal Avenue, Springfield, 20500", "1600 Pennyroyal Avenue, Springfield, 20500"),
    ("ADDRESS", "deliver to 12 Elm Street please", "12 Elm Street"),
    ("ADDRESS", "my post code is sw1a 2aa", "sw1a 2aa"),
    ("ADDRESS", "no signal in RG27 0NH", "RG27 0NH"),
    ("ADDRESS", "my zip is 60431", "60431"),
    ("CARD", "charged on 4111 1111 1111 1111 twice", "4111 1111 1111 1111"),
    ("CARD", "charged on 378282246310005 twice", "378282246310005"),
    ("CARD", "refund to DE89 3704 0044 0532 0130 00", "DE89 3704 0044 0532 0130 00"),
    ("CARD", "refund to gb29 nwbk 6016 1331 9268 19 please", "gb29 nwbk 6016 1331 9268 19"),
    ("CARD", "refund to es91 2100 0418 4502 0005 1332 that is mine", "es91 2100 0418 4502 0005 1332"),
    ("CARD", "my debit card number is 1234 5678 9012 3456", "1234 5678 9012 3456"),
    ("GOVID", "my ssn is 123-45-6789", "123-45-6789"),
    ("GOVID", "passport no: X1234567 is lost", "X1234567"),
    ("GOVID", "national insurance QQ 12 34 56 C", "QQ 12 34 56 C"),
    ("GOVID", "aadhaar 2345 6789 0123", "2345 6789 0123"),
    ("BIRTHDATE", "dob 12/03/1985", "12/03/1985"),
    ("BIRTHDATE", "I was born on 12 March 1985", "12 March 1985"),
    ("BIRTHDATE", "@SpotifyCares 12/03/85", "12/03/85"),
    ("IP", "my ip is 81.2.69.142", "81.2.69.142"),
    ("IP", "banned from 81.2.69.142!", "81.2.69.142"),
    ("IP", "address 2001:db8::8a2e:370:7334 is blocked", "2001:db8::8a2e:370:7334"),
    ("HANDLE", "@jane_doe92 lost my bag", "@jane_doe92"),
    ("HANDLE", "thanks .@115872 for nothing", "@115872"),
    ("HANDLE", "cc @anna@social.example", "@anna@social.example"),
    ("HANDLE", "\uff20jane_doe92 lost my bag", "jane_doe92"),
    ("HANDLE", "see @anna.bsky.social", "@anna.bsky.social"),
    ("HANDLE", "thanks @jane.doe for nothing", "@jane.doe"),
    ("HANDLE", "what u/john_doe92 says", "u/john_doe92"),
    ("HANDLE", "thanks, /u/Zorvan-Quist!", "/u/Zorvan-Quist"),
    ("EMAIL", "[form](https://acme.com/f):jane.roe@example.com", "jane.roe@example.com"),
    ("EMAIL", "see https://acme.com/help,jane.roe@example.com", "jane.roe@example.com"),
    ("EMAIL", "see www.acme.com/help;jane.roe@example.com", "jane.roe@example.com"),
    ("PHONE", "call me, https://acme.com/help,212-867-5309", "212-867-5309"),
    ("HANDLE", "see acme.com/help,@jane_doe92", "@jane_doe92"),
    ("HANDLE", "thanks@jane_doe92 and you@115872", "@jane_doe92"),
    ("BOOKINGREF", "booking reference ABC123 please", "ABC123"),
    ("BOOKINGREF", "confirmation code KARAAX is mine", "KARAAX"),
    ("BOOKINGREF", "@united 8EKQS4", "8EKQS4"),
    ("BOOKINGREF", "@united 0162345678901", "0162345678901"),
    ("CASEREF", "Case ID 7876754", "7876754"),
    ("CASEREF", "see claim# xyzab09139 again", "xyzab09139"),
    ("CASEREF", "my bag ORDUA12345", "ORDUA12345"),
    ("ORDERREF", "order 402-1234567-1234567 never came", "402-1234567-1234567"),
    ("ORDERREF", "order no 913181", "913181"),
    ("ACCOUNTREF", "smart card no: 89792223171", "89792223171"),
    ("ACCOUNTREF", "my skymiles number is 4261171296", "4261171296"),
]

# What stays as it is.
KEPT = [
    "flight UA1750 from EWR at 10:30 on 2/17, gate B91, seat 27D",
    "tail N598JB and N775JB",
    "version 10.2.3.4 crashes",
    "updated to iOS 11.0.3 and app 8.4.26.770",
    "ISBN 978-3-16-148410-0 costs $1,299.00 or 4.990/3months",
    "https://t.co/9876501234 and https://x.test/p?mail=sam@example.com&tel=2128675309",
    "www.example.com/@anna/status/563512345678901234",
    "https://en.example.org/wiki/Foo_(bar)/9876501234 https://maps.example.com/@51.5,-0.12,17z https://e.org/a,9876501234.html",
    "https://user:word@example.com/a and https://reddit.example/u/john_doe92 and u/Uber_Support, tell me if u/your friend can",
    "spotify:user:19343:playlist:aU7sjfap6512987456yspj",
    "status 567588278875213824",
    "call us on 1-800-433-7300, 0345 322 0000 or 0800 042 0800",
    "1 000 000 000 users and 99.99999999%",
    "@united @British_Airways @FlyTPA @AskPlayStation @comcastcares @zoom_us hello",
    "only at Target dot com, lunch@noon, mail to cis@amazon",
    "DPCI 030-02-8711",
    "@united I called 610-362-7498 and nobody answers",
    "the CEO Mr. Doug Parker said so",
    "Mr. Parcel was closed at 1135 am",
    "I love Paris, London and Taylor Swift's new song",
    "Hi Yahoo. Hey Siri, thanks guys, thank you Delta!",
    "an 8 hour drive and a 1 click way to do this",
    "__email__ and <email> and @user",
    "Order 66 and case 3 of 5, booking for 2 adults",
    "polskie dni 12345678 i sin 12345678",
    "my passport is 5 years old and 3 days late",
    "[EMAIL] [PHONE] [PERSON] [BOOKINGREF] [HANDLE]",
]


@pytest.mark.parametrize(("kind", "text", "piece"), MASKED)
def test_found_and_replaced(kind: str, text: str, piece: str) -> None:
    hits = [(s.type, text[s.start : s.end]) for s in find(text)]
    assert any(k == kind and piece.lower() in hit.lower() for k, hit in hits), hits
    assert f"[{kind}]" in protect(text).text
    assert piece not in protect(text).text


@pytest.mark.parametrize("text", KEPT)
def test_left_alone(text: str) -> None:
    assert protect(text) == Protected(text, ())


def test_references_are_handed_to_care_and_nothing_else_is() -> None:
    text = "@jane_d booking ABC123 and case # 7876754, mail sam@example.com"
    assert protect(text).references == (("BOOKINGREF", "ABC123"), ("CASEREF", "7876754"))
    assert protect(text).text == "[HANDLE] booking [BOOKINGREF] and case # [CASEREF], mail [EMAIL]"


def test_handles_of_configured_brands_stay_in_any_case() -> None:
    brands = (Brand(key="zyx", name="Zyx", handles=("zyxcorp_team", "@ZyxHQ", "zyx.fly")),)
    text = "@ZyxCorp_Team and @zyxhq, @zyx.fly, u/ZyxHQ but not @zyxfan, @zyx.doe"
    assert protect(text, brands).text == "@ZyxCorp_Team and @zyxhq, @zyx.fly, u/ZyxHQ but not [HANDLE], [HANDLE]"


def test_handles_with_dots_where_the_channel_has_them() -> None:
    texts = ["hi @anna.b-c ok", "hi @anna-b ok"]
    assert [p.text for p in protect_batch(texts, ["instagram"] * 2)] == ["hi [HANDLE] ok"] * 2
    assert [p.text for p in protect_batch(texts, ["x"] * 2)] == ["hi [HANDLE] ok", "hi [HANDLE]-b ok"]
    said = ["hi @jane_doe.thanks", "hi @jane_doe.Sorry", "@jane.d@mastodon.example ok"]
    assert [p.text for p in protect_batch(said, ["x"] * 3)] == ["hi [HANDLE].thanks", "hi [HANDLE].Sorry", "[HANDLE] ok"]


def test_a_number_after_call_us_is_whose_post_it_is() -> None:
    assert "[PHONE]" in protect("@AmericanAir please call us on 740-360-6450").text
    assert "[PHONE]" not in protect("@115872 please call us on 740-360-6450").text


_FRAGMENTS = st.sampled_from(
    [text for _, text, _ in MASKED] + [piece for _, _, piece in MASKED] + KEPT
    + ["@", "@a", ".", " ", "\n", "(", "name is ", "Hi ", "Anna", "Bob and ", "case # ", "call us ", "12", "555", "-", "/"]
    + ["[", "]", "::", "İ", "^", "https://t.co/", "sam@", "gmail.com", " at ", " dot com", "Mr. ", "😀", "\0", "\u200b"]
    + ["__email__", "order ", "'s", ", ", "u/", "u/anna", ")", ";", "|"]
)
_SOME = st.lists(_FRAGMENTS, max_size=12)
_ANY = st.one_of(st.text(max_size=120), _SOME.map("".join), _SOME.map(" ".join))
_LINKS = st.from_regex(r"https?://[a-z]{1,8}\.[a-z]{2,3}/[\w@.+&?=/-]{0,40}", fullmatch=True)


@settings(max_examples=400, deadline=None)
@given(_ANY)
@example("İ@anna 212-867-5309")
@example("ﬁ (at) ß (dot) com")
def test_spans_tell_exactly_what_was_replaced(text: str) -> None:
    spans = find(text)
    assert spans == sorted(spans) and all(s.type in PERSONAL | REFERENCES and s.start < s.end <= len(text) for s in spans)
    assert all(a.end <= b.start for a, b in pairwise(spans))
    rest, rebuilt = protect(text).text, ""
    at = 0
    for span in spans:
        token = f"[{span.type}]"
        gap = text[at : span.start]
        assert rest.startswith(gap + token)
        rebuilt += gap + text[span.start : span.end]
        rest, at = rest[len(gap + token) :], span.end
    assert rebuilt + rest == text


@settings(max_examples=400, deadline=None)
@given(_ANY)
@example("000A0A@0000")
@example("@VERSION 10.0.0.0")
@example("@0.bsky.social@0")
@example("@0.@0.A")
@example(":@0 Nadia")
@example("U/000@0")
@example("@0/U/000")
@example("4444 " * 7)
@example("Hi Anna and Bob, 212-867-5309")
def test_protecting_twice_changes_nothing(text: str) -> None:
    once = protect(text).text
    assert protect(once) == Protected(once, ())


@settings(max_examples=150, deadline=None)
@given(st.lists(_FRAGMENTS, max_size=6).map(" ".join), _LINKS)
def test_links_are_never_touched(text: str, link: str) -> None:
    assert link in protect(f"{text} {link} 212-867-5309").text


@settings(max_examples=100, deadline=None)
@given(st.lists(_ANY, max_size=8))
def test_a_batch_is_its_texts_one_by_one(texts: list[str]) -> None:
    assert protect_batch(texts) == [protect(text) for text in texts]


_REPEATED = [
    "1", "@", "@a ", "a.b@", "Aa", "Anna ", "Hi Nadia, ", "Hi Anna and ", "12-", "1.", "1:", "::1 ", "a at b dot ",
    "case # 1a2b3c ", "\n", "+1", "212-555-0123 ", "Mr. Bob ", "^Anna ", "4444 ", "12345 a, b, 12345 ", "abcd efg, hij 123456 ",
    "x@x.xx ", "guy named ", "[PHONE]", "Élise ", "W1A 1AA ", "http://", "a.", "(1", "İ",
    "http://a(", "http://a,a", "u/anna ", "gb29 nwbk ", "@a.b.",
]  # fmt: skip


@pytest.mark.parametrize("piece", _REPEATED)
def test_time_grows_with_the_text_and_no_faster(piece: str) -> None:
    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        begin = time.process_time()
        protect(text)
        return time.process_time() - begin

    seconds(5_000)
    small = min(seconds(25_000) for _ in range(3))
    # Eight times the text: a square would take 64 times as long. The least of some tries, for busy machines.
    assert any(seconds(200_000) < max(0.5, 24 * small) for _ in range(3))


def test_a_million_characters_do_not_stop_the_line() -> None:
    made = random.Random(1)
    for text in ("@" * 1_000_000, "1" * 1_000_000, "a" * 1_000_000, "".join(made.choices("0123456789 -aA@.", k=300_000))):
        begin = time.perf_counter()
        protect(text)
        assert time.perf_counter() - begin < 30


def test_one_author_has_one_pseudonym_a_channel() -> None:
    pseudonyms = Pseudonymiser("salt")
    made = {pseudonyms.author_id("x", name) for name in ("@Name", "name", "NAME ", "＠ｎａｍｅ", " @name")}
    assert len(made) == 1
    assert made != {pseudonyms.author_id("youtube", "name")}
    assert made != {Pseudonymiser("other").author_id("x", "name")}
    assert pseudonyms.author_id("x", " @ ") == ""


def test_pseudonyms_survive_a_new_process() -> None:
    # Stored ids must stay what they are: this value may only change with a migration.
    assert Pseudonymiser("salt").author_id("x", "name") == "cfinmt3n4cv4tdqa"


@given(st.text(), st.text(), st.text(min_size=1))
def test_any_author_gets_a_short_safe_id(channel: str, raw: str, salt: str) -> None:
    made = Pseudonymiser(salt).author_id(channel, raw)
    assert made == "" or (len(made) == 16 and made.isascii() and made.isalnum() and made == made.lower())


def test_an_empty_salt_is_refused() -> None:
    with pytest.raises(ConfigError, match="salt"):
        Pseudonymiser("")


def _redact(tmp_path: Path, lines: bytes) -> tuple[int, Path]:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(lines)
    return main(["redact", "--input", str(source), "--output", str(target)]), target


def test_redact_keeps_order_ids_and_offsets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    texts = {"b": "😀 mail sam@example.com", 1: "nothing", "a": "half \ud83d of a pair"}
    rows = [{"id": key, "text": text} for key, text in texts.items()]
    code, target = _redact(tmp_path, b"\xef\xbb\xbf" + "\n".join(map(json.dumps, rows)).encode() + b"\n\n")
    answers = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert code == 0 and capsys.readouterr().err == ""
    assert answers == [
        {"id": "b", "text": "😀 mail [EMAIL]", "spans": [{"start": 7, "end": 22, "type": "EMAIL"}]},
        {"id": 1, "text": "nothing", "spans": []},
        {"id": "a", "text": "half \ud83d of a pair", "spans": []},
    ]


@pytest.mark.parametrize(("bad", "said"), [
    (b"{broken", "line 2: is not JSON"), (b"[1]", "line 2: is not an object"), (b'{"id": 1}', "line 2: has no 'text'"),
    (b'{"text": "a"}', "line 2: has no 'id'"), (b'{"id": 1, "text": 5}', "line 2: 'text' is not a string"),
    (b'{"id": 1, "text": "\xff"}', "line 2: is not UTF-8"), (b"[" * 100_000, "line 2: is not JSON"),
])  # fmt: skip
def test_a_broken_line_is_one_sentence_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, bad: bytes, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _ = _redact(tmp_path, b'{"id": 0, "text": "a"}\n' + bad + b"\n")
    error = capsys.readouterr().err
    assert code == 2 and said in error and error.count("\n") == 1 and len(error) < 400
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.jsonl"]


def test_redact_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["redact", "--input", "nowhere.jsonl", "--output", "out.jsonl"]) == 2
    assert "nowhere.jsonl: cannot be read" in capsys.readouterr().err
    assert main(["redact", "--input", "x"]) == 2
    (tmp_path / "in.jsonl").write_text('{"id": 1, "text": "a"}\n')
    assert main(["redact", "--input", "in.jsonl", "--output", "no/such/folder/out.jsonl"]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_redact_keeps_the_handles_of_earshot_toml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "earshot.toml").write_text('[brands.zyx]\nname = "Zyx"\nhandles = ["zyxfan"]\n')
    _, target = _redact(tmp_path, b'{"id": 0, "text": "@zyxfan and @zyxfoe"}\n')
    assert json.loads(target.read_text())["text"] == "@zyxfan and [HANDLE]"


def test_evaluate_prints_intervals_and_writes_them_into_a_card(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gold = tmp_path / "gold.jsonl"
    rows = [
        {"text": "mail sam@example.com", "spans": [{"start": 5, "end": 20, "type": "EMAIL"}]},
        {"text": "case # 7876754", "spans": [{"start": 7, "end": 14, "type": "CASEREF"}]},
        {"text": "I'm Zorvania", "spans": [{"start": 4, "end": 12, "type": "PERSON"}]},
    ]
    gold.write_text("\n".join(map(json.dumps, rows)))
    card = tmp_path / "card.md"
    card.write_text(f"before\n{FIGURES_START}\nold\n{FIGURES_END}\nafter\n")
    assert main(["redact", "--evaluate", str(gold), "--card", str(card)]) == 0
    shown = capsys.readouterr().out
    assert "| EMAIL found | 1 of 1 | 100.0% | 20.7% to 100.0% |" in shown
    assert "| PERSON found | 0 of 1 | 0.0% | 0.0% to 79.3% |" in shown
    assert "| posts without personal data that were altered | 0 of 1 |" in shown
    assert shown.strip() in card.read_text() and "old" not in card.read_text() and card.read_text().endswith("after\n")
