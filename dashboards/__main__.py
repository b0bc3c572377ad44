"""Serve the pages: python -m dashboards --storage DIR --port 8050."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from werkzeug.serving import WSGIRequestHandler, make_server

from dashboards.app import LOCAL, create_app


class Quiet(WSGIRequestHandler):
    """Logs no line for each request: the pages ask often."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        logging.getLogger("dashboards.requests").debug("%s %s %s", self.command, self.path, code)


def main(argv: list[str] | None = None) -> int:
    """Serve until Ctrl-C. Returns 2 where the port cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m dashboards", description=__doc__)
    parser.add_argument(
        "--storage", type=Path, default=Path("earshot-data"), help="folder that `earshot run` fills (default: earshot-data)"
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine only; there is no sign-in yet)"
    )
    parser.add_argument("--port", type=int, default=8050, help="port; 0 takes a free one (default: 8050)")
    parser.add_argument(
        "--allow", action="append", default=[], metavar="NAME", help="another name under which the pages may be asked for"
    )
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    app = create_app(args.storage.resolve(), hosts=(*LOCAL, args.host, *args.allow))
    try:
        server = make_server(args.host, args.port, app.server, threaded=True, request_handler=Quiet)
    except (OSError, SystemExit) as error:
        sys.stderr.write(f"Port {args.port} on {args.host} cannot be used ({error}); choose another with --port.\n")
        return 2
    sys.stderr.write(f"Earshot's pages are on http://{args.host}:{server.server_port} until Ctrl-C.\n")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
