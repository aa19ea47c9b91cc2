"""What a browser and a client of the tests need to trust a shop that ``serve --lan`` serves."""

from __future__ import annotations

import base64
import hashlib
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def trusting(folder: Path) -> ssl.SSLContext:
    """Trusts the authority of this folder (``var/lan``) and nobody else."""
    text = (folder / "ca.pem").read_text()
    return ssl.create_default_context(cadata=text[text.index("-----BEGIN CERTIFICATE") :])


def chromium_flags(folder: Path, name: str) -> list[str]:
    """Chromium finds ``name`` on this machine, and takes the authority's key for one that was installed."""
    authority = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    key = authority.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    known = base64.b64encode(hashlib.sha256(key).digest()).decode()
    return [f"--host-resolver-rules=MAP {name} 127.0.0.1", f"--ignore-certificate-errors-spki-list={known}"]
