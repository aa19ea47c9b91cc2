"""All rules on one page: on or off, how severe, from which numbers on, who is told, who takes it on; per warehouse."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from alerts import services
from alerts.models import RuleSetting, Severity
from alerts.rule_settings import RuleSettings
from alerts.rules import RULES, AlertRule
from inventory_site.common.models import User
from inventory_site.common.roles import Role
from stock.models import Warehouse

CHANGE = "alerts.change_rulesetting"
NUMBER = forms.TextInput(attrs={"inputmode": "decimal", "class": "sw-input"})
USUAL, OWN = "usual", "own"


class RuleForm(forms.Form):
    """One rule in one place. An empty field takes what is wider: the shop's, then the rule's own."""

    holds = forms.ChoiceField(label=gettext_lazy("here"), required=False)
    is_enabled = forms.BooleanField(label=gettext_lazy("on"), required=False)
    severity = forms.TypedChoiceField(label=gettext_lazy("severity"), coerce=int, empty_value=None, required=False)
    roles = forms.MultipleChoiceField(
        label=gettext_lazy("who is told"), choices=Role.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    assigned_to = forms.ModelChoiceField(User.objects.none(), label=gettext_lazy("assigned to"), required=False)
    escalate_after_days = forms.IntegerField(
        label=gettext_lazy("escalate after, days"), required=False, min_value=1, max_value=365, widget=NUMBER
    )

    def __init__(
        self, *args, rule: type[AlertRule], people: QuerySet[User], wider: RuleSettings, is_shop: bool, **named
    ):
        super().__init__(*args, prefix=rule.code, **named)
        self.rule, held = rule, wider.of(None)
        places = [(USUAL, _("the rule's defaults") if is_shop else _("as in all warehouses")), (OWN, _("set here"))]
        self.fields["holds"].choices = places
        usual = Severity(held.severity or rule.severity).label
        self.fields["severity"].choices = [("", _("usual (%(level)s)") % {"level": usual}), *Severity.choices]
        self.fields["assigned_to"].queryset = people
        for name, threshold in rule.thresholds.items():
            wide = held.thresholds.get(name, threshold.default)
            self.fields[f"threshold_{name}"] = forms.FloatField(
                label=threshold.label, help_text=threshold.help, required=False, min_value=threshold.minimum,
                widget=forms.TextInput(attrs=NUMBER.attrs | {"placeholder": number_format(wide)}),
            )  # fmt: skip
        for name in ("holds", "severity", "assigned_to"):
            self.fields[name].widget.attrs["class"] = "sw-input"

    @property
    def label(self) -> Promise:
        return self.rule.label

    @property
    def numbers(self) -> list:
        return [self[f"threshold_{name}"] for name in self.rule.thresholds]

    def values(self) -> dict[str, Any]:
        told = self.cleaned_data
        numbers = {name: told[f"threshold_{name}"] for name in self.rule.thresholds}
        return {
            "is_enabled": told["is_enabled"], "severity": told["severity"], "roles": told["roles"],
            "assigned_to": told["assigned_to"], "escalate_after_days": told["escalate_after_days"],
            "thresholds": {k: int(v) if v == int(v) else v for k, v in numbers.items() if v is not None},
        }  # fmt: skip


@login_required
@permission_required("alerts.view_rulesetting", raise_exception=True)
def rules(request: HttpRequest) -> HttpResponse:
    """``?warehouse=code`` for one; without it for all, which takes a role in all of them to change."""
    mine = Warehouse.objects.visible_to(request.user)
    code = request.GET.get("warehouse", "")
    warehouse = get_object_or_404(mine, code=code) if code else None
    may_change = _may_change(request.user, warehouse)
    forms_ = _forms(request, warehouse)
    if request.method == "POST":
        if not may_change:
            raise PermissionDenied
        if not [form for form in forms_ if not form.is_valid()]:  # all are asked, so that all errors are shown
            changed = _save(request.user, warehouse, forms_)
            messages.success(request, _told(changed))
            return HttpResponseRedirect(request.get_full_path())
    context = {"forms": forms_, "warehouses": mine, "chosen": warehouse, "may_change": may_change}
    return render(request, "alerts/rules.html", context)


def _told(changed: int) -> str:
    told = ngettext("%(n)d rule saved", "%(n)d rules saved", changed) % {"n": changed}
    return _("%(told)s: this holds from the next look on.") % {"told": told}


def _may_change(user: User, warehouse: Warehouse | None) -> bool:
    allowed = Warehouse.objects.visible_to(user, CHANGE)
    if not user.has_perm(CHANGE):
        return False
    if warehouse:
        return allowed.filter(pk=warehouse.pk).exists()
    return not Warehouse.objects.exclude(pk__in=allowed.values("pk")).exists()


def _forms(request: HttpRequest, warehouse: Warehouse | None) -> list[RuleForm]:
    """Two queries for all rules, and one for the people who may be given alerts."""
    own = {row.rule: row for row in RuleSetting.objects.filter(warehouse=warehouse)}
    shop = {row.rule: row for row in RuleSetting.objects.filter(warehouse=None)} if warehouse else {}
    here = Q(warehouse_access__warehouse=None) | Q(warehouse_access__warehouse=warehouse)
    people = User.objects.filter(is_active=True).filter(Q(is_superuser=True) | here if warehouse else Q())
    people = people.distinct().order_by("username")
    return [
        RuleForm(
            request.POST if request.method == "POST" else None, rule=rule, people=people, is_shop=warehouse is None,
            wider=RuleSettings([shop[code]] if code in shop else ()), initial=_initial(own.get(code)),
        )
        for code, rule in sorted(RULES.items(), key=lambda pair: str(pair[1].label))
    ]  # fmt: skip


def _initial(row: RuleSetting | None) -> dict[str, Any]:
    if row is None:
        return {"holds": USUAL, "is_enabled": True}
    numbers = {f"threshold_{name}": value for name, value in row.thresholds.items()}
    return numbers | {
        "holds": OWN, "is_enabled": row.is_enabled, "severity": row.severity, "roles": row.roles,
        "assigned_to": row.assigned_to_id, "escalate_after_days": row.escalate_after_days,
    }  # fmt: skip


@transaction.atomic
def _save(user: User, warehouse: Warehouse | None, forms_: list[RuleForm]) -> int:
    """All of the page or nothing; what nobody touched is left alone. Touching a field is enough to set it here."""
    changed = 0
    for form in forms_:
        if not form.has_changed():
            continue
        changed += 1
        if form.cleaned_data["holds"] == USUAL and set(form.changed_data) <= {"holds"}:
            services.forget_rule(actor=user, rule=form.rule.code, warehouse=warehouse)
        else:
            services.set_rule(actor=user, rule=form.rule.code, warehouse=warehouse, values=form.values())
    return changed
