"""What can be done with bins on their list."""

from __future__ import annotations

from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from inventory_site.common.admin_acts import Act
from stock import services
from stock.models import Bin

NAMED = 5


def place_by_codes(request, bins: list[Bin], data: dict) -> str:
    untold = services.place_by_codes(bins=bins, actor=request.user)
    done = len(bins) - len(untold)
    said = ngettext("%(n)d bin has its place in the hall.", "%(n)d bins have their places in the hall.", done)
    if untold:
        codes = ", ".join(place.code for place in untold[:NAMED]) + (" …" if len(untold) > NAMED else "")
        said += " " + _g("These codes tell no aisle and bay: %(codes)s.")
        return said % {"n": done, "codes": codes}
    return said % {"n": done}


BIN_ACTS = (
    Act(
        "place", _("Take their places from their codes"), "stock.change_bin", place_by_codes, in_list=True,
        note=_("A-03-2 is aisle 1 (A), 3 metres in: a metre for each bay. What was written before is replaced."),
    ),
)  # fmt: skip
