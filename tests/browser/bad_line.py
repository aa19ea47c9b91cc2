"""The WiFi of a hall: a proxy before the real server that can be cut, and that swallows some of its answers."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class BadLine:
    """``taken`` are the ids of count entries of which the browser was told that the server has them."""

    def __init__(self, address: str, seed: int):
        self.upstream = urlsplit(address).netloc
        self.dice = random.Random(seed)
        self.is_up, self.lost_share = True, 0.0
        self.slow = 0.0  # seconds that each answer takes longer
        self.under_way, self.lost = 0, 0
        self.taken: set[str] = set()
        self.breaks_at = ""  # what is sent with this in it is answered as a server does that fails
        self._lock = threading.Lock()
        line = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                line.carry(self)

            do_POST = do_HEAD = do_GET  # noqa: N815

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> BadLine:
        self._thread.start()
        return self

    def __exit__(self, *failure) -> None:
        self.server.shutdown()
        self.server.server_close()

    def carry(self, browser: BaseHTTPRequestHandler) -> None:
        """One request to the server; its answer may get lost although the server did its work."""
        body = browser.rfile.read(int(browser.headers.get("Content-Length", 0)))
        with self._lock:
            is_up = self.is_up
            self.under_way += is_up
        if not is_up:
            return self._hang_up(browser)
        try:
            self._carry(browser, body)
        except OSError:  # the browser went away, or the server
            self._hang_up(browser)
        finally:
            with self._lock:
                self.under_way -= 1

    def _carry(self, browser: BaseHTTPRequestHandler, body: bytes) -> None:
        if self.breaks_at and self.breaks_at.encode() in body:
            browser.send_error(500)
            return
        upstream = http.client.HTTPConnection(self.upstream, timeout=30)
        try:
            upstream.request(browser.command, browser.path, body or None, dict(browser.headers))
            answer = upstream.getresponse()
            text = answer.read()
            time.sleep(self.slow)
        finally:
            upstream.close()
        with self._lock:
            is_lost = self.dice.random() < self.lost_share
            self.lost += is_lost
        if is_lost:
            self._hang_up(browser)
            return
        browser.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP:
                browser.send_header(name, value)
        browser.send_header("Content-Length", str(len(text)))
        browser.end_headers()
        browser.wfile.write(text)
        if browser.path.endswith("/lines/") and answer.status == 200:
            with self._lock:
                self.taken |= {entry["uuid"] for entry in json.loads(text)["entries"]}

    @staticmethod
    def _hang_up(browser: BaseHTTPRequestHandler) -> None:
        browser.close_connection = True
        browser.connection.close()

    def cut(self) -> None:
        """And wait until nothing is on its way any more."""
        self.is_up = False
        for _look in range(600):
            if self.under_way == 0:
                return
            time.sleep(0.05)
        raise AssertionError("a request never ended")
