"""Real receivers of messages on this machine: an HTTP server and a mail server, each in a thread."""

from __future__ import annotations

import email
import email.policy
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

#: A key and its certificate for localhost, made for these tests and trusted by nobody.
CERTIFICATE = Path(__file__).parent / "tls" / "localhost.pem"


@dataclass(frozen=True)
class Request:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class HttpReceiver:
    """What came in, and what it answers: a status, or a function that gets the request and returns one."""

    port: int = 0
    requests: list[Request] = field(default_factory=list)
    answer: int | Callable[[Request], int] = 200
    headers: dict[str, str] = field(default_factory=dict)

    def url(self, host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}/hook"


@contextmanager
def http_receiver(tls: bool = False, host: str = "127.0.0.1") -> Iterator[HttpReceiver]:
    receiver = HttpReceiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            request = Request(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            receiver.requests.append(request)
            status = receiver.answer if isinstance(receiver.answer, int) else receiver.answer(request)
            self.send_response(status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer((host, 0), Handler)
    server.handle_error = lambda *args: None  # a client that hangs up is what some tests are about
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    receiver.port = server.server_port
    with _served(server):
        yield receiver


@dataclass
class MailReceiver:
    """The mails that it accepted. ``after_accepting`` runs between its yes and the next command of the sender."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    refuses_recipient: Callable[[], str] = lambda: ""  # an answer to RCPT, such as "550 no such user"
    answers_quit: str = "221 bye"
    after_accepting: Callable[[], object] = lambda: None


@contextmanager
def mail_receiver() -> Iterator[MailReceiver]:
    receiver = MailReceiver()

    class Handler(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        def handle(self) -> None:
            self.say("220 here")
            for line in self.rfile:
                command = line.decode().split(" ")[0].strip().upper()
                if command == "DATA":
                    self.say("354 go on")
                    self.take()
                elif command == "RCPT":
                    self.say(receiver.refuses_recipient() or "250 ok")
                elif command == "QUIT":
                    return self.say(receiver.answers_quit)
                else:
                    self.say("250 ok")
            return None

        def take(self) -> None:
            lines = []
            for line in self.rfile:
                if line == b".\r\n":
                    break
                lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
            receiver.mails.append(email.message_from_bytes(b"".join(lines), policy=email.policy.default))
            self.say("250 accepted")
            receiver.after_accepting()

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address, daemon_threads = True, True

        def handle_error(self, request, client_address):
            pass

    server = Server(("127.0.0.1", 0), Handler)
    receiver.port = server.server_address[1]
    with _served(server):
        yield receiver


@contextmanager
def _served(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
