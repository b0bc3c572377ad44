"""Return periods of volume, negative mentions and urgent ones, against an alert budget.

A surge is judged by how often this very brand brings one like it by itself (`pipelines.recurrence`, `pipelines.surge`), and told
beside what a seasonal baseline expects (`pipelines.baseline`). A brand is alerted on when three things hold at once, since each
alone raises false alarms: enough mentions in a window of 15 minutes, an hour or 6 hours; a count several times what is
expected, and the last hour above it too; and a surge that is higher than what comes once in `page_every` or `watch_every` here
(`pipelines.budget`). Those two are the alert budget, and all that a user needs to set.

Tiers: *page* when volume and negative mentions have both surged, the mean of the two counting, the share of negative mentions is
not below the usual, and most of it is not reposts; *watch* for a surge of either alone, of urgent mentions and threats to leave,
for a negative share well above the usual, or for silence (`pipelines.silence`). So a burst of praise is a watch at most, and so
is one post that is passed on a thousand times.

Arming: a brand must be mentioned regularly (20 in 24 hours) for `watch_after` and 100 times before anything is raised, and for
`page_after` before a page; a rarely mentioned brand is armed 14 days after its first mention, from its 50th on. A series that
begins is a source that starts, not a crisis. Two weeks without a mention start it anew.

What the calendar of known events expects is not learned. Ideas: Farrington et al. 1996 and Noufaily et al. 2013 (over-dispersed
baselines, minimum counts, past outbreaks weighted down); Weissman 1978 (return periods beyond the data).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipelines import known_events, surge
from pipelines.baseline import DAY, Baseline
from pipelines.budget import LEAST, Bar
from pipelines.detectors.base import (
    BUCKET_MINUTES,
    BUCKET_SECONDS,
    SPAN,
    Arming,
    Array,
    Block,
    Detector,
    Evidence,
    Verdicts,
    joined,
)
from pipelines.evidence import COPIES, LAYERS, MENTIONS, NEGATIVE, REPOSTS, SCORED, VOLUME, Cell, expectation
from pipelines.recurrence import Recurrence as Engine
from pipelines.silence import Silence, told
from pipelines.statistics import count_range
from pipelines.verdicts import Ledger

SCALES = (1, 4, 24)  # buckets: 15 minutes, 1 hour, 6 hours
_HOUR = 1  # index of the hour in SCALES
_REACH = SCALES[-1] - 1  # buckets before a piece that its windows reach into
_REGULAR = 20  # mentions in 24 hours
_LEAST_MENTIONS = 100  # before a regular brand is armed
_SPARSE_BUCKETS, _SPARSE_MENTIONS = 14 * DAY, 50  # for a brand that is never regular
_GONE = 14 * DAY  # buckets without a mention after which a series starts anew
_LEAST_DAYS = 2.5  # of scored mentions before negatives are judged
_SHARE_RARITY = 3.5  # -log10 of the chance of a negative share that is told
_BUCKETS = {"m": 1 / BUCKET_MINUTES, "h": 4, "d": DAY}
Numbers = NDArray[np.int64]


@dataclass
class State:
    """All that is kept: a fixed number of numbers per brand. Rows of `baseline` are brands' volumes, then their negatives."""

    brands: tuple[str, ...]
    baseline: Baseline
    first: Numbers  # bucket of the first mention, -1: none yet
    regular: Numbers  # first bucket with enough mentions in the 24 hours up to it
    watch: Numbers  # armed from
    page: Numbers
    last: Numbers  # bucket of the latest mention
    mentions: Array  # since `first`
    share: Array  # (2, brands): negative and scored mentions, exponentially weighted
    past: Array  # (8, brands, 23): the layers of the buckets before this one
    recent: Array  # (brands, 95): mentions of the buckets before this one
    today: Array  # (4, brands, 96): layers and mentions of the unfinished day
    windows: Array  # (2, scales, rows, 96): counts and expectations over each window of the unfinished day
    engine: Engine  # return periods of volumes, then negatives, then urgent mentions
    silence: Silence
    rated: NDArray[np.bool_]  # (brands,): the latest mentions have been scored
    page_bar: Bar
    watch_bar: Bar
    highest: Array  # (2, brands): of the unfinished day, what would have been a page and a watch but for its height
    verdicts: Ledger  # what people called false alarms


