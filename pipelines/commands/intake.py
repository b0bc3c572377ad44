"""Receive webhooks and the intake form, until Ctrl-C: what is acknowledged is on the disk and lands with the next collection."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from pipelines.commands import config
from pipelines.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    config.add_arguments(parser)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, default=8060, help="port (default: 8060)")


def run(args: argparse.Namespace) -> int:
    """Serve; several processes may do so on the same storage."""
    import uvicorn

    from pipelines.intake import application, doors

    settings = config.settings(args)
    known = doors(settings)
    if not known:
        raise ConfigError(f"{settings.path}: there is no source of kind webhook; `earshot add source webhook` makes one.")
    for name, door in known.items():
        place = "form" if door.source.signature == "form" else "in"
        print(f"[sources.{name}]  http://{args.host}:{args.port}/{place}/{name}  ({door.source.signature})", flush=True)
    server = application(settings, clock=lambda: datetime.now(UTC))
    uvicorn.run(
        server, host=args.host, port=args.port, log_level="warning", access_log=False, timeout_keep_alive=30,
        h11_max_incomplete_event_size=64 * 1024, backlog=2048, server_header=False,
    )
    return 0
