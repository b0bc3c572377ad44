"""`earshot`: the line and its tools without Airflow. Only the module of the chosen command is imported."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Sequence

from pipelines.errors import EarshotError

# command -> (group, module in pipelines/commands, one line of help)
COMMANDS = {
    "init": ("start here", "init", "ask for your brands and rivals and write earshot.toml"),
    "try": ("start here", "preview", "look at twenty mentions of a file or feed; stores nothing"),
    "add": ("start here", "add", "add a source or a notifier to earshot.toml"),
    "check": ("start here", "check", "test sources, warehouse, model and notifiers; fails whenever run would"),
    "run": ("start here", "run", "run the whole line once: collect, enrich, load, detect, publish, alert"),
    "serve": ("start here", "serve", "show the pages"),
    "sources": ("sources", "sources", "what each source collects, and what it cannot; keys, cost, limits, duties"),
    "new": ("sources", "new", "write a new source that works, with its fake platform, to be made yours"),
    "intake": ("sources", "intake", "receive webhooks and the intake form"),
    "query": ("sources", "query", "explain a query: what each platform is asked, what is filtered here; or lint it"),
    "budget": ("sources", "budget", "what priced sources have cost this month, and will cost"),
    "alerts": ("alerts", "alerts", "list incidents; ack, snooze, assign or judge them; let a message out"),
    "backtest": ("alerts", "backtest", "run a detector over the past, a file of counts or simulated crises"),
    "score": ("models and privacy", "score", "score texts: sentiment, intents, emotion, irony, offensive"),
    "redact": ("models and privacy", "redact", "take personal data out of texts"),
    "forget": ("models and privacy", "forget", "erase an author or a mention on request, everywhere and for good"),
    "fetch": ("models and privacy", "fetch", "fetch the backbone of the accurate encoder"),
    "train": ("models and privacy", "train", "train the encoder's heads on labelled data"),
    "evaluate": ("models and privacy", "evaluate", "measure the models again and compare with their cards"),
    "schema": ("for editors", "schema", "print the JSON Schema of earshot.toml"),
}


def overview() -> str:
    """What `earshot` alone prints: the commands by group, in the order in which a new user needs them."""
    lines = [
        "Earshot: what people say about a brand, how sure you are, and who must act now.",
        "",
        "usage: earshot COMMAND [options]",
    ]
    group = ""
    for command, (heading, _, text) in COMMANDS.items():
        if heading != group:
            group = heading
            lines += ["", f"{heading}:"]
        lines.append(f"  {command:<10} {text}")
    lines += [
        "",
        "`earshot COMMAND --help` explains a command.",
        "next: earshot init   (or, with a file at hand: earshot try FILE)",
    ]
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Exit codes: 0 done, 1 a check failed, 2 wrong input or configuration, 130 interrupted."""
    try:
        code = _run(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print("\ninterrupted; nothing is half done: run the same command again", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read us has seen enough, as in `earshot | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(argv: list[str]) -> int:
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(overview())
        return 0
    command, rest = argv[0], argv[1:]
    if command not in COMMANDS:
        print(f"earshot: there is no command {command!r}; there are: {', '.join(COMMANDS)}.", file=sys.stderr)
        return 2
    logging.basicConfig(level=os.environ.get("EARSHOT_LOG", "WARNING").upper(), format="%(levelname)s %(name)s: %(message)s")
    module = importlib.import_module(f"pipelines.commands.{COMMANDS[command][1]}")
    parser = argparse.ArgumentParser(
        prog=f"earshot {command}", description=module.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    module.add_arguments(parser)
    try:
        return int(module.run(parser.parse_args(rest)))
    except EarshotError as error:
        print(f"earshot {command}: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
