"""One POST to an address that an owner set, and to no other: looked up, checked, and connected to that very IP.

Nothing is asked twice: between a check and a second look-up a name could get another address. Redirects are not
followed, what the receiver answers is not read, and the whole takes no longer than ``TOTAL_SECONDS``.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from ipaddress import ip_address

from django.utils.translation import gettext as _

from alerts.addresses import as_ip, may_reach, parts_of

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 10.0


class NotSent(Exception):
    """It did not go out. ``permanent``: trying again is no use. ``is_down``: others would not get through either."""

    def __init__(self, reason: str, *, permanent: bool = False, is_down: bool = False):
        super().__init__(reason)
        self.permanent, self.is_down = permanent, is_down


def post(url: str, body: bytes, headers: Mapping[str, str], *, allows_private: bool) -> int:
    """Send it; returns the status of the answer. ``NotSent`` where there was none."""
    try:
        parts = parts_of(url)
    except ValueError as error:
        raise NotSent(str(error), permanent=True) from error
    if parts.scheme == "http" and not allows_private:
        raise NotSent(_("Outside your own network messages go by https only."), permanent=True)
    connection = CheckedConnection(parts.hostname, parts.port, parts.scheme == "https", allows_private)
    watch = threading.Timer(TOTAL_SECONDS, connection.cut)
    watch.daemon = True
    watch.start()
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body, dict(headers))
        return connection.getresponse().status
    except ssl.SSLCertVerificationError as error:
        reason = _("%(host)s could not prove that it is itself: %(why)s")
        raise NotSent(reason % {"host": parts.hostname, "why": error.verify_message}, is_down=True) from error
    except UnicodeError as error:
        raise NotSent(_("%(host)s is no name of a machine.") % {"host": parts.hostname}, permanent=True) from error
    except (OSError, http.client.HTTPException) as error:
        why = _("no answer in time") if isinstance(error, TimeoutError) or connection.was_cut else error
        reason = _("%(host)s could not be reached: %(why)s")
        raise NotSent(reason % {"host": parts.hostname, "why": why}, is_down=True) from error
    finally:
        watch.cancel()
        connection.close()


class CheckedConnection(http.client.HTTPConnection):
    """Connects to an address that was looked up once and checked; TLS is verified against the name."""

    def __init__(self, host: str, port: int | None, is_tls: bool, allows_private: bool):
        self.default_port = http.client.HTTPS_PORT if is_tls else http.client.HTTP_PORT
        super().__init__(host, port or self.default_port, timeout=CONNECT_SECONDS)
        self.is_tls, self.allows_private, self.was_cut = is_tls, allows_private, False

    def connect(self) -> None:
        self.sock, ip = self._connected([self._checked(ip) for ip in addresses_of(self.host, self.port)])
        if ip_address(self.sock.getpeername()[0]) != ip_address(ip):
            reason = _("%(host)s was answered for by another machine than the one that was asked.")
            raise NotSent(reason % {"host": self.host}, permanent=True)
        if self.is_tls:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self.host, do_handshake_on_connect=False)
            self.sock.do_handshake()
        if self.was_cut:
            raise TimeoutError

    def _checked(self, ip: str) -> str:
        if not may_reach(ip, allows_private=self.allows_private):
            reason = _("%(host)s leads to %(ip)s, which is not on the open internet. An owner may allow it.")
            raise NotSent(reason % {"host": self.host, "ip": ip}, permanent=True)
        return ip

    def _connected(self, ips: list[str]) -> tuple[socket.socket, str]:
        """The first of them that answers."""
        last: OSError = OSError(_("the name has no address"))
        for ip in ips:
            one = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_STREAM)
            try:
                one.settimeout(self.timeout)
                one.connect((ip, self.port))
            except OSError as error:
                one.close()
                last = error
            else:
                return one, ip
        raise last

    def cut(self) -> None:
        """End what has taken too long, whatever the other side is doing."""
        self.was_cut = True
        if self.sock is not None:
            with contextlib.suppress(OSError):  # it may have ended by itself
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


def addresses_of(host: str, port: int) -> list[str]:
    """The IP addresses of a name, asked for once."""
    if ip := as_ip(host):
        return [ip]
    return list(dict.fromkeys(info[4][0] for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
