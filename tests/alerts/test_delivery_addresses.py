"""A message goes to the address that an owner set, on the open internet, and nowhere else."""

from __future__ import annotations

import http.client
import socket
import threading
from contextlib import closing

import pytest
from django.core.exceptions import ValidationError

from alerts import outgoing
from alerts.addresses import check_address, may_reach, new_secret, validate_secret
from alerts.models import Channel
from alerts.outgoing import NotSent, post
from tests.alerts.receivers import CERTIFICATE, http_receiver

PUBLIC = "93.184.216.34"  # tests cannot reach it: tests/conftest.py keeps them on this machine
INSIDE = [
    "127.0.0.1", "127.9.9.9", "10.0.0.5", "172.16.0.1", "192.168.1.1", "100.64.0.1", "::1", "fc00::1", "fd12::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.5", "64:ff9b::7f00:1", "2002:7f00:1::1",
]  # fmt: skip
NEVER = [
    "169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "fe80::1", "fe80::1%eth0", "0.0.0.0", "::",
    "224.0.0.1", "ff02::1", "240.0.0.1", "255.255.255.255",
]  # fmt: skip


@pytest.fixture
def web():
    with http_receiver() as receiver:
        yield receiver


def names(monkeypatch, *answers: list[str]) -> list[str]:
    """The resolver gives these addresses, one list for each look-up, the last for ever; returns who was asked for."""
    asked, waiting = [], list(answers)

    def lookup(host, port, *args, **kwargs):
        asked.append(host)
        found = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in found]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    return asked


def send(url: str, *, allows_private: bool = False) -> int:
    return post(url, b"{}", {}, allows_private=allows_private)


@pytest.mark.parametrize("ip", INSIDE)
def test_inside_addresses_take_the_owners_leave(ip):
    assert not may_reach(ip, allows_private=False)
    assert may_reach(ip, allows_private=True)


@pytest.mark.parametrize("ip", NEVER)
def test_some_addresses_are_never_reached(ip):
    assert not may_reach(ip, allows_private=False)
    assert not may_reach(ip, allows_private=True)


@pytest.mark.parametrize("ip", [PUBLIC, "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34"])
def test_the_open_internet_is_open(ip):
    assert may_reach(ip, allows_private=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "169.254.169.254", "10.1.2.3", "[::1]", "[::ffff:7f00:1]"])
def test_an_address_inside_is_refused_without_a_connection(host, monkeypatch):
    asked = names(monkeypatch, [PUBLIC])
    with pytest.raises(NotSent, match="not on the open internet") as refused:
        send(f"https://{host}/hook")
    assert refused.value.permanent and asked == []


@pytest.mark.parametrize("host", ["localhost", "2130706433", "0x7f000001", "127.1"])
def test_a_name_that_leads_inside_is_refused(host, web):
    """Numbers of other kinds are names to us; the resolver makes the same address of them."""
    with pytest.raises(NotSent) as refused:
        send(f"https://{host}:{web.port}/hook")
    assert web.requests == []
    assert refused.value.permanent == (
        host == "localhost"
    )  # the others are kept from the resolver by tests/conftest.py


@pytest.mark.parametrize("ips", [["127.0.0.1"], [PUBLIC, "127.0.0.1"], ["169.254.169.254"], ["10.0.0.1"]])
def test_a_name_of_which_any_address_is_inside_is_refused(ips, web, monkeypatch):
    asked = names(monkeypatch, ips)
    with pytest.raises(NotSent, match=r"hook\.example leads to") as refused:
        send(f"https://hook.example:{web.port}/")
    assert (asked, refused.value.permanent, web.requests) == (["hook.example"], True, [])


def test_a_name_that_changes_its_address_after_the_check_gains_nothing(web, monkeypatch):
    asked = names(monkeypatch, [PUBLIC], ["127.0.0.1"])
    with pytest.raises(NotSent, match=f"a test tried to reach {PUBLIC}") as failed:
        send(f"https://hook.example:{web.port}/")
    assert asked == ["hook.example"], "it is asked for once"
    assert not failed.value.permanent and web.requests == []


