"""The plain page beside HTTPS: how to trust our authority, its certificate to take along, and the way on."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from django.template.loader import render_to_string
from django.utils import translation

from inventory_site.common.languages import asked_for
from inventory_site.serve.front import in_address

CERTIFICATE = "/shelfwise-ca.crt"
START = "/count/"
#: A phone that says nothing for so long is not waited for.
SILENT_SECONDS = 10
#: How soon it notices that it shall stop.
SEEN_AGAIN_SECONDS = 0.1
PAGE_TYPE = "text/html; charset=utf-8"
#: This type makes iPhones and Androids ask whether to install it.
CERTIFICATE_TYPE = "application/x-x509-ca-cert"
DEVICES = {"iPhone": "apple", "iPad": "apple", "Android": "android"}


class Welcome(BaseHTTPRequestHandler):
    """``front`` is set by ``listening``."""

    timeout = SILENT_SECONDS
    server_version, sys_version = "Shelfwise", ""

    def do_GET(self) -> None:  # the name that http.server calls
        path = urlsplit(self.path).path
        if path == "/":
            self._answer(PAGE_TYPE, self._page().encode())
        elif path == CERTIFICATE:
            self._answer(CERTIFICATE_TYPE, self.server.front.authority.pem)
        else:
            self.send_response(307)
            self.send_header("Location", self._secure(self.path if self.path.startswith("/") else "/"))
            self.send_header("Content-Length", "0")
            self.end_headers()

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

    def _secure(self, path: str) -> str:
        """The same over HTTPS, at the name that was asked for where that is one of ours."""
        asked = urlsplit(f"//{self.headers.get('Host', '')}").hostname
        names = self.server.front.names
        return f"https://{in_address(asked if asked in names else names[0])}:{self.server.front.port}{path}"

    def _page(self) -> str:
        agent = self.headers.get("User-Agent", "")
        told = {
            "start": self._secure(START), "certificate": CERTIFICATE,
            "fingerprint": self.server.front.authority.fingerprint,
            "device": next((device for word, device in DEVICES.items() if word in agent), "computer"),
        }  # fmt: skip
        with translation.override(asked_for(self.headers.get("Accept-Language", "")) or "en"):
            return render_to_string("serve/welcome.html", told)

    def _answer(self, type_: str, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", type_)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_told: object) -> None:
        """Quiet: the terminal shows the way in."""


class WelcomeServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address) -> None:
        """A phone that goes away in the middle of an answer is no news."""


class WelcomeServer6(WelcomeServer):
    address_family = socket.AF_INET6


@contextlib.contextmanager
def listening(front) -> Iterator[None]:
    """Answer at the port after the front's own, until the end of the block."""
    server = (WelcomeServer6 if ":" in front.host else WelcomeServer)((front.host, front.port + 1), Welcome)
    server.front = front
    threading.Thread(target=server.serve_forever, args=(SEEN_AGAIN_SECONDS,), name="welcome", daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
