"""Look at twenty mentions of a file or a feed before anything is set up: before and after redaction, language, sentiment,
intents. Nothing is stored or sent.

    earshot try mentions.csv
    earshot try https://example.org/feed.xml
"""

from __future__ import annotations

import argparse
import textwrap
from collections import Counter
from pathlib import Path
from typing import Any

from pipelines import registry
from pipelines.commands import config
from pipelines.commands.check import fields_line
from pipelines.commands.sampling import Sample, sample
from pipelines.errors import InputError, ModelError
from pipelines.records import Mention
from pipelines.settings import Settings

ROWS = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    config.add_arguments(parser)
    parser.add_argument("what", help="a file (CSV, JSONL, Parquet, Excel) or the address of a feed")
    parser.add_argument("--map", type=Path, metavar="FILE.toml", help="which column of the file is which field")
    parser.add_argument(
        "--model", choices=["encoder", "lexicon"], default="encoder", help="which model scores (default: encoder)"
    )


def source_of(what: str, mapping: Path | None) -> Any:
    """The source that can read what was given.

    Raises:
        InputError: it is neither a file nor a web address.
    """
    if what.startswith(("http://", "https://")):
        return registry.load("sources", "rss")(kind="rss", name="try", urls=[what])
    if not Path(what).is_file():
        raise InputError(f"{what}: there is no such file; give a file, or the address of a feed that begins with https://.")
    values = {"kind": "file", "name": "try", "path": what} | ({"map": str(mapping)} if mapping else {})
    return registry.load("sources", "file")(**values)


def scored(model_name: str, texts: list[str]) -> tuple[Any, str]:
    """Scores of the redacted texts, and which model gave them; the lexicon where the encoder has no weights."""
    from pipelines import enrich

    try:
        model = enrich.model_of(model_name)
    except ModelError as error:
        print(f"note: {error} The lexicon scores instead: it knows words, not sentences.")
        model = enrich.model_of("lexicon")
    return model.score(texts), f"{model.name}@{model.version}"


def _block(number: int, mention: Mention, after: str, verdict: str) -> list[str]:
    when = f"{mention.published_at:%Y-%m-%d %H:%M} UTC" if mention.published_at else f"no date ({mention.time_note})"
    lines = [f"{number:>2}  {mention.channel}  {when}  {verdict}"]
    shown = [("", after)] if after == mention.text else [("before  ", mention.text), ("after   ", after)]
    for label, text in shown:
        wrapped = textwrap.wrap(" ".join(text.split()), 108)[:3] or ["(no text)"]
        lines += [f"    {label}{wrapped[0]}", *(f"    {' ' * len(label)}{more}" for more in wrapped[1:])]
    return lines


def report(settings: Settings, seen: Sample, model: str) -> list[str]:
    """What is printed, line by line."""
    from pipelines import privacy

    guarded = privacy.protect_batch([m.text for m in seen.mentions], None, settings.query.brands)
    scores, name = scored(model, [g.text for g in guarded])
    labels, intents = scores.labels(), scores.intent_names()
    lines = []
    for i, mention in enumerate(seen.mentions):
        reason = f" ({scores.reason[i]})" if scores.reason[i] else ""
        verdict = f"{scores.language[i] or 'language unknown'}  {labels[i]}{reason}" + (
            f"  {', '.join(intents[i])}" if intents[i] else ""
        )
        lines += _block(i + 1, mention, guarded[i].text, verdict)
    changed = sum(g.text != m.text for g, m in zip(guarded, seen.mentions, strict=True))
    languages = Counter(language or "unknown" for language in scores.language)
    lines += [
        "",
        f"fields mapped: {fields_line(seen)}",
        f"{len(seen.mentions)} mentions, redacted in {changed}; "
        + "languages: "
        + ", ".join(f"{k} {n}" for k, n in languages.most_common())
        + "; sentiment: "
        + ", ".join(f"{k} {n}" for k, n in Counter(labels).most_common())
        + f" ({name})",
    ]
    if seen.rejected:
        first = seen.rejected[0]
        lines.append(f"{len(seen.rejected)} rows would be quarantined; line {first.line}: {first.reason}")
    return lines


def run(args: argparse.Namespace) -> int:
    """Read, redact, score, print; store nothing."""
    settings = config.settings(args, optional=True)
    seen = sample(settings, source_of(args.what, args.map), limit=ROWS)
    if not seen.mentions and seen.rejected:
        raise InputError(
            f"{args.what}: none of the first {len(seen.rejected)} rows is a mention; "
            f"line {seen.rejected[0].line}: {seen.rejected[0].reason}"
        )
    if not seen.mentions:
        raise InputError(f"{args.what}: there is no mention in it.")
    print("\n".join(report(settings, seen, args.model)))
    print("nothing was stored or sent")
    configured = settings.path.exists()
    print(f"next: {'earshot add source' if configured else 'earshot init'}   (or at once: earshot run --input FILE)")
    return 0
