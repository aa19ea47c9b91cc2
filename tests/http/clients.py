"""Programs that talk to the server at once: one kept-alive connection each."""

from __future__ import annotations

import http.client
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import connection

T = TypeVar("T")

LONGEST_SECONDS = 120


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    is_replay: bool = False


class Client:
    """Not for two threads: one connection, one question at a time."""

    def __init__(self, port: int, token: str, without: str = ""):
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "X-Without": without}
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONGEST_SECONDS)

    def get(self, path: str) -> Answer:
        return self._ask("GET", path, None, {})

    def post(self, path: str, body: dict | None = None, key: str = "") -> Answer:
        return self._ask("POST", f"/api/v1/{path}/", body or {}, {"Idempotency-Key": key} if key else {})

    def post_and_lose_the_answer(self, path: str, body: dict | None, key: str) -> None:
        """The line breaks after the server's work: needs a server of ``unguarded``."""
        try:
            self._ask("POST", f"/api/v1/{path}/", body or {}, {"Idempotency-Key": key, "X-Cut": "1"})
        except (http.client.HTTPException, ConnectionError):
            self.connection.close()
            return
        raise AssertionError("the answer came through")

    def close(self) -> None:
        self.connection.close()

    def _ask(self, method: str, path: str, body: dict | None, extra: dict) -> Answer:
        self.connection.request(method, path, *self._told(body, extra))
        answer = self.connection.getresponse()
        text = answer.read()
        is_json = answer.headers.get_content_type() == "application/json"
        return Answer(
            answer.status, json.loads(text) if is_json else text.decode(), "Idempotency-Replayed" in answer.headers
        )

    def _told(self, body: dict | None, extra: dict) -> tuple[bytes | None, dict]:
        return None if body is None else json.dumps(body).encode(), self.headers | extra


def at_once(clients: Iterable[Client], work: Callable[[Client, int], T]) -> list[T]:
    """Each client does its ``work(client, number)`` in a thread; all start at the same moment."""
    clients = list(clients)
    start = threading.Barrier(len(clients))

    def go(number: int) -> T:
        start.wait(LONGEST_SECONDS)
        try:
            return work(clients[number], number)
        finally:
            clients[number].close()
            connection.close()  # the thread's own, where its work asked the database itself

    with ThreadPoolExecutor(len(clients)) as pool:
        running = [pool.submit(go, number) for number in range(len(clients))]
    errors = [error for future in running if (error := future.exception())]
    for error in errors:
        if not isinstance(error, threading.BrokenBarrierError):  # that one only says that another failed
            raise error
    return [future.result() for future in running]


def duels(clients: Iterable[Client], acts: Sequence[Callable[[Client, T], Any]], documents: Sequence[T]) -> list[tuple]:
    """Of each document, every client's act at the same moment; the answers, document by document."""
    turn = threading.Barrier(len(acts))

    def go(client: Client, number: int) -> list:
        answers = []
        try:
            for document in documents:
                turn.wait(LONGEST_SECONDS)
                answers.append(acts[number](client, document))
        except BaseException:
            turn.abort()
            raise
        return answers

    return list(zip(*at_once(clients, go), strict=True))


def flat(lists: Iterable[Iterable[T]]) -> list[T]:
    return [item for one in lists for item in one]


def by_status(answers: Iterable[Answer]) -> dict[int, int]:
    return dict(Counter(answer.status for answer in answers))
