"""Test everything that `earshot run` will use: a hundred rows of each source, the warehouse, the model, the notifiers.

One line each, with what was seen and what to do. Exit code 1 when anything would make a run fail or come back empty-handed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from pipelines.commands import config
from pipelines.commands.sampling import Sample, sample
from pipelines.errors import ConfigError, EarshotError, SourceError, WarehouseError
from pipelines.playbook import lint
from pipelines.settings import Settings

ROWS = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    config.add_arguments(parser)


def fields_line(seen: Sample) -> str:
    """Which fields were mapped and how often: `text 100 %, published_at 98 %, author_id 100 %`."""
    return ", ".join(f"{name} {share:.0%}" for name, share in seen.mapped().items())


def source(settings: Settings, name: str) -> str:
    """What a source gives; raises SourceError where a run would store nothing of what it gives."""
    seen = sample(settings, settings.plugin("sources", name), limit=ROWS)
    if not seen.mentions and seen.rejected:
        raise SourceError(
            f"all of the first {len(seen.rejected)} rows would be quarantined; the first: {seen.rejected[0].reason}"
        )
    if not seen.mentions:
        return "reachable, no mention in its latest window"
    mapped = seen.mapped()
    if "text" not in mapped:
        raise SourceError(
            f"none of the first {len(seen.mentions)} rows has a text: check its mapping; "
            f"mapped are {fields_line(seen) or 'no fields'}."
        )
    notes = f"; {len(seen.rejected)} rows would be quarantined ({seen.rejected[0].reason})" if seen.rejected else ""
    if "published_at" not in mapped:
        undated = next(m.time_note for m in seen.mentions)
        raise SourceError(
            f"none of the first {len(seen.mentions)} rows has a date that can be read ({undated}): pages would stay empty."
        )
    return f"{len(seen.mentions)} rows read: {fields_line(seen)}{notes}"


def warehouse(settings: Settings) -> str:
    """Open the warehouse for writing, which also brings its tables up to date."""
    from pipelines.store import open_warehouse

    with open_warehouse(settings, timeout=5) as connection:
        row = connection.sql("SELECT count(*) FROM mentions").fetchone()
    return f"{settings.storage}: {row[0] if row else 0:,} mentions"


def model(settings: Settings) -> str:
    """Load the active model and score one sentence."""
    if settings.models.active == "none":
        return "none: brands are matched, sentiment stays unknown"
    from pipelines import enrich

    models = settings.models
    loaded = enrich.model_of(models.active, models.tier, settings.replaced, device=models.device)
    answer = loaded.score(["Thank you, the crew was wonderful!"]).labels()[0]
    instead = "".join(f", {r.head} by {r.checkpoint}" for r in settings.replaced)
    return f"{loaded.name}@{loaded.version} works{instead} (a thank-you reads {answer})"


def notifier(settings: Settings, name: str) -> str:
    """Test an address without alarming anybody, and whether the brands that it names are there."""
    from pipelines import alert

    found = alert.notifier(settings, name)
    unknown = [brand for brand in found.brands if brand not in settings.brands and brand != "sources"]
    if unknown:
        there = ", ".join(settings.brands)
        raise ConfigError(f"[notifiers.{name}] brands: there is no [brands.{unknown[0]}]; there are: {there}.")
    return found.check()


def playbook(settings: Settings) -> str:
    """Has every severity an owner at every hour of the week?"""
    found = lint(settings.playbook)
    if found:
        raise ConfigError(f"{'; '.join(found)} ({settings.project.timezone}): add a [playbook.<name>] stanza for these hours.")
    count = len(settings.playbook)
    return f"{count} rule{'' if count == 1 else 's'}; every severity from the lowest on has an owner at every hour of the week"


def queries(settings: Settings) -> list[str]:
    """What is doubtful about the queries of brands; `earshot query lint` says the same, and of names too."""
    from pipelines.commands.query import warnings
    from pipelines.query.dialects import DIALECTS, dialect_of
    from pipelines.query.language import parse

    kinds = dict.fromkeys(dialect_of(str(stanza.get("kind"))).name for stanza in settings.sources.values())
    dialects = [DIALECTS[kind] for kind in kinds]
    written = {key: parse(brand.query) for key, brand in settings.brands.items() if brand.query}
    return [f"[brands.{key}] query: {warn.sentence}" for key, query in written.items() for warn in warnings(query, dialects)]


def duties(settings: Settings, *, now: datetime) -> list[str]:
    """One warning for each source and duty that is overdue; a run makes up for it."""
    from pipelines import ledger

    words = {
        "recheck": "should have been looked up again", "refresh": "should have been seen again or deleted",
        "erase": "were withdrawn and should have been erased",
    }
    found: dict[tuple[str, str], list[ledger.Owed]] = {}
    overdue: list[ledger.Owed] = []
    with suppress(WarehouseError):  # which is said already
        overdue = ledger.overdue(settings, now=now)
    for one in overdue:
        found.setdefault((one.source, one.kind), []).append(one)
    return [
        f"{source}: {sum(one.count for one in late):,} mentions {words[kind]}, the first of them by "
        f"{late[0].due_at:%d %b %H:%M} UTC; `earshot run` does it, and so does Airflow where it runs."
        for (source, kind), late in sorted(found.items())
    ]


def missing(settings: Settings, *, now: datetime) -> list[str]:
    """One warning for each source with gaps that stay or are large."""
    from pipelines import lacking

    return [lacking.sentence(settings, name, found) for name, found in lacking.worth_telling(settings, now=now).items()]


def run(args: argparse.Namespace) -> int:
    """Check one thing after another; a fault in one hides no other."""
    settings = config.settings(args)
    checks: list[tuple[str, Callable[[], str]]] = [("warehouse", lambda: warehouse(settings)), ("model", lambda: model(settings))]
    checks += [(f"source {n}", lambda n=n: source(settings, n)) for n in settings.sources]  # type: ignore[misc]
    checks += [(f"notifier {n}", lambda n=n: notifier(settings, n)) for n in settings.notifiers]  # type: ignore[misc]
    if settings.playbook:
        checks.append(("playbook", lambda: playbook(settings)))
    failed = 0
    for name, test in checks:
        try:
            print(f"✓ {name}: {test()}")
        except EarshotError as error:
            failed += 1
            print(f"✗ {name}: {error}")
    if not settings.sources:
        failed += 1
        print("✗ sources: there is none yet; `earshot add source KIND` adds one.")
    if not settings.brands:
        failed += 1
        print("✗ brands: there is none yet; `earshot init` asks for them, or write a [brands.<key>] stanza with its name.")
    now = datetime.now(UTC)
    for warning in [*queries(settings), *duties(settings, now=now), *missing(settings, now=now)]:
        print(f"! {warning}")
    if failed:
        print(
            f"{failed} of {len(checks) + (not settings.sources) + (not settings.brands)} would fail; "
            "mend the lines marked ✗ and check again."
        )
        return 1
    print("next: earshot run")
    return 0
