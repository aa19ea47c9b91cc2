"""Which addresses on the network a message may be sent to."""

from __future__ import annotations

import base64
import ipaddress
import secrets
from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

NAT64 = ipaddress.ip_network("64:ff9b::/96")
SECRET_PREFIX = "whsec_"
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _meant(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one that stands for it."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1]) or address


def may_reach(text: str, *, allows_private: bool) -> bool:
    """Whether this IP address is on the open internet, or inside where that is allowed.

    What is link-local (where clouds keep their keys), multicast or reserved is out of reach for everybody.
    """
    address = _meant(ipaddress.ip_address(text))
    if address.is_multicast or address.is_unspecified or address.is_link_local:
        return False
    if address.is_global:
        return not address.is_reserved
    return allows_private and (address.is_loopback or not address.is_reserved)  # ::1 counts as reserved too


def as_ip(host: str) -> str | None:
    """The host, where it is written as an IP address."""
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return None


def parts_of(url: str) -> SplitResult:
    """The parts of an address that a channel may have; ValueError says what is wrong with it."""
    try:
        parts = urlsplit(url)
        port_is_right = parts.port != 0
    except ValueError:
        port_is_right = False
    if not port_is_right or parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError(_("Write an address like https://example.com/hook, without a name and password in it."))
    if not all("!" <= character <= "~" for character in parts.path + parts.query) or url != url.strip():
        raise ValueError(_("The address has a character in it that must be written as %XX, or a blank."))
    return parts


def check_address(url: str, *, allows_private: bool) -> None:
    """Refuse what can be seen to be wrong before the name is looked up; that is checked at each sending."""
    try:
        parts = parts_of(url)
    except ValueError as error:
        raise ValidationError({"url": str(error)}) from error
    ip = as_ip(parts.hostname or "")
    if ip and not may_reach(ip, allows_private=allows_private):
        raise ValidationError({"url": _("%(ip)s is not an address on the open internet.") % {"ip": ip}})
    if parts.scheme == "http" and not allows_private:
        raise ValidationError({"url": _("Outside your own network messages go by https only.")})


def new_secret() -> str:
    """A key for signing, written as Standard Webhooks writes it."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def key_of(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)


def validate_secret(secret: str) -> None:
    """24 to 64 bytes in base64 behind ``whsec_``."""
    try:
        is_right = secret.startswith(SECRET_PREFIX) and 24 <= len(key_of(secret)) <= 64
    except ValueError:
        is_right = False
    if not is_right:
        raise ValidationError(_("Write whsec_ and 24 to 64 random bytes in base64, or leave the one that was made."))
