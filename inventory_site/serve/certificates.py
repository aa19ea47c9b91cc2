"""The certificate authority of the shop's own network, and the server's certificate, which it signs.

Phones give neither camera nor offline pages without HTTPS, and nobody else signs for an address inside a house.
The authority may sign for this network only, so that a stolen key opens no bank.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from django.utils.formats import date_format
from django.utils.translation import gettext as _

CA_DAYS = 3652
#: Apple refuses certificates of more than 825 days, and of more than 398 from public authorities.
LEAF_DAYS, RENEWED_BEFORE_DAYS = 397, 30
#: So that a phone whose clock is a little late accepts it at once.
BEFORE = timedelta(days=1)
NETWORKS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10", "127.0.0.0/8",
            "::1/128", "fc00::/7", "fe80::/10")  # fmt: skip
DOMAINS = ("localhost", "local", "lan", "home.arpa", "internal", "test")
HOST_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")


class LanFailed(Exception):
    """It can't be served in the network; the message says why and what to do."""


@dataclass(frozen=True)
class Authority:
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> bytes:
        """What phones are given."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def fingerprint(self) -> str:
        return self.certificate.fingerprint(hashes.SHA256()).hex(":").upper()

    def may_sign(self, name: str) -> bool:
        permitted = self.certificate.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees
        if (address := _address(name)) is not None:
            return any(isinstance(one, x509.IPAddress) and address in one.value for one in permitted)
        domains = [one.value for one in permitted if isinstance(one, x509.DNSName)]
        return any(name == domain or name.endswith(f".{domain}") for domain in domains)


def _address(name: str):
    try:
        return ip_address(name)
    except ValueError:
        return None


def host_name(told: str) -> str:
    """A DNS name as certificates hold it; what cannot be one is refused."""
    try:
        name = told.strip().rstrip(".").lower().encode("idna").decode()
    except UnicodeError:
        name = ""
    if not HOST_NAME.fullmatch(name):
        raise LanFailed(
            _("“%(name)s” is not a name that a computer can have. Write it like shop.lan.") % {"name": told}
        )
    return name


def authority(folder: Path, names: Sequence[str], now: datetime | None = None) -> Authority:
    """The authority of this folder, made at the first call: it may sign for private addresses and for ``names``."""
    now = now or datetime.now(UTC)
    file = folder / "ca.pem"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not file.exists():
            _write(file, _new_authority(names, now), replace=False)
        found = _read(file)
    except OSError as error:
        raise LanFailed(
            _("%(file)s can't be used: %(reason)s. It must belong to whoever runs this command.")
            % {"file": error.filename or file, "reason": error.strerror}
        ) from error
    _check_clock(found.certificate, file, now)
    return found


def _read(file: Path) -> Authority:
    if file.stat().st_mode & 0o077:
        raise LanFailed(
            _("Others can read the key in %(file)s, and with it pretend to be this shop. Run: chmod 600 %(file)s")
            % {"file": file}
        )
    text = file.read_bytes()
    try:
        found = Authority(load_pem_private_key(text, None), x509.load_pem_x509_certificate(text))
        if found.key.public_key() != found.certificate.public_key():
            raise ValueError
    except (ValueError, TypeError) as error:
        raise LanFailed(
            _(
                "%(file)s holds no key with its certificate. Bring it back from a backup, or delete it: "
                "then another is made, and every phone must be told to trust that one."
            )
            % {"file": file}
        ) from error
    return found


def _check_clock(certificate: x509.Certificate, file: Path, now: datetime) -> None:
    told = {"now": date_format(now, "DATETIME_FORMAT"), "file": file}
    if now < certificate.not_valid_before_utc:
        made = date_format(certificate.not_valid_before_utc + BEFORE, "DATE_FORMAT")
        raise LanFailed(
            _(
                "The clock of this machine says %(now)s, but the certificate in %(file)s was made on %(made)s. "
                "Set the clock."
            )
            % (told | {"made": made})
        )
    if now + timedelta(days=RENEWED_BEFORE_DAYS) > certificate.not_valid_after_utc:
        ends = date_format(certificate.not_valid_after_utc, "DATE_FORMAT")
        raise LanFailed(
            _(
                "The certificate in %(file)s ends on %(ends)s, and the clock of this machine says %(now)s. "
                "If the clock is right, delete the file: then another is made, and every phone must be told to trust "
                "that one."
            )
            % (told | {"ends": ends})
        )


def server_file(folder: Path, by: Authority, names: Sequence[str], now: datetime | None = None) -> tuple[Path, bool]:
    """The file with the server's key and certificate for exactly these names, and whether it is a new one."""
    now = now or datetime.now(UTC)
    file = folder / "server.pem"
    if _is_good(file, by, names, now):
        return file, False
    try:
        _write(file, _new_leaf(by, names, now), replace=True)
    except OSError as error:
        raise LanFailed(
            _("%(file)s can't be written: %(reason)s.") % {"file": file, "reason": error.strerror}
        ) from error
    return file, True


def _is_good(file: Path, by: Authority, names: Sequence[str], now: datetime) -> bool:
    try:
        found = x509.load_pem_x509_certificate(file.read_bytes())
        found.verify_directly_issued_by(by.certificate)
        told = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False  # whatever is wrong with it, another one is made
    lasts = found.not_valid_before_utc <= now < found.not_valid_after_utc - timedelta(days=RENEWED_BEFORE_DAYS)
    return lasts and set(told) == {_general(name) for name in names}


def _general(name: str) -> x509.GeneralName:
    return x509.DNSName(name) if _address(name) is None else x509.IPAddress(_address(name))


def _new_authority(names: Sequence[str], now: datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    own = [ip_network(name) for name in names if _address(name) is not None]
    permitted = [
        *(x509.IPAddress(network) for network in [*map(ip_network, NETWORKS), *own]),
        *(x509.DNSName(name) for name in dict.fromkeys([*DOMAINS, *(n for n in names if _address(n) is None)])),
    ]
    usage = dict.fromkeys(
        ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
         "encipher_only", "decipher_only"), False,
    )  # fmt: skip
    # The random part tells two authorities apart in a phone's list.
    called = _subject(f"Shelfwise {secrets.token_hex(3)}")
    made = (
        _begun(called, called, key, now, now + timedelta(days=CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return _key_pem(key) + made.public_bytes(Encoding.PEM)


def _new_leaf(by: Authority, names: Sequence[str], now: datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    ends = min(now + timedelta(days=LEAF_DAYS) - BEFORE, by.certificate.not_valid_after_utc)
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
         "encipher_only", "decipher_only"), False,
    )  # fmt: skip
    made = (
        _begun(_subject("Shelfwise"), by.certificate.subject, key, now, ends)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, **usage), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key()), critical=False)
        .sign(by.key, hashes.SHA256())
    )
    return _key_pem(key) + made.public_bytes(Encoding.PEM) + by.pem


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BEFORE)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(file: Path, content: bytes, *, replace: bool) -> None:
    """All of it or nothing, readable by its owner only; without ``replace`` whoever came first wins."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as new:
            new.write(content)
        if replace:
            draft.replace(file)
        else:
            os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)
