"""A wire between a browser and the server: what goes over it is counted, and it can be cut."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


class Wire:
    """``received`` are the bytes that the browser got, with whatever encrypts and describes them."""

    def __init__(self, to_port: int):
        self.to_port, self.received, self.is_up = to_port, 0, True
        self._lines: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def _listen(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                browser, _address = self._listener.accept()
                threading.Thread(target=self._connect, args=(browser,), daemon=True).start()

    def _connect(self, browser: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self.to_port)) if self.is_up else None
        except OSError:
            server = None
        if server is None:
            return browser.close()
        self._lines |= {browser, server}
        threading.Thread(target=self._pump, args=(browser, server), daemon=True).start()
        return self._pump(server, browser, is_counted=True)

    def _pump(self, source: socket.socket, target: socket.socket, is_counted: bool = False) -> None:
        with contextlib.suppress(OSError):
            while text := source.recv(65536):
                target.sendall(text)
                if is_counted:
                    self.received += len(text)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._lines -= {source, target}

    def cut(self) -> None:
        self.is_up = False
        for end in list(self._lines):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self.is_up = True


@contextlib.contextmanager
def wire(to_port: int) -> Iterator[Wire]:
    made = Wire(to_port)
    threading.Thread(target=made._listen, daemon=True).start()
    try:
        yield made
    finally:
        made.cut()
        made._listener.close()
