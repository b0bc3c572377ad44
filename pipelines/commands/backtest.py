"""Run a detector or a vendor's rule over the past and say what it would have raised, when, how often, and how well.

    earshot backtest --series FILE.csv --scores OUT.csv --alerts OUT.jsonl   a series of counts: columns timestamp,value
    earshot backtest --crises [--rule NAME] [--compare NAME]                 bundled crises: simulated, so all is known
    earshot backtest [--rule NAME] [--from DAY] [--to DAY]                   the history in the warehouse
    earshot backtest --keep                                                  all rules over both, for the Alert Lab's page

NAME is a stanza or a kind of detector, or a vendor's rule; without --rule it is the first detector of earshot.toml. Nothing
later than a bucket decides about it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipelines import series
from pipelines.backtest import BUCKETS_A_MONTH, Alerted, candidate, quality, replay
from pipelines.commands import config
from pipelines.detectors.base import Detector, Subject, bucket_of, bucket_start
from pipelines.errors import ConfigError, InputError
from pipelines.history import History
from pipelines.novelty import LOOKED_BACK
from pipelines.rules import Rule
from pipelines.settings import Settings, span


def add_arguments(parser: argparse.ArgumentParser) -> None:
    config.add_arguments(parser)
    parser.add_argument("--series", type=Path, metavar="FILE.csv", help="a series of counts: columns timestamp,value")
    parser.add_argument("--scores", type=Path, metavar="OUT.csv", help="where the scores of the series go, 0 to 1, one a row")
    parser.add_argument("--alerts", type=Path, metavar="OUT.jsonl", help="where alerts go, one JSON object an episode")
    parser.add_argument("--crises", action="store_true", help="run over the bundled simulated crises")
    parser.add_argument("--brands", type=int, default=4, metavar="N", help="simulated brands of each kind of crisis (default: 4)")
    parser.add_argument("--rule", metavar="NAME", help="a detector or a vendor's rule")
    parser.add_argument("--compare", metavar="NAME", help="a second one, set beside the first")
    parser.add_argument("--budget", metavar="DAYS", help="at most one false page per brand in this time, such as 60d")
    parser.add_argument("--keep", action="store_true", help="run all rules over crises and history, for the page")
    parser.add_argument("--from", dest="since", type=_day, metavar="DAY", help="alerts from this day on, such as 2026-01-31")
    parser.add_argument("--to", dest="until", type=_day, metavar="DAY", help="and before this one")


def _day(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day; write it like 2026-01-31") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def run(args: argparse.Namespace) -> int:
    """Run what was asked for and print a summary."""
    if args.series is not None:
        if args.rule or args.compare:
            raise InputError("--series is scored by return periods; leave out --rule and --compare.")
        return _series(args)
    if args.brands < 1:
        raise InputError("--brands must be 1 or more.")
    if args.keep:
        return _keep(args)
    settings = config.settings(args, optional=True)
    names = [args.rule or next(iter(settings.detectors), "recurrence"), *([args.compare] if args.compare else [])]
    return _crises(args, settings, names) if args.crises else _history(args, settings, names)


def _keep(args: argparse.Namespace) -> int:
    from pipelines import lab, publish

    if args.rule or args.compare or args.budget or args.since or args.until or args.crises:
        raise InputError("--keep runs every rule over everything; leave out the other options but --brands.")
    settings, now = config.settings(args), datetime.now(UTC)
    kept = lab.keep(settings, now=now, brands=args.brands)
    version = publish.run(settings, now=now).version
    print(
        f"{kept.rules} rules over {kept.crises} simulated crises and the history of {kept.brands} brands, with "
        f"{kept.verdicts} verdicts to go by; snapshot {version}. The page Alert Lab shows them."
    )
    return 0


def _series(args: argparse.Namespace) -> int:
    read = series.read(args.series)
    found = series.detect(read)
    if args.scores:
        _write(args.scores, series.written_scores(read, found))
    if args.alerts:
        _write(args.alerts, series.written_alerts(found))
    worst = max((told["severity"] for alert in found.alerts for told in (alert, *alert["escalated"])), default=0)
    print(
        f"{len(read.values):,} rows of {read.seconds} seconds, {len(found.alerts)} alerts"
        + (f", the worst of severity {worst}." if worst else ".")
    )
    return 0


def _options(args: argparse.Namespace, rule: object) -> dict[str, str]:
    is_ours = isinstance(rule, Detector) and "page_every" in type(rule).model_fields
    if not args.budget or not is_ours:
        return {}
    if not (args.budget[:-1].isdigit() and args.budget.endswith("d") and int(args.budget[:-1]) > 0):
        raise ConfigError(f"--budget {args.budget!r} is not a number of days; write it like 60d.")
    return {"page_every": args.budget}


def _crises(args: argparse.Namespace, settings: Settings, names: Sequence[str]) -> int:
    from pipelines import crises

    block, events = crises.simulate(args.brands)
    days = block.width // 96
    print(f"Simulated: {len(block.brands)} brands of {days} days, {sum(e.is_crisis for e in events)} crises.")
    head = ("found", "in 1 h", "paged", "precision", "delay", "false/month", "false pages/month")
    print(f"{'':<18}" + "".join(f"{title:>{len(title) + 2}}" for title in head))
    for name in names:
        rule = candidate(settings, name)
        rule = candidate(settings, name, **_options(args, rule))
        alerts = replay(rule, [block])
        if args.alerts and name == names[0]:
            _write(args.alerts, _lines(alerts))
        for kind in ("all", *crises.KINDS):
            chosen = [e for e in events if kind in ("all", e.kind)]
            brands = {e.brand for e in chosen}
            q = quality([a for a in alerts if a.brand in brands], chosen, block.first, block.width)
            delay = "-" if q.delay_minutes is None else f"{q.delay_minutes:.0f} min"
            shares = (q.recall, q.recall_hour, q.paged, q.precision) if q.crises else (None, None, None, None)
            cells = ["-" if s is None else f"{s:.0%}" for s in shares]
            cells += [delay, f"{q.false_per_brand_month:.2f}", f"{q.false_pages_per_brand_month:.2f}"]
            label = name if kind == "all" else f"  {kind}"
            print(f"{label:<18}" + "".join(f"{cell:>{len(title) + 2}}" for cell, title in zip(cells, head, strict=True)))
        _print_budget(rule)
    return 0


def _print_budget(rule: object) -> None:
    """Budget in, threshold out."""
    days = getattr(rule, "page_every", None)
    if days is None:
        return
    from pipelines import surge
    from pipelines.budget import simulated_height

    height = simulated_height("page", float(days[:-1]))
    print(
        f"Budget: one false page per brand in {days[:-1]} days. A new brand is paged on a surge of height {height:.2f} or more "
        f"({surge.in_words(height)} on the detector's own scale); after that its own history decides."
    )


def _history(args: argparse.Namespace, settings: Settings, names: Sequence[str]) -> int:
    from pipelines import history as past
    from pipelines.store import open_warehouse

    now = datetime.now(UTC)
    with open_warehouse(settings) as connection:
        rules = [candidate(settings, name) for name in names]
        read = {
            subject: past.read(
                connection, now, tuple(settings.brands), subject=subject, target=span(settings.care.first_response_target),
                sources=past.lasting(settings),
            )
            for subject in dict.fromkeys(_subject(rule) for rule in [*rules, None])
        }
    if not read["brands"].end or not len(read["brands"].buckets):
        raise InputError("the warehouse holds no history yet; `earshot run` fills it, or try --crises.")
    for name, plain in zip(names, rules, strict=True):
        rule = candidate(settings, name, **_options(args, plain))
        over = _over(args, _subject(rule), read)
        alerts = [a for a in replay(rule, read[over.subject].blocks()) if over.since <= a.fired < over.until]
        if args.alerts and name == names[0]:
            _write(args.alerts, _lines(alerts))
        pages = sum(a.page is not None for a in alerts)
        print(
            f"{name}: {len(alerts)} alerts, {pages} of them pages, on {over.count} {over.noun}s from "
            f"{bucket_start(over.since):%Y-%m-%d} to {bucket_start(over.until):%Y-%m-%d}: "
            f"{len(alerts) / over.months:.2f} per {over.noun} and month."
        )
        _print_budget(rule)
        for alert in alerts[:20]:
            tier = "page " if alert.page is not None else "watch"
            print(f"  {bucket_start(alert.fired + 1):%Y-%m-%d %H:%M}  {tier}  {alert.brand}  severity {alert.severity}")
        if len(alerts) > 20:
            print(f"  and {len(alerts) - 20} more; --alerts FILE writes all of them.")
    return 0


@dataclass(frozen=True, slots=True)
class _Over:
    """What a rule was run over; buckets are counted since 1970."""

    subject: Subject
    since: int
    until: int
    count: int  # brands or sources that it read
    noun: str

    @property
    def months(self) -> float:
        return (self.until - self.since) / BUCKETS_A_MONTH * max(self.count, 1)


def _over(args: argparse.Namespace, subject: Subject, read: Mapping[Subject, History]) -> _Over:
    """The part of the history that is reported on, of what a rule of this subject looks at: topics are those of the last week."""
    brands, own = read["brands"], read[subject]
    first = int(own.buckets[0]) if len(own.buckets) else int(brands.buckets[0])
    if subject == "topics":
        first = max(int(brands.buckets[0]), own.end - LOOKED_BACK * 4)
    since = max(bucket_of(args.since), first) if args.since else first
    until = min(bucket_of(args.until), own.end) if args.until else own.end
    if since >= until:
        raise InputError("--from and --to leave no history to report on.")
    counts = {"brands": len(brands.brands), "topics": len(brands.brands)}
    noun = "source" if subject == "sources" else "brand"
    return _Over(subject, since, until, counts.get(subject, len(set(own.rows.tolist()))), noun)


def _subject(rule: Detector | Rule | None) -> Subject:
    """What a rule reads; the vendors' rules read brands."""
    return rule.subject if isinstance(rule, Detector) else "brands"


def _lines(alerts: Iterable[Alerted]) -> Iterable[str]:
    for a in alerts:
        yield json.dumps({
            "brand": a.brand, "onset": bucket_start(a.onset).isoformat(), "fired_at": bucket_start(a.fired + 1).isoformat(),
            "severity": a.severity, "tier": "watch" if a.page is None else "page",
            "paged_at": None if a.page is None else bucket_start(a.page + 1).isoformat(),
            "resolved_at": None if a.ended is None else bucket_start(a.ended + 1).isoformat(),
        }) + "\n"


def _write(path: Path, lines: Iterable[str]) -> None:
    part = path.with_name(path.name + ".part")
    try:
        with part.open("w", encoding="utf-8") as file:
            file.writelines(lines)
        part.replace(path)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}.") from None
    finally:
        part.unlink(missing_ok=True)
