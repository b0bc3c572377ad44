"""A real HTTP receiver on localhost that keeps what it is sent, and can be slow, refuse, or call back at a request."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """What came in, in order. `status` is what is answered, after `delay` seconds; `on_request` is called before that."""

    port: int = 0
    status: int = 200
    delay: float = 0.0
    on_request: Callable[[int], None] | None = None
    bodies: list[dict[str, Any]] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)  # keys, each as often as it came

    @property
    def url(self) -> str:
        """As Apprise wants it."""
        return f"json://127.0.0.1:{self.port}/alerts"

    def unique(self) -> list[str]:
        """Keys as a receiver that drops copies sees them."""
        return list(dict.fromkeys(self.accepted))


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that ends with the block."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            receiver.bodies.append(body)
            if receiver.status < 300:  # the receiver has it from here on, whether or not the sender lives to hear so
                receiver.accepted.append(body["key"])
            if receiver.on_request is not None:
                receiver.on_request(len(receiver.bodies))
            time.sleep(receiver.delay)
            try:
                self.send_response(receiver.status)
                self.end_headers()
            except OSError:
                pass

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
