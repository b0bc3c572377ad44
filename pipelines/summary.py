"""What a run did and what the published snapshot says, in a few lines for a person."""

from __future__ import annotations

import shlex
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import duckdb

from pipelines import drift
from pipelines.errors import WarehouseError
from pipelines.line import Report
from pipelines.settings import Settings
from warehouse.metrics import net
from warehouse.snapshot import current_path


class BrandRow(NamedTuple):
    """One brand in the summary."""

    name: str
    mentions: int
    negative: int
    neutral: int
    positive: int
    unknown: int
    unscored: int


class AlertRow(NamedTuple):
    """One alert as the snapshot has it; times in UTC."""

    brand: str
    signal: str
    tier: str
    state: str
    severity: int
    onset_at: datetime
    fired_at: datetime
    summary: str


class Contents(NamedTuple):
    """What the summary needs of a snapshot."""

    brands: list[BrandRow]
    alerts: list[AlertRow]
    unarmed: list[str]  # one sentence for each brand that cannot be alerted on yet
    reasons: list[tuple[str, int]]  # why rows were quarantined, most frequent first
    simulated: bool


_BRANDS = """
    SELECT coalesce(b.name, h.brand), sum(mention_count)::BIGINT, sum(negative_count)::BIGINT, sum(neutral_count)::BIGINT,
           sum(positive_count)::BIGINT, sum(unknown_count)::BIGINT, sum(unscored_count)::BIGINT
    FROM brand_hourly h LEFT JOIN brands b ON b.brand = h.brand
    GROUP BY coalesce(b.name, h.brand) ORDER BY bool_or(coalesce(b.is_competitor, false)), 2 DESC LIMIT 20
"""
_ALERTS = """
    SELECT coalesce(b.name, a.brand), signal, tier, state, severity, onset_at, fired_at, summary
    FROM alerts a LEFT JOIN brands b ON b.brand = a.brand ORDER BY onset_at DESC, a.brand, signal LIMIT 10
"""


def read(storage: Path) -> Contents:
    """Read the published snapshot as the pages read it."""
    path = current_path(storage)
    if path is None:
        raise WarehouseError(f"{storage}: nothing has been published yet; `earshot run` does it.")
    with duckdb.connect(str(path), read_only=True) as snapshot:
        snapshot.execute("SET TimeZone = 'UTC'")

        def ask(sql: str) -> list[Any]:
            return snapshot.execute(sql).fetchall()

        simulated = ask("SELECT is_simulated FROM meta")
        return Contents(
            brands=[BrandRow(*r) for r in ask(_BRANDS)],
            alerts=[AlertRow(*r) for r in ask(_ALERTS)][::-1],
            unarmed=[
                note
                for (note,) in ask("SELECT DISTINCT note FROM arming WHERE state <> 'armed' AND signal = 'volume' ORDER BY 1")
            ],
            reasons=[],
            simulated=bool(simulated and simulated[0][0]),
        )


def brand_lines(brands: list[BrandRow]) -> list[str]:
    """Mentions and net sentiment of each brand, with its 95% interval and what it is based on."""
    width = max([14, *(len(b.name) for b in brands)])
    lines = [f"  {'':<{width}} {'mentions':>9}  {'net sentiment (95% interval)':<30}{'no verdict':>11}"]
    for brand in brands:
        score = net(brand.positive, brand.negative, brand.neutral)
        verdict = f"{score.value:+.1f}  ({score.low:+.1f} to {score.high:+.1f})".replace("-", "−") if score else "not scored"
        lines.append(f"  {brand.name:<{width}} {brand.mentions:>9,}  {verdict:<30}{brand.unknown + brand.unscored:>11,}")
    return lines


def alert_lines(alerts: list[AlertRow], zone: ZoneInfo) -> list[str]:
    """One line for each alert: tier, severity, when it was raised, and its sentence."""
    lines = []
    for alert in alerts:
        raised = alert.fired_at.astimezone(zone)
        lines.append(f"  {alert.tier:<6}severity {alert.severity:>2}  raised {raised:%d %b %Y %H:%M}  {alert.summary}")
    return lines


def account(report: Report, storage: Path) -> list[str]:
    """The row accounting: what came in is what was stored, unchanged or quarantined."""
    if not report.rows_in:
        return ["nothing new: what the sources gave is here already"]
    lines = [
        f"{report.rows_in:,} rows in = {report.stored:,} stored + {report.unchanged:,} unchanged "
        f"+ {report.quarantined:,} quarantined"
    ]
    if report.quarantined:
        lines.append(f"warning: {report.quarantined:,} rows are in quarantine with their reasons:")
        lines += [f"  {count:>7,}  {reason}" for reason, count in quarantine_reasons(storage)]
    return lines


def quarantine_reasons(storage: Path) -> list[tuple[str, int]]:
    """The most frequent reasons of all quarantined rows."""
    import warehouse.connection as backend

    with backend.open(storage / "warehouse.duckdb", read_only=True) as connection:
        return connection.execute("SELECT reason, count(*) FROM quarantine GROUP BY ALL ORDER BY 2 DESC, 1 LIMIT 8").fetchall()


def lines(settings: Settings, report: Report, *, seconds: float) -> list[str]:
    """The summary of one run."""
    found = read(settings.storage)
    zone = ZoneInfo(settings.project.timezone)
    out = account(report, settings.storage)
    out += [f"source {name} failed: {why}" for name, why in report.failed_sources.items()]
    if report.erased:
        out.append(f"{report.erased:,} mentions that were withdrawn are erased everywhere; figures leave them out")
    out += [
        "",
        *(["SIMULATED DATA: none of this was written by real people", ""] if found.simulated else []),
        *brand_lines(found.brands),
    ]
    out += ["", f"Alerts ({settings.project.timezone})", *(alert_lines(found.alerts, zone) or ["  none"])]
    out += [f"  not armed yet: {note}" for note in found.unarmed]
    out += [f"  model drift: {drift.message(one)}" for one in report.drifts]
    out += [f"  {sentence}" for sentence in report.quiet]
    if report.sent or report.failed:
        out.append(f"  told: {report.sent} sent, {report.failed} waiting to be tried again")
    out += ["", f"{seconds:.1f} s; snapshot {report.version} in {settings.storage}"]
    return [*out, f"next: {serve_command(settings)}   (pages on http://localhost:8050)"]


def serve_command(settings: Settings) -> str:
    """What shows the pages of this run: it names the configuration and the folder where they are not the default ones."""
    words = ["earshot", "serve"]
    if settings.path != Settings().path:
        words += ["--config", str(settings.path)]
    if settings.folder:
        words += ["--warehouse", str(settings.folder)]
    return shlex.join(words)
