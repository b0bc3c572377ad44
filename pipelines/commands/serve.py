"""Show the pages of what `earshot run` published, on http://localhost:8050, until Ctrl-C.

They answer under localhost, the host of [links] url, and each --allow NAME. A proxy in front must keep the Host header.
"""

from __future__ import annotations

import argparse
import os
import sys

from pipelines.commands import config
from pipelines.service import page_arguments
from warehouse import links


def add_arguments(parser: argparse.ArgumentParser) -> None:
    config.add_arguments(parser)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, default=8050, help="port (default: 8050)")
    parser.add_argument(
        "--allow", action="append", default=[], metavar="NAME", help="another name under which the pages may be asked for"
    )


def run(args: argparse.Namespace) -> int:
    """Become the dashboard server: the line and the pages are separate programs that share a folder."""
    settings = config.settings(args, optional=True)
    if not settings.storage.is_dir():
        config.settings(args)  # nothing to show and no configuration: says which file is missing
    os.environ[links.VARIABLE] = settings.link_secret  # the pages check the links that messages carry
    pages = page_arguments(settings, args.port, args.allow)
    os.execv(sys.executable, [sys.executable, "-m", "dashboards", "--host", args.host, *pages])
