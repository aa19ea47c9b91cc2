"""Where people come in: at a port of this machine, over plain HTTP. Its network over HTTPS: ``lan``."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
from collections.abc import Iterator

from django.utils.translation import gettext as _

ANSWERS_WITHIN_SECONDS = 5
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}


class PortTaken(Exception):
    """Somebody else listens there; the message says what to do."""


class Front:
    def __init__(self, host: str, port: int):
        self.host, self.port = host, port

    @property
    def ports(self) -> list[int]:
        return [self.port]

    @property
    def site(self) -> str:
        """The address that people are told, without a slash at its end."""
        return f"http://{in_address(self.near)}:{self.port}"

    @property
    def near(self) -> str:
        """Where this machine itself reaches it."""
        return ANYWHERE.get(self.host, self.host)

    @property
    def gunicorn(self) -> list[str]:
        return ["--bind", f"{in_address(self.host)}:{self.port}"]

    @property
    def environment(self) -> dict[str, str]:
        return {"SITE_URL": os.environ.get("SITE_URL", self.site)}

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """Whatever has to be there beside the web."""
        yield

    def is_answering(self) -> bool:
        """Whether a page really comes: the port is open before the web is ready."""
        web = self._connection()
        try:
            web.request("GET", "/admin/login/")
            web.getresponse().read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            web.close()
        return True

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.near, self.port, timeout=ANSWERS_WITHIN_SECONDS)

    def has_moved(self) -> bool:
        """Whether its addresses are others than when this was asked last; the web then has to be told."""
        return False

    def directions(self, *, in_terminal: bool) -> str:
        """What whoever started it reads."""
        told = _("Shelfwise is at %(address)s (Ctrl-C stops it).") % {"address": f"{self.site}/"}
        if self.host not in ANYWHERE or "ALLOWED_HOSTS" in self.environment | os.environ:
            return told
        hint = _("Other computers are refused until ALLOWED_HOSTS names this one; for phones, --lan does it all.")
        return f"{told}\n{hint}"

    def check_ports(self) -> None:
        """Say it before anything is started; gunicorn would try again and again."""
        for port in self.ports:
            try:
                with socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET) as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind((self.host, port))
            except (OSError, OverflowError) as error:
                told = {"host": self.host, "port": port, "other": self.ports[-1] + 1}
                told["reason"] = getattr(error, "strerror", None) or error
                raise PortTaken(
                    _("Can't listen on %(host)s:%(port)d: %(reason)s. Try --port %(other)d.") % told
                ) from error


def in_address(host: str) -> str:
    return f"[{host}]" if ":" in host else host