class Recurrence(Detector):
    """Return periods: how often a brand by itself brings a surge like this, against an alert budget."""

    title: ClassVar[str] = "Return periods and an alert budget"

    unit: str = Field(
        default="authors", pattern="^(authors|mentions)$",
        description="What volume counts: authors (one busy account is one per quarter of an hour) or mentions.",
    )
    half_life: str = Field(default="7d", pattern=r"^[1-9]\d*d$", description="How fast the usual level follows the recent past.")
    watch_after: str = Field(default="3d", pattern=SPAN, description="How much history a brand needs to raise a watch.")
    page_after: str = Field(default="7d", pattern=SPAN, description="How much history a brand needs to raise a page.")
    min_mentions: int = Field(default=12, ge=1, description="Fewest mentions in an hour that can be an alert.")
    min_ratio: float = Field(default=2.0, ge=1.0, description="How many times the expected hour an hour must be to be an alert.")
    page_every: str = Field(
        default="60d", pattern=r"^[1-9]\d*d$", description="The alert budget: at most one false page per brand in this time."
    )
    watch_every: str = Field(
        default="14d", pattern=r"^[1-9]\d*d$", description="At most one watch per brand that is no crisis in this time."
    )
    events: tuple[known_events.KnownEvent, ...] = Field(
        default=(), description="Calendar of known events: [[detectors.NAME.events]] with what, brand, from, to and factor."
    )
    min_scored: int = Field(default=20, ge=5, description="Fewest mentions of known sentiment from which a share is judged.")
    min_points: float = Field(
        default=0.2, ge=0.05, le=1.0, description="By how much the negative share must exceed the usual; 0.2 is 20 points."
    )

    @property
    def counted(self) -> str:
        return "people" if self.unit == "authors" else "mentions"

    def start(self, brands: Sequence[str]) -> State:
        count = len(brands)
        first, regular, watch, page, last = (np.full(count, -1, dtype=np.int64) for _ in range(5))
        return State(
            tuple(brands), Baseline(2 * count, float(self.half_life[:-1]), SCALES), first, regular, watch, page, last,
            mentions=np.zeros(count), share=np.zeros((2, count)), past=np.full((LAYERS, count, _REACH), np.nan),
            recent=np.zeros((count, DAY - 1)), today=np.zeros((4, count, DAY)),
            windows=np.full((2, len(SCALES), 2 * count, DAY), np.nan),
            engine=Engine(3 * count, BUCKET_SECONDS), silence=Silence(count), rated=np.zeros(count, dtype=bool),
            page_bar=Bar(count, "page", float(self.page_every[:-1])), watch_bar=Bar(count, "watch", float(self.watch_every[:-1])),
            highest=np.zeros((2, count)), verdicts=Ledger(count),
        )

    def update(self, state: State, block: Block) -> Verdicts:
        return joined([self._piece(state, piece) for piece in block.pieces(DAY)])

    def arming(self, state: State) -> list[Arming]:
        return [
            Arming(
                brand=brand, mentions=int(state.mentions[row]),
                first=_known(state.first[row]), regular=_known(state.regular[row]),
                watch=_foreseen(state.watch[row], state.regular[row], self._buckets(self.watch_after)),
                page=_foreseen(state.page[row], state.regular[row], self._buckets(self.page_after)),
                budgets=state.verdicts.budgets(
                    row, {"page": state.page_bar.days, "watch": state.watch_bar.days}, float(state.page_bar.age[row])
                ),
            )
            for row, brand in enumerate(state.brands)
        ]

    @staticmethod
    def _buckets(span: str) -> int:
        return int(int(span[:-1]) * _BUCKETS[span[-1]])

    # -- one piece: a part of one UTC day ------------------------------------------------------------------------------

    def _piece(self, state: State, piece: Block) -> Verdicts:
        at, brands = piece.first % DAY, len(state.brands)
        if at == 0:
            _restart_silent(state, piece.first)
        state.verdicts.take(piece.counts)
        mentions = piece.counts["mention_count"]
        buckets = np.arange(piece.first, piece.first + piece.width)
        self._arm(state, mentions, buckets)
        layers = np.empty((LAYERS, brands, piece.width))
        layers[VOLUME] = self._volume(piece)
        layers[NEGATIVE], layers[SCORED] = piece.counts["negative_count"], piece.counts["scored_count"]
        expected = state.baseline.expect(buckets % DAY // 4).reshape(2, brands, -1)
        layers[REPOSTS], layers[MENTIONS] = piece.counts["repost_count"], mentions
        layers[COPIES] = piece.counts.get("copy_count", np.zeros_like(mentions))
        layers[3:5] = np.where(_is_known(state, buckets), expected, np.nan)
        layers[4, state.baseline.days[brands:] < _LEAST_DAYS] = np.nan
        factor = known_events.factor(self.events, state.brands, buckets)
        layers[3:5] *= factor
        extended = np.concatenate((state.past, layers), axis=2)
        sums = _window_sums(extended, piece.width)
        urgent = piece.counts.get("urgent_count", np.zeros_like(mentions))
        heights, usual_urgent = _heights(state, layers, urgent, factor, buckets)
        verdicts = self._judge(state, extended, sums, heights, usual_urgent, buckets)
        _add_silences(state, layers, buckets, verdicts)
        part = slice(at, at + piece.width)
        state.today[:3, :, part], state.today[3, :, part] = layers[:3] / factor, mentions / factor
        state.windows[0, :, :, part] = (sums[:, :2] / factor).reshape(len(SCALES), 2 * brands, -1)
        state.windows[1, :, :, part] = (sums[:, 3:5] / factor).reshape(len(SCALES), 2 * brands, -1)
        state.past = extended[:, :, -_REACH:]
        state.recent = np.concatenate((state.recent, mentions), axis=1)[:, -(DAY - 1):]
        if at + piece.width == DAY:
            self._learn(state, np.arange(piece.first - at, piece.first - at + DAY))
        return verdicts

    def _volume(self, piece: Block) -> Array:
        mentions, authors = piece.counts["mention_count"], piece.counts["author_count"]
        return mentions if self.unit == "mentions" else np.where(authors > 0, authors, mentions)

    def _arm(self, state: State, mentions: Array, buckets: Numbers) -> None:
        """Note which bucket, if any, of this piece is a brand's first, makes it regular, and arms it."""
        some = mentions > 0
        total = state.mentions[:, None] + mentions.cumsum(axis=1)
        _latch(state.first, some, buckets)
        waiting = state.regular < 0
        if waiting.any():
            none = np.zeros((int(waiting.sum()), 1))
            padded = np.concatenate((none, state.recent[waiting], mentions[waiting]), axis=1).cumsum(axis=1)
            often = np.zeros(mentions.shape, dtype=bool)
            often[waiting] = padded[:, DAY:] - padded[:, :-DAY] >= _REGULAR
            _latch(state.regular, often, buckets)
        first, regular = state.first[:, None], state.regular[:, None]
        sparse = (first >= 0) & (buckets >= first + _SPARSE_BUCKETS) & (total >= _SPARSE_MENTIONS)
        for instants, span in ((state.watch, self.watch_after), (state.page, self.page_after)):
            enough = (regular >= 0) & (buckets >= regular + self._buckets(span)) & (total >= _LEAST_MENTIONS)
            _latch(instants, enough | sparse, buckets)
        state.mentions = total[:, -1]
        latest = mentions.shape[1] - 1 - some[:, ::-1].argmax(axis=1)
        state.last = np.where(some.any(axis=1), buckets[latest], state.last)

    def _learn(self, state: State, day: Numbers) -> None:
        """Midnight: the finished day becomes history."""
        volume, negative, scored, mentions = state.today
        new = (state.regular >= day[0]) & (state.regular <= day[-1]) & (_began(state) == state.regular)
        state.baseline.forget(np.concatenate((new, new)))
        state.engine.forget(np.concatenate((new, new, new)))
        state.share[:, new] = 0.0
        exposed = (state.first >= 0)[:, None] & (day >= _began(state)[:, None])
        rated = exposed & (scored.sum(axis=1) >= 0.5 * mentions.sum(axis=1))[:, None] & (scored.sum(axis=1) > 0)[:, None]
        counts, counting = np.concatenate((volume, negative)), np.concatenate((exposed, rated))
        state.baseline.learn(counts, counting, day % DAY // 4, (state.windows[0], state.windows[1]))
        state.verdicts.learn(int(day[0]) // DAY)
        paged = (state.highest[0] >= state.page_bar.height) & (state.page >= 0) & (state.page <= day[0])
        watched = np.where(paged, 0.0, state.highest[1])  # a day with a page is of the pages' budget, not of the watches'
        for tier, bar, highest in (("page", state.page_bar, state.highest[0]), ("watch", state.watch_bar, watched)):
            longer = state.verdicts.stretch(tier, bar.age, bar.days)
            bar.learn(int(day[0]) // DAY, highest, (state.watch >= 0) & (state.watch <= day[0]), longer)
        state.highest = np.zeros_like(state.highest)
        state.silence.learn(int(day[0]) // DAY, (state.watch >= 0) & (state.watch <= day[0]))
        usable = np.where(exposed, np.stack((negative, scored)), 0.0).sum(axis=2)
        state.share = np.where(usable[1] > 0, state.share * state.baseline.decay, state.share) + usable

    # -- judging -------------------------------------------------------------------------------------------------------

    def _judge(
        self, state: State, extended: Array, sums: Array, heights: Array, usual_urgent: Array, buckets: Numbers
    ) -> Verdicts:
        brands = len(state.brands)
        dispersion = state.baseline.dispersion.reshape(2, brands, len(SCALES))
        with np.errstate(invalid="ignore", divide="ignore"):
            usual = np.where(state.share[1] > 0, state.share[0] / state.share[1], np.nan)
            armed = (state.watch >= 0)[:, None] & (buckets >= state.watch[:, None])
            counted = self._counted(sums) & armed
            shares = self._shares(sums, usual) & armed
            hour, expected_hour = sums[_HOUR, :2], sums[_HOUR, 3:5]
            _, high = count_range(expected_hour, dispersion[:, :, _HOUR, None])
            calm = np.asarray(~((hour > high) & (hour > 1.5 * expected_hour)).any(axis=0))
            spared = (sums[_HOUR, NEGATIVE] < usual[:, None] * sums[_HOUR, SCORED]) | (
                sums[_HOUR, REPOSTS] > 0.5 * sums[_HOUR, MENTIONS]
            )
        urgent = (usual_urgent[0] >= self.min_mentions / 2) & (usual_urgent[0] >= self.min_ratio * usual_urgent[1]) & armed
        rates = np.where(np.concatenate((counted.any(axis=0), urgent[None])), heights, 0.0)
        both = rates[:2].min(axis=0) >= LEAST
        page, watch = np.where(both & ~spared, rates[:2].mean(axis=0), 0.0), rates.max(axis=0)
        state.highest = np.maximum(state.highest, np.stack((page.max(axis=1), watch.max(axis=1))))
        pages = (page >= state.page_bar.height[:, None]) & (state.page >= 0)[:, None] & (buckets >= state.page[:, None])
        watches = watch >= state.watch_bar.height[:, None]
        evidence = {}
        for row, column in np.argwhere(pages | watches | shares.any(axis=0)):
            cell = Cell(
                SCALES, extended[:, row, column:column + SCALES[-1]], sums[:, :, row, column], counted[:, :, row, column],
                shares[:, row, column], dispersion[:, row], float(usual[row]),
            )
            tiers = bool(pages[row, column]), bool(watches[row, column])
            found = _told(cell, tiers, rates[:, row, column], usual_urgent[:, row, column])
            if found is not None:
                event = known_events.words(self.events, state.brands[row], int(buckets[column]))
                evidence[int(row), int(column)] = replace(found, event=event) if event else found
                calm[row, column] = False
        return Verdicts(expectation(extended[:, :, _REACH:], usual, dispersion), evidence, calm)

    def _counted(self, sums: Array) -> NDArray[np.bool_]:
        """Gates of volume and negative mentions by window, shape (scales, 2, brands, buckets): large, and still going on."""
        least, ratio = self.min_mentions, self.min_ratio
        mentions = np.array([[least, 0.5 * least], [least, 0.75 * least], [3 * least, 2 * least]])
        ratios = np.array([1.5 * ratio, ratio, max(1.5, 0.8 * ratio)])
        counts, expected = sums[:, :2], sums[:, 3:5]
        large = (counts >= mentions[:, :, None, None]) & (counts >= ratios[:, None, None, None] * expected)
        return np.asarray(large & (counts[_HOUR] >= 1.2 * expected[_HOUR]))

    def _shares(self, sums: Array, usual: Array) -> NDArray[np.bool_]:
        """Gates of the negative share in the hour and the six hours, shape (scales, brands, buckets)."""
        negative, scored = sums[:, NEGATIVE], sums[:, SCORED]
        gate = (scored >= self.min_scored) & (negative >= 8) & (negative >= (usual[:, None] + self.min_points) * scored)
        gate[0] = False
        gate[:, np.isnan(sums[0, 4]).all(axis=1)] = False
        return np.asarray(gate)


def _heights(state: State, layers: Array, urgent: Array, factor: Array, buckets: Numbers) -> tuple[Array, Array]:
    """Heights of volume, negatives and urgent mentions, shape (3, brands, width), and of the last hour's urgent mentions how
    many there are and are expected, shape (2, brands, width). What was not scored was not observed; what a known event
    brings is divided by its factor, so that it neither alarms nor becomes the level."""
    mentions, brands = layers[MENTIONS], len(state.brands)
    scored = layers[SCORED] >= 0.5 * mentions
    place = np.where(mentions > 0, np.arange(1, len(buckets) + 1), 0)
    latest = np.maximum.accumulate(place, axis=1)
    rated = np.where(latest > 0, np.take_along_axis(scored, np.maximum(latest - 1, 0), axis=1), state.rated[:, None])
    state.rated = rated[:, -1]
    begun = (state.first >= 0)[:, None] & (buckets >= state.first[:, None])
    counts = np.concatenate((
        np.where(begun, layers[VOLUME], np.nan), np.where(begun & rated, layers[NEGATIVE], np.nan),
        np.where(begun & rated, urgent, np.nan),
    )) / np.tile(factor, (3, 1))
    readings = state.engine.update(int(buckets[0]), counts)
    armed = readings.hours >= surge.ARMED_HOURS
    heights = np.where(armed, surge.heights(readings), 0.0).reshape(3, brands, -1)
    expected = surge.in_window(readings, 60, BUCKET_SECONDS)
    return heights, np.stack((readings.counts[60][2 * brands:], np.nan_to_num(expected[2 * brands:], nan=np.inf)))


def _add_silences(state: State, layers: Array, buckets: Numbers, verdicts: Verdicts) -> None:
    """A watch while a brand is silent for longer than it ever is: mostly a source that has stopped."""
    silent, quiet, missed = state.silence.read(layers[MENTIONS], layers[3])
    for row, column in np.argwhere(silent & (state.watch >= 0)[:, None] & (buckets >= state.watch[:, None])):
        verdicts.calm[row, column] = False
        verdicts.evidence[int(row), int(column)] = told(int(quiet[row, column]), float(missed[row, column]))


def _told(cell: Cell, tiers: tuple[bool, bool], rates: Array, urgent: Array) -> Evidence | None:
    """What is told of one brand at one bucket; `tiers`: is it a page, is it a watch."""
    if tiers[0]:
        return cell.surge("page", VOLUME, float(rates[:2].mean()))
    if not tiers[1]:
        return cell.share(_SHARE_RARITY)
    kind = int(rates.argmax())
    if kind < 2:
        return cell.surge("watch", kind, float(rates[kind]))
    observed, expected = float(urgent[0]), float(urgent[1])
    low, high = count_range(np.array([expected]), 0.15)
    return Evidence(
        tier="watch", signal="urgent_count", window_minutes=60, observed=observed, expected=expected, low=float(low[0]),
        high=float(high[0]), rarity=0.0, height=float(rates[2]), severity=min(6, surge.severity(float(rates[2]))), onset=3,
        volumes=cell.volumes,
    )


def _window_sums(extended: Array, width: int) -> Array:
    """Sums over the windows that end with each of the last `width` buckets, shape (scales, 8, brands, width)."""
    hours = extended[:, :, 3:] + extended[:, :, 2:-1] + extended[:, :, 1:-2] + extended[:, :, :-3]
    sixes = sum(hours[:, :, 4 * i: 4 * i + width] for i in range(6))
    return np.stack((extended[:, :, -width:], hours[:, :, -width:], np.asarray(sixes)))


def _latch(instants: Numbers, holds: NDArray[np.bool_], buckets: Numbers) -> None:
    """Where an instant is not set yet, set it to the first bucket at which the condition holds."""
    now = (instants < 0) & holds.any(axis=1)
    instants[now] = buckets[holds[now].argmax(axis=1)]


def _began(state: State) -> Numbers:
    """From which bucket on a brand's counts are history: stray mentions before it became regular do not count."""
    strayed = (state.regular >= 0) & (state.regular - state.first < _SPARSE_BUCKETS)
    return np.where(strayed, state.regular, state.first)


def _is_known(state: State, buckets: Numbers) -> NDArray[np.bool_]:
    """Where the baseline speaks: from the midnight after a brand began."""
    began = np.where(buckets < state.regular[:, None], state.first[:, None], _began(state)[:, None])
    return np.asarray((began >= 0) & (buckets >= (began // DAY + 1) * DAY))


def _restart_silent(state: State, bucket: int) -> None:
    """At midnight: a brand without a mention for two weeks is treated like a new one."""
    gone = (state.last >= 0) & (bucket - state.last > _GONE)
    if gone.any():
        state.baseline.forget(np.concatenate((gone, gone)))
        for instants in (state.first, state.regular, state.watch, state.page, state.last):
            instants[gone] = -1
        state.mentions[gone] = 0.0
        state.share[:, gone] = 0.0
        state.past[:, gone] = np.nan
        state.engine.forget(np.concatenate((gone, gone, gone)))
        state.silence.forget(gone)
        state.page_bar.forget(gone)
        state.watch_bar.forget(gone)
        state.verdicts.forget(gone)


def _known(bucket: np.int64) -> int | None:
    return int(bucket) if bucket >= 0 else None


def _foreseen(armed: np.int64, regular: np.int64, span: int) -> int | None:
    if armed >= 0:
        return int(armed)
    return int(regular) + span if regular >= 0 else None
