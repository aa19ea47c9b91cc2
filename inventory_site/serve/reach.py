"""Gunicorn's settings that are no option: a phone that walked out of reach gives its thread back after a minute."""

from __future__ import annotations

import socket

#: A thread waits for the end of a handshake or a request without a limit of its own; the kernel notices silent peers.
NOTICED = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 60_000}


def when_ready(server) -> None:
    """Called by gunicorn once it listens; accepted connections inherit what is set here."""
    for listener in server.LISTENERS:
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in NOTICED.items():
            if hasattr(socket, name):
                listener.sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
