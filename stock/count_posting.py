"""The page that asks before a count is posted: what it would do, and what it would leave."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from inventory_site.common.models import ShopSettings
from inventory_site.common.numbers import amount
from stock import count_figures
from stock.models import StockCount


class PostForm(forms.Form):
    """``told`` are sentences for the person; ``count`` is annotated as in the list of counts."""

    leave = forms.BooleanField(
        label=_("without what is not settled"), required=False,
        help_text=_("Items of which a bin is missing, or that somebody else should count again, stay as they are."),
    )  # fmt: skip

    def __init__(self, request: HttpRequest, count: StockCount):
        super().__init__(request.POST or None)
        self.told = what_it_does(count, sees_costs=request.user.has_perm(settings.COST_PERMISSION))
        if not (count.unsettled or count.kept or self.is_bound):  # posting itself may find more
            del self.fields["leave"]


def what_it_does(count: StockCount, *, sees_costs: bool) -> list[str]:
    """Differences (not those of a blind count), what nobody counted, what is not settled, what is kept."""
    blank = count.line_count - count.done_count - count.unsettled
    said = (
        ("" if count.is_blind else _differences(count, sees_costs)),
        ngettext(
            "%(n)d of %(all)d items is not counted and stays as it is.",
            "%(n)d of %(all)d items are not counted and stay as they are.", blank,
        ) % {"n": blank, "all": count.line_count} if blank else "",
        ngettext("%(n)d item is not settled.", "%(n)d items are not settled.", count.unsettled) % {"n": count.unsettled}
        if count.unsettled else "",
        ngettext(
            "%(n)d entry is kept and counts nothing: nobody could take it. After posting it can only be put aside.",
            "%(n)d entries are kept and count nothing: nobody could take them. After posting they can only be put "
            "aside.", count.kept,
        ) % {"n": count.kept} if count.kept else "",
    )  # fmt: skip
    return [sentence for sentence in said if sentence]


def _differences(count: StockCount, sees_costs: bool) -> str:
    found = count_figures.variance(count)
    n = found.counted - found.exact
    if not n:
        return _g("Nothing differs.")
    told = ngettext(
        "%(n)d item differs: %(more)s and %(fewer)s pieces.", "%(n)d items differ: %(more)s and %(fewer)s pieces.", n
    ) % {"n": n, "more": f"+{found.gained}", "fewer": found.lost}  # fmt: skip
    if not sees_costs:
        return told
    money = {"net": amount(found.net), "both": amount(found.absolute), "currency": ShopSettings.objects.load().currency}
    return told + " " + _g("Their value: %(net)s %(currency)s, up and down together %(both)s.") % money
