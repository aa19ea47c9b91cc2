"""Serve the shop from this machine until Ctrl-C: web, one worker, beat, and a broker of its own."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _

from inventory_site.serve.certificates import LanFailed
from inventory_site.serve.front import Front, PortTaken
from inventory_site.serve.lan import LanFront
from inventory_site.serve.supervisor import Child, Supervisor
from inventory_site.serve.valkey import ValkeyFailed, embedded

PORT_TAKEN = 3
#: Two processes, so that a long page keeps nobody waiting; SQLite lets them read side by side.
WEB = ("--workers", "2", "--threads", "4", "--worker-class", "gthread", "--timeout", "120",
       "--graceful-timeout", "5", "--log-level", "warning", "--config", "python:inventory_site.serve.reach",
       "--limit-request-line", "8190")  # fmt: skip  # a column of SKUs, pasted into the search of a list
CELERY = ("celery", "-A", "inventory_site", "--quiet")
WORKER = ("worker", "-c", "1", "--pool", "prefork", "--without-gossip", "--without-mingle", "--loglevel", "WARNING")


class Command(BaseCommand):
    help = _(
        "Serve web, worker and beat from this machine until Ctrl-C; without REDIS_URL also a Valkey of its own. "
        "With --lan over HTTPS to phones in its network."
    )

    def add_arguments(self, parser):
        parser.add_argument("--host", help=_("Address to listen on: 127.0.0.1, with --lan all of this machine's."))
        parser.add_argument("--port", type=int, default=8000, help=_("Port to listen on."))
        parser.add_argument("--no-worker", action="store_true", help=_("Only the web: nothing runs at night."))
        parser.add_argument(
            "--lan", action="store_true",
            help=_("For phones: HTTPS by a certificate authority of its own, which the next port tells how to trust."),
        )  # fmt: skip
        parser.add_argument(
            "--name", action="append", default=[], metavar="NAME",
            help=_("With --lan: a name under which the network knows this machine; can be given several times."),
        )  # fmt: skip

    def handle(self, *, no_worker: bool, **options) -> None:
        try:
            front = front_of(**{name: options[name] for name in ("host", "port", "lan", "name")})
            front.check_ports()
            check_database()
            connections.close_all()
            with broker() as url, front.open():
                environment = os.environ | {"REDIS_URL": url} | front.environment
                self.supervise(front, environment, no_worker=no_worker)
        except PortTaken as error:
            raise CommandError(str(error), returncode=PORT_TAKEN) from error
        except (ValkeyFailed, LanFailed) as error:
            raise CommandError(str(error)) from error
        self.tell(_("Stopped."))

    def supervise(self, front: Front, environment: dict[str, str], *, no_worker: bool) -> None:
        children = [Child("web", ["gunicorn", "inventory_site.wsgi", *front.gunicorn, *WEB], environment)]
        if not no_worker:
            children += [
                Child("worker", [*CELERY, *WORKER], environment),
                Child("beat", [*CELERY, "beat", "--pidfile=", "--loglevel", "WARNING"], environment),
            ]

        def has_moved() -> bool:
            try:
                moved = front.has_moved()
            except LanFailed as error:
                self.tell(str(error))
                return False
            environment.update(front.environment)
            return moved

        Supervisor(children, self.tell, has_moved).run(lambda: self.started(front))

    def started(self, front: Front) -> bool:
        if not front.is_answering():
            return False
        self.tell(front.directions(in_terminal=self.stdout.isatty()))
        return True

    def tell(self, sentence: str) -> None:
        self.stdout.write(sentence)
        self.stdout.flush()


def front_of(host: str | None, port: int, lan: bool, name: Sequence[str]) -> Front:
    if lan:
        return LanFront(settings.VAR_DIR / "lan", host or "0.0.0.0", port, name)
    if name:
        raise CommandError(_("--name is for the certificate of --lan."))
    return Front(host or "127.0.0.1", port)


def check_database() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise CommandError(_("The database is not up to date. Run: manage.py prepare"))


def broker() -> contextlib.AbstractContextManager[str]:
    """REDIS_URL, or a Valkey of our own."""
    given = os.environ.get("REDIS_URL")
    return contextlib.nullcontext(given) if given else embedded(settings.VAR_DIR / "valkey")