def test_looking_it_up_again_to_connect_would_reach_inside(web, monkeypatch):
    """The negative control: the same name, checked first and then handed to an ordinary client."""
    names(monkeypatch, [PUBLIC], ["127.0.0.1"])
    assert all(may_reach(ip, allows_private=False) for ip in outgoing.addresses_of("hook.example", web.port))
    with closing(http.client.HTTPConnection("hook.example", web.port, timeout=5)) as connection:
        connection.request("POST", "/hook", b"{}")
        assert connection.getresponse().status == 200
    assert len(web.requests) == 1


def test_who_answers_elsewhere_than_asked_is_refused(web, monkeypatch):
    """Something on the way may connect us to another machine than the one that was checked."""
    connect = socket.socket.connect
    monkeypatch.setattr(socket.socket, "connect", lambda self, address: connect(self, ("127.0.0.1", web.port)))
    with pytest.raises(NotSent, match="by another machine than the one that was asked"):
        send(f"https://{PUBLIC}/")
    assert web.requests == []


def test_of_several_addresses_the_first_that_answers_is_taken(web, monkeypatch):
    names(monkeypatch, ["127.0.0.2", "127.0.0.1"])
    assert send(web.url("hook.example"), allows_private=True) == 200
    names(monkeypatch, ["127.0.0.2"])
    with pytest.raises(NotSent, match="could not be reached"):
        send(web.url("hook.example"), allows_private=True)
    assert [request.headers["host"] for request in web.requests] == [f"hook.example:{web.port}"]


def test_a_redirect_to_the_inside_is_not_followed(web):
    with http_receiver() as hidden:
        web.answer, web.headers = 307, {"Location": hidden.url()}
        assert send(web.url(), allows_private=True) == 307
        assert hidden.requests == []


def test_a_slow_receiver_is_cut_off(monkeypatch):
    """It gives a byte now and then, so that no single wait is ever too long."""
    monkeypatch.setattr(outgoing, "TOTAL_SECONDS", 0.3)
    ended = threading.Event()
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def drip() -> None:
            taken, _address = server.accept()
            with taken:
                while not ended.wait(0.02):
                    try:
                        taken.sendall(b"H")
                    except OSError:
                        return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        with pytest.raises(NotSent, match="no answer in time") as failed:
            send(f"http://127.0.0.1:{server.getsockname()[1]}/", allows_private=True)
        ended.set()
        thread.join()
    assert failed.value.is_down and not failed.value.permanent


def test_tls_is_verified_against_the_name(monkeypatch):
    with http_receiver(tls=True) as receiver:
        with pytest.raises(NotSent, match="could not prove that it is itself"):
            send(receiver.url("localhost", "https"), allows_private=True)
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        assert send(receiver.url("localhost", "https"), allows_private=True) == 200
        names(monkeypatch, ["127.0.0.1"])
        with pytest.raises(NotSent, match="could not prove that it is itself: Hostname mismatch"):
            send(receiver.url("hook.example", "https"), allows_private=True)
    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://hook.example/", "by https only"),
        ("https://anna:secret@hook.example/", "without a name and password"),
        ("ftp://hook.example/", "Write an address like"),
        ("hook.example", "Write an address like"),
        ("https://hook.example:99999/", "Write an address like"),
        ("https://[::1/", "Write an address like"),
        ("https://hook.example/a b", "must be written as %XX"),
        ("https://hook.example/ä", "must be written as %XX"),
        ("https://127.0.0.1/", "not an address on the open internet"),
        ("https://169.254.169.254/latest/", "not an address on the open internet"),
    ],
)
def test_a_wrong_address_is_seen_when_it_is_entered_and_when_it_is_used(url, told):
    with pytest.raises(ValidationError, match=told):
        check_address(url, allows_private=False)
    with pytest.raises(NotSent) as refused:
        send(url)
    assert refused.value.permanent


def test_an_owner_may_allow_the_inside_but_not_where_clouds_keep_their_keys():
    Channel(name="Chat", url="http://192.168.1.5:8065/hooks/x", may_be_private=True).clean()
    with pytest.raises(ValidationError):
        Channel(name="Keys", url="http://169.254.169.254/", may_be_private=True).clean()


def test_a_secret_is_long_enough_to_sign_with():
    validate_secret(new_secret())
    for wrong in ("", "hunter2", "whsec_", "whsec_aGVsbG8=", "whsec_§§§", new_secret().removeprefix("whsec_")):
        with pytest.raises(ValidationError):
            validate_secret(wrong)
