"""Show the pages of what `earshot run` published, on http://localhost:8050, until Ctrl-C."""

from __future__ import annotations

import argparse
import os
import sys

from pipelines.commands import config
from warehouse import links


def add_arguments(parser: argparse.ArgumentParser) -> None:
    config.add_arguments(parser)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, default=8050, help="port (default: 8050)")


def run(args: argparse.Namespace) -> int:
    """Become the dashboard server: the line and the pages are separate programs that share a folder."""
    settings = config.settings(args)
    storage = str(settings.storage)
    os.environ[links.VARIABLE] = settings.link_secret  # the pages check the links that messages carry
    command = [sys.executable, "-m", "dashboards", "--storage", storage, "--host", args.host, "--port", str(args.port)]
    os.execv(sys.executable, command)
