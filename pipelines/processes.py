"""Processes that live and end together: whatever happens to the one that started them, none is left behind."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import NoReturn

import psutil  # type: ignore[import-untyped]

from pipelines.errors import ConfigError, EarshotError


class ServiceError(EarshotError):
    """A process could not be started, or ended by itself."""


def check_ports(*ports: int) -> None:
    """See that the pages can be served.

    Raises:
        ConfigError: another program listens on one of the ports.
    """
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                hint = "stop it, or choose other ports with PORT=... or AIRFLOW_PORT=... after make."
                raise ConfigError(f"port {port} is in use by another program: {hint}") from None


@dataclass
class Services:
    """Processes that live and end together. Each writes a log file; a process that ends early is an error."""

    env: dict[str, str]
    logs: Path
    folder: Path  # where they run
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    grace: float = 5.0  # seconds that a process is given to end by itself

    def start(self, name: str, *arguments: str) -> None:
        """Start `python -m <arguments>`; in a session of its own, so that Ctrl-C reaches only us and we end it in order."""
        self.logs.mkdir(parents=True, exist_ok=True)
        with (self.logs / f"{name}.log").open("ab") as log:
            command = [sys.executable, "-m", *arguments]
            self.running[name] = subprocess.Popen(
                command, env=self.env, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def check(self) -> None:
        """See that all processes still run.

        Raises:
            ServiceError: one of them has ended.
        """
        for name, process in self.running.items():
            if process.poll() is not None:
                raise ServiceError(f"{name} ended by itself with code {process.returncode}: see {self.logs / f'{name}.log'}.")

    def stop(self) -> None:
        """End every process and everything that it started: asked first, killed after a while.

        The process that was started first ends last: a task that reports to an Airflow whose pages are gone would wait for it.
        """
        started = list(self.running.values())
        self.running.clear()
        for group in (started[1:], started[:1]):
            everybody = {member for process in group for member in family(process.pid)}
            for process in group:
                process.terminate()
            _, alive = psutil.wait_procs(everybody, timeout=self.grace)
            for one in {relative for survivor in alive for relative in family(survivor.pid)}:
                with suppress(psutil.NoSuchProcess):
                    one.kill()
            psutil.wait_procs(alive, timeout=self.grace)
            for process in group:
                process.wait()


def family(pid: int) -> set[psutil.Process]:
    """A process and all its descendants, without those that are gone."""
    found: set[psutil.Process] = set()
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        found = {parent, *parent.children(recursive=True)}
    return found


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


@contextmanager
def together(env: dict[str, str], logs: Path, folder: Path) -> Iterator[Services]:
    """Services that have all ended when the block is left: normally, by an error, by Ctrl-C, by a signal to end."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    services = Services(env, logs, folder)
    try:
        yield services
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # an impatient second Ctrl-C must not leave half of them behind
        services.stop()
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
