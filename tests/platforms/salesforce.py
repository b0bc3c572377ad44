"""Salesforce: tokens by client credentials, `queryAll` with SOQL, and pages by `nextRecordsUrl` (developer.salesforce.com).

A token ends after some requests. Deleted rows are in `queryAll` with IsDeleted. Every change moves SystemModstamp.
"""

from __future__ import annotations

import base64
import re
from datetime import datetime
from typing import Any

from tests.platforms.base import SECRET, Answer, Base, Post, Request

PREFIXES = {"Case": "500", "CaseComment": "00a", "EmailMessage": "02s"}


class Platform(Base):
    kind = "salesforce"
    page = 10
    overhead = 0

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.left, self.tokens = 0, 0
        self.issued_at: datetime | None = None
        self.is_faulty = False
        self.cursors: dict[str, tuple[str, int]] = {}
        tops = self.posts[::12]
        for number, post in enumerate(self.posts):
            post.parent = None if number % 12 == 0 else tops[self.chance.randrange(number // 12 + 1)].id
        for post in tops:
            post.deleted_at = None

    def stanza(self) -> dict[str, Any]:
        return {
            "domain": "acme.my", "consumer_key": "env:PLATFORM_TOKEN", "consumer_secret": "env:PLATFORM_TOKEN", "text": True,
            "base_url": self.url, "rate": "25/1s",
        }

    def object(self, post: Post) -> str:
        return "Case" if not post.parent else ("CaseComment", "EmailMessage")[int(post.id) % 2]

    def native(self, post: Post) -> str:
        return f"{PREFIXES[self.object(post)]}0000000{post.id}AAA"

    def expected(self) -> dict[str, str | None]:
        return {self.native(p): t for p, t in zip(self.posts, super().expected().values(), strict=True)}

    def _fault(self, key: str) -> str:
        fault = super()._fault(key)
        self.is_faulty = bool(fault)
        return fault

    def answer(self, request: Request) -> Answer:
        if request.path == "/services/oauth2/token":
            basic = base64.b64encode(f"{SECRET}:{SECRET}".encode()).decode()
            if request.headers.get("authorization") != f"Basic {basic}" or request.form["grant_type"] != "client_credentials":
                return Answer({"error": "invalid_client", "error_description": "invalid client credentials"}, 400)
            self.overhead += self.issued_at == self.now and not self.is_faulty  # a token that ended has to be renewed
            self.left, self.tokens, self.issued_at = 7, self.tokens + 1, self.now
            token = {"access_token": f"{SECRET}!{self.tokens}", "instance_url": "https://acme.my.salesforce.com"}
            return Answer(token | {"token_type": "Bearer"})
        self.left -= 1
        if self.left < 0 or request.headers.get("authorization") != f"Bearer {SECRET}!{self.tokens}":
            self.overhead += not self.is_faulty
            return Answer([{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}], 401)
        path = request.path.split("/", 4)[-1].strip("/")
        if path == "queryAll":
            return self._query(request.values["q"], 0)
        locator = path.partition("/")[2]
        return self._query(*self.cursors[locator])

    def _stamp(self, post: Post) -> datetime:
        gone = [post.deleted_at] if post.deleted_at and post.deleted_at <= self.now else []
        return max([post.edited_at(self.now), *gone])

    def _query(self, soql: str, first: int) -> Answer:
        match = re.search(r"FROM (\w+)(.*)", soql)
        assert match is not None
        name, where = match.groups()
        found = sorted(
            (self._stamp(p), self.native(p), p) for p in self.posts if p.at <= self.now and self.object(p) == name
        )
        found = [(at, i, p) for at, i, p in found if self._matches(where, f"{at:%Y-%m-%dT%H:%M:%SZ}", i)]
        rows = [self._record(p) for *_, p in found[first : first + self.page]]
        is_done = first + self.page >= len(found)
        answer: dict[str, Any] = {"totalSize": len(found), "done": is_done, "records": rows}
        if not is_done:
            locator = f"01g{len(self.cursors)}-{first + self.page}"
            known = next((k for k, v in self.cursors.items() if v == (soql, first + self.page)), locator)
            self.cursors[known] = (soql, first + self.page)
            answer["nextRecordsUrl"] = f"/services/data/v59.0/query/{known}"
        return Answer(answer)

    def _matches(self, where: str, at: str, native_id: str) -> bool:
        if "Id IN" in where:
            return f"'{native_id}'" in where
        if "LIMIT" in where:
            return True
        end = re.search(r"SystemModstamp < ([^ ]+)", where)
        after = re.search(r"SystemModstamp > ([^ ]+) OR .*Id > '(\w+)'", where)
        start = re.search(r"SystemModstamp >= ([^ ]+)", where)
        assert end is not None
        begins = (at, native_id) > after.groups() if after else start is not None and at >= start[1]
        return begins and at < end[1]

    def _record(self, post: Post) -> dict[str, Any]:
        top = next((p for p in self.posts if p.id == post.parent), None)
        text = {"Case": "Description", "CaseComment": "CommentBody", "EmailMessage": "TextBody"}[self.object(post)]
        stamped = f"{self._stamp(post):%Y-%m-%dT%H:%M:%S.000+0000}"
        created = f"{post.at:%Y-%m-%dT%H:%M:%S.000+0000}"
        row: dict[str, Any] = {
            "attributes": {"type": self.object(post), "url": "/services/data"}, "Id": self.native(post), "CreatedDate": created,
            "SystemModstamp": stamped, "IsDeleted": bool(post.deleted_at and post.deleted_at <= self.now),
            text: post.text_at(self.now), "CreatedById": "005", "CreatedBy": {"UserType": "Standard"}, "IsPublished": True,
            "Incoming": False, "MessageDate": created, "CaseNumber": post.id,
            "Origin": ("Phone", "Twitter", None)[int(post.id) % 3],
        }
        if top:
            opened = f"{top.at:%Y-%m-%dT%H:%M:%S.000+0000}"
            parent = {"Origin": "Email", "CaseNumber": top.id, "ContactId": "003", "CreatedDate": opened}
            row |= {"ParentId": self.native(top), "Parent": parent}
        return row
