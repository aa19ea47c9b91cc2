"""Serve the shop from this machine until Ctrl-C: web, one worker, beat, and a broker of its own."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _

from inventory_site.serve.supervisor import Child, Supervisor
from inventory_site.serve.valkey import ValkeyFailed, embedded

PORT_TAKEN = 3
ANSWERS_WITHIN_SECONDS = 5
#: Two processes, so that a long page keeps nobody waiting; SQLite lets them read side by side.
WEB = ("--workers", "2", "--threads", "4", "--worker-class", "gthread", "--timeout", "120",
       "--graceful-timeout", "5", "--log-level", "warning",
       "--limit-request-line", "8190")  # fmt: skip  # a column of SKUs, pasted into the search of a list
CELERY = ("celery", "-A", "inventory_site", "--quiet")
WORKER = ("worker", "-c", "1", "--pool", "prefork", "--without-gossip", "--without-mingle", "--loglevel", "WARNING")


class Command(BaseCommand):
    help = _("Serve web, worker and beat from this machine until Ctrl-C; without REDIS_URL also a Valkey of its own.")

    def add_arguments(self, parser):
        parser.add_argument("--host", default="127.0.0.1", help=_("Address to listen on."))
        parser.add_argument("--port", type=int, default=8000, help=_("Port to listen on."))
        parser.add_argument("--no-worker", action="store_true", help=_("Only the web: nothing runs at night."))

    def handle(self, *, host: str, port: int, no_worker: bool, **options) -> None:
        check_port(host, port)
        check_database()
        connections.close_all()
        try:
            with broker() as url:
                address = f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{port}/"
                environment = os.environ | {"REDIS_URL": url, "SITE_URL": os.environ.get("SITE_URL", address[:-1])}
                children = [
                    Child("web", ["gunicorn", "inventory_site.wsgi", "--bind", f"{host}:{port}", *WEB], environment)
                ]
                if not no_worker:
                    children += [
                        Child("worker", [*CELERY, *WORKER], environment),
                        Child("beat", [*CELERY, "beat", "--pidfile=", "--loglevel", "WARNING"], environment),
                    ]
                Supervisor(children, self.tell).run(lambda: self.started(host, port, address))
        except ValkeyFailed as error:
            raise CommandError(str(error)) from error
        self.tell(_("Stopped."))

    def started(self, host: str, port: int, address: str) -> bool:
        """Tell it when a page really comes: the port is open before the web is ready."""
        web = http.client.HTTPConnection(host, port, timeout=ANSWERS_WITHIN_SECONDS)
        try:
            web.request("GET", "/admin/login/")
            web.getresponse().read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            web.close()
        self.tell(_("Shelfwise is at %(address)s (Ctrl-C stops it).") % {"address": address})
        return True

    def tell(self, sentence: str) -> None:
        self.stdout.write(sentence)
        self.stdout.flush()


def check_port(host: str, port: int) -> None:
    """Say it before anything is started; gunicorn would try again and again."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                _("Can't listen on %(host)s:%(port)d: %(reason)s. Try --port %(other)d.")
                % {"host": host, "port": port, "reason": error.strerror, "other": port + 1},
                returncode=PORT_TAKEN,
            ) from error


def check_database() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise CommandError(_("The database is not up to date. Run: manage.py prepare"))


def broker() -> contextlib.AbstractContextManager[str]:
    """REDIS_URL, or a Valkey of our own."""
    given = os.environ.get("REDIS_URL")
    return contextlib.nullcontext(given) if given else embedded(settings.VAR_DIR / "valkey")
