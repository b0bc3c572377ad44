"""The playbook: who has an incident of some severity at some hour of the week, what to do, and whether a person must agree
before it is told to people outside.

The first stanza that fits, in the order of the file, counts. `lint` finds hours of the week in which a severity has no owner.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from itertools import groupby
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from pipelines import hours

_SEVERITIES = re.compile(r"^(10|[1-9])(?:-(10|[1-9]))?$")


def _severities(value: str) -> str:
    found = _SEVERITIES.match(value)
    if not found or int(found[1]) > int(found[2] or found[1]):
        raise ValueError("write a severity or a range of them, such as 8 or 5-10")
    return value


def _hours(lines: list[str]) -> list[str]:
    hours.parse_all(lines)
    return lines


HoursOfWeek = Annotated[list[str], AfterValidator(_hours)]


class Rule(BaseModel):
    """[playbook.<name>]: who has incidents of these severities in these hours, and what to do."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    owner: str = Field(description="Who has it: a person, a shift or a desk, as a message names them.", min_length=1)
    severities: Annotated[str, AfterValidator(_severities)] = Field(
        default="1-10", description="Which severities: one, or a range such as 7-10."
    )
    when: HoursOfWeek = Field(
        default_factory=list,
        description="Days and hours in the project's time zone, such as 'mon-fri 08:00-20:00' or 'sat,sun'; empty: always.",
    )
    text: str = Field(default="", description="What to do first, in a sentence or two: it stands in the message.")
    approve: str = Field(
        default="", pattern=r"^(\d+[mhd])?$",
        description="How long a person is asked before a message to an outside notifier goes, such as 15m; empty: not.",
    )

    @property
    def covered(self) -> range:
        """The severities."""
        first, _, last = self.severities.partition("-")
        return range(int(first), int(last or first) + 1)

    @property
    def minutes(self) -> int:
        """The minutes of the week, as `hours` has them."""
        return hours.parse_all(self.when) if self.when else hours.ALWAYS


def rule(playbook: Mapping[str, Rule], severity: int, local: datetime) -> Rule | None:
    """The rule that holds for a severity at a local time; None where there is none."""
    fitting = (r for r in playbook.values() if severity in r.covered and hours.includes(r.minutes, local))
    return next(fitting, None)


def lint(playbook: Mapping[str, Rule]) -> list[str]:
    """Hours without an owner, a sentence each, of every severity from the lowest that the playbook names up to 10.

    >>> lint({"desk": Rule(owner="Care desk", severities="8-9", when=["mon-sat"]), "top": Rule(owner="Ana", severities="10")})
    ['severities 8 to 9 have no owner on Sunday']
    """
    if not playbook:
        return []
    lowest = min(r.covered[0] for r in playbook.values())
    open_hours = []
    for severity in range(lowest, 11):
        covered = hours.union(r.minutes for r in playbook.values() if severity in r.covered)
        open_hours.append((severity, tuple(hours.gaps(covered))))
    found = []
    for uncovered, group in groupby(open_hours, key=lambda entry: entry[1]):
        severities = [severity for severity, _ in group]
        if uncovered:
            many = len(severities) > 1
            who = f"severities {severities[0]} to {severities[-1]} have" if many else f"severity {severities[0]} has"
            found.append(f"{who} no owner {hours.said(uncovered)}")
    return found
