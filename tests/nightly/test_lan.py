"""``manage.py serve --lan``: whom phones trust and for what, the plain page before it, and the shop over HTTPS."""

from __future__ import annotations

import http.client
import re
import signal
import socket
import ssl
import stat
import threading
import urllib.parse
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core.management import CommandError, call_command

from inventory_site.common import qr
from inventory_site.common.models import User
from inventory_site.serve import reach
from inventory_site.serve.certificates import LanFailed, authority, host_name, server_file
from inventory_site.serve.front import PortTaken
from inventory_site.serve.lan import LanFront, own_addresses
from tests.lan import trusting
from tests.nightly.test_serve import free_port, serving, until

NAMES = ["shop.test", "192.168.1.5", "127.0.0.1"]
NOW = datetime(2026, 3, 30, 12, tzinfo=UTC)


def free_pair() -> int:
    """A port of which the next one is free, too."""
    while True:
        port = free_port()
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port + 1))
            return port


def leaf_of(file: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(file.read_bytes())


@contextmanager
def tls_server(file: Path) -> Iterator[int]:
    """A port that shakes hands with this certificate, and hangs up."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _address = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(10)
                    try:
                        context.wrap_socket(connection, server_side=True).close()
                    except OSError:
                        continue  # the client did not trust us

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
    thread.join()


def shake_hands(port: int, context: ssl.SSLContext, name: str) -> str:
    """ "trusted", or why not."""
    try:
        with socket.create_connection(("127.0.0.1", port)) as plain, context.wrap_socket(plain, server_hostname=name):
            return "trusted"
    except ssl.SSLCertVerificationError as error:
        return error.verify_message


def test_a_client_that_knows_our_authority_trusts_our_names_and_no_others(tmp_path):
    ours, other = tmp_path / "ours", tmp_path / "other"
    file, _is_new = server_file(ours, authority(ours, NAMES), NAMES)
    authority(other, NAMES)
    with tls_server(file) as port:
        said = {name: shake_hands(port, trusting(ours), name) for name in (*NAMES, "other.test", "192.168.1.6")}
        assert {said[name] for name in NAMES} == {"trusted"}
        assert "not valid for 'other.test'" in said["other.test"] and "mismatch" in said["192.168.1.6"]
        assert shake_hands(port, trusting(other), "shop.test") == "self-signed certificate in certificate chain"


def test_a_stolen_key_opens_no_bank(tmp_path):
    signs = authority(tmp_path, NAMES)
    names = ["bank.example", "8.8.8.8"]
    assert [signs.may_sign(name) for name in [*names, "a.shop.test", "10.1.2.3", "printer.local"]] == [
        False, False, True, True, True,
    ]  # fmt: skip
    file, _is_new = server_file(tmp_path, signs, names)
    with tls_server(file) as port:
        assert {shake_hands(port, trusting(tmp_path), name) for name in names} == {"permitted subtree violation"}


def test_certificates_are_what_phones_accept(tmp_path):
    signs = authority(tmp_path, NAMES, NOW)
    leaf = leaf_of(server_file(tmp_path, signs, NAMES, NOW)[0])
    assert (leaf.not_valid_after_utc - leaf.not_valid_before_utc).days == 397
    assert leaf.not_valid_before_utc < NOW < leaf.not_valid_after_utc
    assert [*leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value] == [ExtendedKeyUsageOID.SERVER_AUTH]
    told = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert told.get_values_for_type(x509.DNSName) == ["shop.test"]
    assert [str(one) for one in told.get_values_for_type(x509.IPAddress)] == ["192.168.1.5", "127.0.0.1"]
    of_authority = signs.certificate
    assert of_authority.not_valid_after_utc.year == 2036
    limits = of_authority.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (limits.ca, limits.path_length) == (True, 0)
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}


def test_the_certificate_is_renewed_when_addresses_change_and_before_it_ends(tmp_path):
    signs = authority(tmp_path, NAMES, NOW)
    first, is_new = server_file(tmp_path, signs, NAMES, NOW)
    assert is_new
    number = leaf_of(first).serial_number
    again = authority(tmp_path, [], NOW + timedelta(days=300))
    assert again.fingerprint == signs.fingerprint
    assert server_file(tmp_path, again, NAMES[::-1], NOW + timedelta(days=300)) == (first, False)
    assert leaf_of(first).serial_number == number
    assert server_file(tmp_path, again, [*NAMES, "192.168.1.9"], NOW) == (first, True)
    assert server_file(tmp_path, again, [*NAMES, "192.168.1.9"], NOW + timedelta(days=370)) == (first, True)
    assert leaf_of(first).not_valid_after_utc > NOW + timedelta(days=700)
    first.write_text("torn")
    assert server_file(tmp_path, again, NAMES, NOW) == (first, True)
    leaf_of(first).verify_directly_issued_by(signs.certificate)


def test_of_many_that_start_at_once_all_have_the_same_authority(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _n: authority(tmp_path, NAMES).fingerprint, range(8)))
    assert len(set(made)) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["ca.pem"]


def broken(folder: Path) -> None:
    (folder / "ca.pem").write_text("nonsense")


def without_certificate(folder: Path) -> None:
    text = (folder / "ca.pem").read_text()
    (folder / "ca.pem").write_text(text[: text.index("-----BEGIN CERTIFICATE")])


def readable_by_all(folder: Path) -> None:
    (folder / "ca.pem").chmod(0o644)


def a_folder(folder: Path) -> None:
    (folder / "ca.pem").unlink()
    (folder / "ca.pem").mkdir(mode=0o700)


@pytest.mark.parametrize(
    ("what", "days", "sentence"),
    [
        (broken, 0, "ca.pem holds no key with its certificate. Bring it back from a backup"),
        (without_certificate, 0, "ca.pem holds no key with its certificate. Bring it back from a backup"),
        (readable_by_all, 0, "Run: chmod 600 "),
        (a_folder, 0, "ca.pem can't be used: Is a directory."),
        (
            None,
            -3,
            "says March 27, 2026, noon, but the certificate in .*ca.pem was made on March 30, 2026. Set the clock.",
        ),
        (None, 3640, "ca.pem ends on March 29, 2036, and the clock of this machine says March 17, 2036, noon."),
    ],
)
def test_a_key_that_cannot_be_used_is_said_in_a_sentence(tmp_path, what, days, sentence):
    authority(tmp_path, NAMES, NOW)
    if what:
        what(tmp_path)
    with pytest.raises(LanFailed, match=sentence):
        authority(tmp_path, NAMES, NOW + timedelta(days=days))


def test_names_that_no_computer_can_have_are_refused():
    assert [host_name(name) for name in ("Shop.LAN.", "仓库.lan")] == ["shop.lan", "xn--5mqv79a.lan"]
    for name in ("", "a b", "-x", "a..b", "x" * 64, "https://shop.lan"):
        with pytest.raises(LanFailed, match="is not a name that a computer can have"):
            host_name(name)


def front(folder: Path, *names: str, find=lambda: ["192.168.1.5"]) -> LanFront:
    return LanFront(folder, "0.0.0.0", 8000, names, find)


def test_the_web_is_told_the_names_under_which_people_come(tmp_path, monkeypatch):
    monkeypatch.setenv("ALLOWED_HOSTS", "shop.example, localhost")
    monkeypatch.delenv("SITE_URL", raising=False)
    at = front(tmp_path, "shop.test")
    told = at.environment
    hosts = told["ALLOWED_HOSTS"].split(",")
    assert {"shop.example", "shop.test", "192.168.1.5", "localhost", "127.0.0.1", "[::1]"} <= set(hosts)
    assert len(hosts) == len(set(hosts))
    assert (told["SITE_URL"], told["SECURE_COOKIES"]) == ("https://shop.test:8000", "1")
    assert told["LAN_WELCOME"] == "http://shop.test:8001/"


def test_when_the_machine_gets_another_address_the_certificate_and_the_names_follow(tmp_path):
    mine = ["192.168.1.5"]
    at = front(tmp_path, find=lambda: list(mine))
    assert not at.has_moved()
    mine[:] = ["192.168.1.77"]
    assert at.has_moved() and not at.has_moved()
    assert at.site == "https://192.168.1.77:8000"
    mine.clear()  # the WiFi is away for a moment
    assert not at.has_moved() and at.site == "https://192.168.1.77:8000"


def test_a_machine_without_a_network_says_so(tmp_path):
    with pytest.raises(LanFailed, match=r"no address in a network\. Connect it to a WiFi or a cable"):
        front(tmp_path, find=list)


def test_a_name_that_the_authority_was_not_made_for_is_refused_with_a_way_out(tmp_path):
    front(tmp_path, "shop.example")
    front(tmp_path, "hall.shop.example")
    with pytest.raises(LanFailed, match=r"may not sign for other\.example: .* Delete the folder"):
        front(tmp_path, "other.example")


def test_this_machines_addresses_are_found():
    assert "127.0.0.1" not in own_addresses()
    assert all(re.fullmatch(r"\d+\.\d+\.\d+\.\d+", address) for address in own_addresses())


@pytest.mark.parametrize("taken", [0, 1])
def test_both_ports_must_be_free(tmp_path, taken):
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1] - taken
        with pytest.raises(
            PortTaken, match=f"127.0.0.1:{port + taken}: Address already in use. Try --port {port + 2}."
        ):
            LanFront(tmp_path, "127.0.0.1", port).check_ports()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--name", "shop.test"], "--name is for the certificate of --lan."),
        (["--lan", "--host", "127.0.0.1", "--name", "a b"], "“a b” is not a name that a computer can have."),
        (["--host", "127.0.0.1", "--port", "70000"], "Can't listen on 127.0.0.1:70000"),
    ],
)
def test_what_is_asked_wrongly_is_refused_before_anything_starts(tmp_path, settings, arguments, sentence):
    settings.VAR_DIR = tmp_path
    with pytest.raises(CommandError, match=sentence):
        call_command("serve", *arguments)
    assert list(tmp_path.rglob("*")) == []


@pytest.fixture
def at(tmp_path) -> Iterator[LanFront]:
    made = LanFront(tmp_path, "127.0.0.1", free_pair(), ["shop.test"])
    with made.open():
        yield made


def ask(at: LanFront, path: str, method: str = "GET", **headers) -> tuple[http.client.HTTPResponse, str]:
    web = http.client.HTTPConnection("127.0.0.1", at.port + 1, timeout=10)
    web.request(method, path, headers={"Host": f"127.0.0.1:{at.port + 1}"} | headers)
    answer = web.getresponse()
    text = answer.read().decode()
    web.close()
    return answer, text


def test_the_plain_page_says_how_to_trust_us_in_the_phones_language(at):
    answer, text = ask(at, "/", **{"User-Agent": "Mozilla/5.0 (iPhone; CPU)", "Accept-Language": "de,en;q=0.5"})
    assert answer.status == 200 and "script" not in text and "src=" not in text
    assert "Certificate Trust Settings" in text and at.authority.fingerprint in text
    assert f'href="https://127.0.0.1:{at.port}/count/"' in text
    assert re.search(r"<details open>\s*<summary>iPhone", text)
    chinese = ask(at, "/", **{"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"})[1]
    assert '<html lang="zh-hans">' in chinese and "证书" in chinese and "Download" not in chinese


def test_the_plain_port_gives_the_certificate_and_leads_the_rest_to_https(at):
    answer, text = ask(at, "/shelfwise-ca.crt")
    assert answer.headers["Content-Type"] == "application/x-x509-ca-cert" and text.encode() == at.authority.pem
    assert "PRIVATE" not in text
    for method, host, path, target in (
        ("GET", f"shop.test:{at.port + 1}", "/count/?a=b", f"https://shop.test:{at.port}/count/?a=b"),
        ("POST", "localhost", "/api/v1/x", f"https://localhost:{at.port}/api/v1/x"),
        ("GET", "evil.example", "//evil.example/x", f"https://shop.test:{at.port}/evil.example/x"),
    ):
        answer, text = ask(at, path, method, Host=host)
        assert (answer.status, answer.headers["Location"], text) == (307, target, "")


def test_the_terminal_shows_the_way_in(at):
    plain = at.directions(in_terminal=False)
    assert f"Shelfwise is at https://shop.test:{at.port}/ (Ctrl-C stops it)." in plain
    assert f"http://shop.test:{at.port + 1}/" in plain and at.authority.fingerprint in plain
    assert "\x1b" not in plain
    assert qr.for_terminal(at.welcome) in at.directions(in_terminal=True)


def test_a_camera_reads_the_square_of_the_terminal():
    import zxingcpp
    from PIL import Image

    text = "http://192.168.1.5:8001/"
    bare = re.sub("\x1b\\[[0-9;]*m", "", qr.for_terminal(text)).splitlines()
    pixels = [[255 * (letter in half) for letter in line] for line in bare for half in ("█▀", "█▄")]
    picture = Image.new("L", (len(bare[0]), len(pixels)))
    picture.putdata([pixel for row in pixels for pixel in row])
    (found,) = zxingcpp.read_barcodes(picture.resize((8 * picture.width, 8 * picture.height), Image.Resampling.NEAREST))
    assert found.text == text


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="the kernel's own limits are Linux's")
def test_a_phone_that_walked_out_of_reach_holds_no_thread_for_ever():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        reach.when_ready(SimpleNamespace(LISTENERS=[SimpleNamespace(sock=listener)]))
        with socket.create_connection(listener.getsockname()), listener.accept()[0] as accepted:
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            told = {name: accepted.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) for name in reach.NOTICED}
    assert told == reach.NOTICED


class Person:
    """A browser that resolves the shop's name, trusts its authority and keeps cookies."""

    def __init__(self, shop, folder: Path, name: str):
        self.port, self.name, self.context, self.cookies = shop.port, name, trusting(folder), {}

    def ask(self, path: str, data: dict | None = None) -> tuple[http.client.HTTPResponse, str]:
        origin = f"https://{self.name}:{self.port}"
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        web = http.client.HTTPConnection(self.name, self.port)
        web.sock = self.context.wrap_socket(plain, server_hostname=self.name)
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Cookie": cookies, "Origin": origin, "Referer": f"{origin}{path}"}
        body = urllib.parse.urlencode(data) if data else None
        headers |= {"Content-Type": "application/x-www-form-urlencoded"} if data else {}
        web.request("POST" if data else "GET", path, body, headers)
        answer = web.getresponse()
        text = answer.read().decode()
        web.close()
        for line in answer.headers.get_all("Set-Cookie") or []:
            assert "; Secure" in line
            name, _equals, value = line.split(";")[0].partition("=")
            self.cookies[name] = value
        return answer, text


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_a_login_at_another_name_over_https_and_a_new_certificate_while_it_runs(tmp_path, make_user):
    password = PBKDF2PasswordHasher().encode("correct-horse", "salt", iterations=1000)  # the tests' own is for tests
    User.objects.filter(pk=make_user("owner", username="olga").pk).update(password=password)
    with serving(tmp_path, "--lan", "--host", "127.0.0.1", "--name", "shop.test", "--no-worker") as shop:
        folder = tmp_path / "lan"
        assert f"Shelfwise is at https://shop.test:{shop.port}/ (Ctrl-C stops it)." in shop.said()
        for name in ("shop.test", "127.0.0.1"):
            person = Person(shop, folder, name)
            text = person.ask("/admin/login/")[1]
            token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', text)[1]
            told = {"username": "olga", "password": "correct-horse", "csrfmiddlewaretoken": token}
            answer, _text = person.ask("/admin/login/?next=/admin/phones/", told)
            assert (answer.status, answer.headers["Location"]) == (302, "/admin/phones/")
            assert f"http://shop.test:{shop.port + 1}/" in person.ask("/admin/phones/")[1]
        number = leaf_of(folder / "server.pem").serial_number
        (folder / "server.pem").unlink()
        until(lambda: shop.said().count("Shelfwise is at") == 2)
        assert leaf_of(folder / "server.pem").serial_number != number
        assert "ended with" not in shop.said()
        assert Person(shop, folder, "shop.test").ask("/admin/login/")[0].status == 200
        shop.process.send_signal(signal.SIGINT)
        assert shop.process.wait(90) == 0 and shop.processes() == {}
