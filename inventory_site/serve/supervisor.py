"""Keep child processes running until told to stop."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOOKED_AGAIN_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 60
WATCHED_EVERY_SECONDS = 15
#: A child that lived this long is healthy again: its next death is its first.
HEALTHY_AFTER_SECONDS = 60
#: A worker ends its task before it goes, unless that takes longer; its partition is then given to the next.
STOPPING = ((signal.SIGTERM, 8), (signal.SIGQUIT, 4), (signal.SIGKILL, 5))


@dataclass
class Child:
    """A program in a session of its own, so that Ctrl-C in the terminal reaches only us."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    process: subprocess.Popen | None = None
    deaths: int = 0
    started: float = 0.0
    start_again: float = 0.0
    is_renewed: bool = False  # told to end, to come back with another environment

    def start(self) -> None:
        command = [sys.executable, "-m", "inventory_site.serve.child", *self.arguments]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, env=dict(self.environment), cwd=ROOT, start_new_session=True
        )
        self.started = time.monotonic()

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def send(self, kind: int) -> None:
        """To the whole session: the last signal must reach grandchildren too."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if kind == signal.SIGKILL:
                os.killpg(self.process.pid, kind)
            elif self.is_running():
                self.process.send_signal(kind)

    def renew(self) -> None:
        """Let it end what it does, and start again with its environment as that is then."""
        if self.is_running():
            self.is_renewed = True
            self.send(signal.SIGTERM)

    def note_death(self, say: Callable[[str], None]) -> None:
        now = time.monotonic()
        self.send(signal.SIGKILL)  # what it left behind
        if self.is_renewed:
            self.is_renewed, self.process, self.start_again = False, None, now
            return
        self.deaths = 1 if now - self.started > HEALTHY_AFTER_SECONDS else self.deaths + 1
        pause = min(2 ** (self.deaths - 1), LONGEST_PAUSE_SECONDS)
        say(f"{self.name} ended with {self.process.returncode}; it starts again in {pause} s.")
        self.process, self.start_again = None, now + pause


@dataclass
class Supervisor:
    children: Sequence[Child]
    say: Callable[[str], None]
    has_moved: Callable[[], bool] = lambda: False
    is_stopping: bool = field(default=False, init=False)

    def run(self, started: Callable[[], bool]) -> None:
        """Until a signal comes. ``started`` is asked until it is true, so that it can tell when all answers.

        ``has_moved`` is asked now and then; after a yes all children start anew, and it is told again.
        """
        told, watched = False, time.monotonic()
        before = {kind: signal.signal(kind, self._stop) for kind in (signal.SIGINT, signal.SIGTERM)}
        try:
            while not self.is_stopping:
                for child in self.children:
                    self._look_after(child)
                if time.monotonic() - watched >= WATCHED_EVERY_SECONDS:
                    watched = time.monotonic()
                    told = self._stayed() and told
                is_leaving = any(child.is_renewed for child in self.children)  # it may still answer
                told = told or (not is_leaving and started())
                time.sleep(LOOKED_AGAIN_SECONDS)
        finally:
            self._end_all()
            for kind, handler in before.items():
                signal.signal(kind, handler)

    def _stayed(self) -> bool:
        if not self.has_moved():
            return True
        for child in self.children:
            child.renew()
        return False

    def _stop(self, *_: object) -> None:
        self.is_stopping = True

    def _look_after(self, child: Child) -> None:
        if child.is_running():
            return
        if child.process is not None:
            child.note_death(self.say)
        if time.monotonic() >= child.start_again and not self.is_stopping:
            child.start()

    def _end_all(self) -> None:
        alive = [child for child in self.children if child.process is not None]
        for kind, seconds in STOPPING:
            for child in alive:
                child.send(kind)
            deadline = time.monotonic() + seconds
            while any(child.is_running() for child in alive) and time.monotonic() < deadline:
                time.sleep(0.05)
