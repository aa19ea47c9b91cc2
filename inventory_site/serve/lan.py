"""The shop over HTTPS in the network of this machine, by an authority of its own that phones learn to trust."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import os
import socket
import ssl
import struct
from collections.abc import Callable, Iterator, Sequence
from ipaddress import ip_address
from pathlib import Path

from django.utils.translation import gettext as _

from inventory_site.common import qr
from inventory_site.serve.certificates import HOST_NAME, LanFailed, authority, host_name, server_file
from inventory_site.serve.front import ANSWERS_WITHIN_SECONDS, ANYWHERE, Front, in_address
from inventory_site.serve.welcome import listening

#: The kernel's question for an interface's IPv4 address, on Linux and on macOS.
ADDRESS_OF = (0x8915, 0xC0206921)
#: A test network: nothing is sent there, but the kernel says from which address it would be.
ELSEWHERE = ("192.0.2.1", 9)
HERE = ("localhost", "127.0.0.1", "::1")


class LanFront(Front):
    """``names`` are DNS names under which people come, besides those that the machine has anyway.

    ``find`` tells the machine's addresses, which can be others an hour later.
    """

    def __init__(
        self, folder: Path, host: str, port: int, names: Sequence[str] = (), find: Callable[[], list[str]] | None = None
    ):
        super().__init__(host, port)
        self.folder, self.given = folder, [host_name(name) for name in names]
        self.find = find or own_addresses
        self.addresses = self._addresses()
        if not self.addresses:
            raise LanFailed(
                _("This machine has no address in a network. Connect it to a WiFi or a cable, then start again.")
            )
        self.authority = authority(folder, self._wished())
        for name in self.given:
            if not self.authority.may_sign(name):
                raise LanFailed(
                    _(
                        "The certificate authority in %(folder)s may not sign for %(name)s: it was made without that "
                        "name. Delete the folder to make another one; every phone must be told to trust that one."
                    )
                    % {"folder": folder, "name": name}
                )
        self.certificate, _is_new = server_file(folder, self.authority, self.names)

    def _addresses(self) -> list[str]:
        return self.find() if self.host in ANYWHERE else [self.host]

    def _wished(self) -> list[str]:
        machine = socket.gethostname().lower()
        own = [machine, f"{machine.split('.')[0]}.local"]
        return list(dict.fromkeys([*self.given, *self.addresses, *filter(HOST_NAME.fullmatch, own), *HERE]))

    @property
    def names(self) -> list[str]:
        """Names and addresses under which it is found, the best to tell people first."""
        return [name for name in self._wished() if self.authority.may_sign(name)]

    @property
    def ports(self) -> list[int]:
        return [self.port, self.port + 1]

    @property
    def site(self) -> str:
        return f"https://{in_address(self.names[0])}:{self.port}"

    @property
    def welcome(self) -> str:
        """The plain page that a phone opens first."""
        return f"http://{in_address(self.names[0])}:{self.port + 1}/"

    @property
    def gunicorn(self) -> list[str]:
        return [*super().gunicorn, "--certfile", str(self.certificate), "--keyfile", str(self.certificate)]

    @property
    def environment(self) -> dict[str, str]:
        """A shop that is also reached otherwise keeps the names that it was given."""
        told = [part.strip() for part in os.environ.get("ALLOWED_HOSTS", "").split(",")]
        hosts = dict.fromkeys(filter(None, [*told, *map(in_address, self.names)]))
        return super().environment | {
            "ALLOWED_HOSTS": ",".join(hosts), "SECURE_COOKIES": "1", "LAN_WELCOME": self.welcome
        }  # fmt: skip

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        with listening(self):
            yield

    def _connection(self) -> http.client.HTTPConnection:
        trusting = ssl.create_default_context(cadata=self.authority.pem.decode())
        return http.client.HTTPSConnection(self.near, self.port, timeout=ANSWERS_WITHIN_SECONDS, context=trusting)

    def has_moved(self) -> bool:
        """Gunicorn reads the certificate anew for each connection, but the web must hear of new names."""
        self.addresses = self._addresses() or self.addresses
        return server_file(self.folder, self.authority, self.names)[1]

    def directions(self, *, in_terminal: bool) -> str:
        others = [f"https://{in_address(name)}:{self.port}/" for name in self.names[1:] if name not in HERE]
        lines = [
            super().directions(in_terminal=in_terminal),
            *([_("Also at: %(addresses)s") % {"addresses": " ".join(others)}] if others else []),
            _("Phones start at %(address)s: that page says how to trust the certificate, whose SHA-256 is")
            % {"address": self.welcome},
            self.authority.fingerprint,
        ]
        if in_terminal:
            lines += [qr.for_terminal(self.welcome), _("Point the phone's camera at the square.")]
        return "\n".join(lines)


def own_addresses() -> list[str]:
    """This machine's IPv4 addresses in its networks; the one that leads out of the house first."""
    found = [address for _index, name in socket.if_nameindex() if (address := _address_of(name))]
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(ELSEWHERE)
        found.insert(0, probe.getsockname()[0])
    kept = (address for address in dict.fromkeys(found) if not _is_of_no_use(address))
    return list(kept)


def _is_of_no_use(address: str) -> bool:
    parsed = ip_address(address)
    return parsed.is_loopback or parsed.is_link_local or parsed.is_unspecified


def _address_of(interface: str) -> str:
    asked = struct.pack("256s", interface.encode()[:15])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for question in ADDRESS_OF:
            with contextlib.suppress(OSError):
                return socket.inet_ntoa(fcntl.ioctl(probe, question, asked)[20:24])
    return ""
