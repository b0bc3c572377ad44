"""Train the encoder's heads on labelled data; killed at any moment, the same command goes on where it was.

    earshot train --data DIR --tier fast --out RUN             train
    earshot train --data DIR --tier fast --out RUN --export    ... and write calibrated weights into models/weights/
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.errors import ModelError

if TYPE_CHECKING:
    from models.training.train import Run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder with tweeteval/, intents/, topics/ ...")
    parser.add_argument("--tier", choices=["fast", "accurate"], default="fast", help="which encoder (default: fast)")
    parser.add_argument("--out", type=Path, default=Path("training-run"), metavar="RUN", help="its folder")
    parser.add_argument("--seed", type=int, help="of order and dropout (default: as for the shipped weights)")
    parser.add_argument("--epochs", type=int, help="how often every text is seen (default: as for the shipped weights)")
    parser.add_argument("--teacher", metavar="TIERS", help="whose answers are learnt too, with + several, or none")
    parser.add_argument("--start", type=Path, metavar="RUN", help="go on from a finished run, mostly with texts of known intents")
    parser.add_argument("--hold-out", type=int, metavar="N",
                        help="fifth of the labelled intents that does not train: 0 to 4 (default: 0), -1 none, -2 all")
    parser.add_argument("--limit", type=int, default=0, metavar="N", help="train on about N texts only, to try things out")
    parser.add_argument("--device", default="cpu", help="cpu or cuda (default: cpu)")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="1 is fastest where the machine has other work")
    parser.add_argument("--export", action="store_true", help="calibrate at the end and write the weights that are shipped")
    parser.add_argument("--average", type=Path, nargs="+", default=[], metavar="RUN",
                        help="finished runs whose weights are averaged in")
    parser.add_argument("--beside", default="", metavar="TIER", help="a shipped tier whose answers are averaged with these")
    parser.add_argument("--weights", type=Path, metavar="DIR", help="where --export writes (default: models/weights)")


def _meter() -> Callable[[int, int], None]:
    """A line that counts steps, on a terminal only."""
    if not sys.stderr.isatty():
        return lambda done, whole: None
    return lambda done, whole: print(f"\r\x1b[Kstep {done:,} of {whole:,}", end="", file=sys.stderr, flush=True)


def run(args: argparse.Namespace) -> int:
    """Train to the end, then say what to do next."""
    from models.base import ModelFault
    from models.training.train import PLANS, Run, refined

    plan = replace(PLANS[args.tier], limit=args.limit)
    plan = refined(plan) if args.start else plan
    if args.hold_out is not None:
        plan = replace(plan, fold_out=args.hold_out)
    if args.seed is not None:
        plan = replace(plan, seed=args.seed)
    if args.epochs:
        plan = replace(plan, epochs=args.epochs)
    if args.teacher:
        plan = replace(plan, teacher="" if args.teacher == "none" else args.teacher)
    try:
        meter = _meter()
        work = Run(args.data, args.out, plan, start=args.start, device=args.device, threads=args.threads, report=meter)
        final = work.train()
        if args.export:
            _export(work, args)
        else:
            print(f"{final} is trained. next: the same command with --export")
    except ModelFault as error:
        raise ModelError(str(error)) from None
    return 0


def _export(work: Run, args: argparse.Namespace) -> None:
    from models import weights
    from models.training import export

    folder = args.weights or weights.folder()
    sheet = export.write(args.tier, [work.out, *args.average], work.sets, folder, beside=args.beside)
    if not args.weights:
        runs = [run for run in (args.start, work.out, *args.average) if run]
        logs = [(run / "log.txt").read_text(encoding="utf-8") for run in runs]
        (Path(export.__file__).parent / "logs" / f"{args.tier}.txt").write_text("\n".join(logs), encoding="utf-8")
    print(f"{sheet} and its weights are written. next: earshot evaluate --data {args.data} --tier {args.tier} --write")
