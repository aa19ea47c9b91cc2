"""Load the demo shop: real grocery sales, with simulated suppliers, purchases, returns and stock."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from inventory_site.common.errors import DomainError
from inventory_site.common.models import ShopSettings
from inventory_site.demo.loader import is_loaded, load_demo, logins
from inventory_site.demo.open_work import begin_open_work
from inventory_site.demo.sales import load_shop
from inventory_site.demo.source import DemoDataMissingError
from inventory_site.demo.story import Story


class Command(BaseCommand):
    help = _("Load the demo shop into an empty database; doing it again changes nothing.")

    def add_arguments(self, parser):
        parser.add_argument("--products", type=int, default=600, help=_("How many products to take."))
        parser.add_argument("--seed", type=int, default=1, help=_("Seed of what is simulated."))
        parser.add_argument(
            "--open-work", action="store_true",
            help=_("Only begin what waits to be picked, received and inspected; best after the nightly job."),
        )  # fmt: skip
        parser.add_argument("--logins", action="store_true", help=_("Only print who can log in."))

    def handle(self, *, products: int, seed: int, **options) -> None:
        if options["logins"]:
            self._print_logins()
            return
        if options["open_work"]:
            self._begin_open_work()
            return
        if is_loaded():
            self.stdout.write(_("The demo shop is loaded already; nothing was changed."))
        else:
            self._load(products, seed)
        until = ShopSettings.objects.load().demo_until
        self.stdout.write(_("The shop's calendar stands still on %(date)s.") % {"date": until})
        self._print_logins()

    def _begin_open_work(self) -> None:
        if not is_loaded():
            raise CommandError(_("Load the demo shop first."))
        if begin_open_work():
            self.stdout.write(_("Open orders, a transfer on its way and a return wait in the halls."))

    def _print_logins(self) -> None:
        for login in logins():
            self.stdout.write(
                _("Login: %(user)s, password: %(password)s")
                % {"user": login.username, "password": login.password or _("(changed)")}
            )

    def _load(self, products: int, seed: int) -> None:
        columns = (SpinnerColumn(), BarColumn(20), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns) as progress:
            tasks = []

            def step(name: str) -> None:
                if tasks:
                    progress.update(tasks[-1], total=1, completed=1)
                tasks.append(progress.add_task(name, total=None))

            try:
                step(_("Reading a year of real sales"))
                story = load_demo(shop=load_shop(today=timezone.localdate(), count=products), seed=seed, step=step)
            except (DomainError, DemoDataMissingError) as error:
                raise CommandError(str(error)) from error
            progress.update(tasks[-1], total=1, completed=1)
        for line in _told(story):
            self.stdout.write(line)


def _told(story: Story) -> list[str]:
    return [
        _("Items out of stock: %(count)d, about to run out: %(soon)d, overstocked: %(over)d, dead: %(dead)d.")
        % {"count": story.stocked_out, "soon": story.running_out, "over": story.overstocked, "dead": story.dead},
        _("Overdue purchase orders: %(late)d. Promotions ahead: %(ahead)d. Returns in the year: %(returns)d.")
        % {"late": story.overdue_orders, "ahead": story.promotions_ahead, "returns": story.returns},
    ]
