"""What every admin of ours shares: rows and costs that the person may see, audit, buttons with one-time keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.utils.html import format_html
from django.utils.timezone import make_aware
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import RangeDateTimeFilter, RelatedDropdownFilter
from unfold.utils import parse_datetime_str

from inventory_site.common import audit
from inventory_site.common.admin_acts import ActsMixin
from inventory_site.common.admin_lists import ListTools


def visible(queryset, user):
    """Narrow to what the user may see, where the model has such a verb."""
    return queryset.visible_to(user) if hasattr(queryset, "visible_to") else queryset


def linked(row: Any, text: str = "") -> str:
    """A link to the row's own page (settings.ABSOLUTE_URL_OVERRIDES says where that is)."""
    return format_html('<a class="sw-link" href="{}">{}</a>', row.get_absolute_url(), text or str(row))


def product_cell(product: Any) -> str:
    """SKU over name, leading to the product's page."""
    return format_html(
        '<a class="sw-product" href="{}"><b>{}</b> {}</a>', product.get_absolute_url(), product.sku, product.name
    )


class VisibleRelatedFilter(RelatedDropdownFilter):
    """Offers only related rows that the person may see."""

    def field_choices(self, field, request: HttpRequest, model_admin) -> list[tuple[Any, str]]:
        rows = visible(field.remote_field.model._default_manager.all(), request.user)
        return [(row.pk, str(row)) for row in rows]


class ShopTimeFilter(RangeDateTimeFilter):
    """A range of times, read by the shop's clock like all times on pages; a day without a time is the whole day."""

    def queryset(self, request: HttpRequest, queryset):
        filters = {}
        for end, lookup, clock in (("from", "gte", "00:00:00"), ("to", "lte", "23:59:59.999999")):
            day, told = (self.used_parameters.get(f"{self.parameter_name}_{end}_{n}") for n in (0, 1))
            moment = parse_datetime_str(f"{day} {told or clock}") if day else None
            if moment is not None:
                filters[f"{self.parameter_name}__{lookup}"] = make_aware(moment)
        return queryset.filter(**filters)


class OwnRows:
    """Rows through ``visible_to``, related choices too; costs only for who may see them."""

    #: Names (of fields, columns and filters) that tell a cost or a margin.
    cost_fields: Sequence[str] = ()

    def sees_costs(self, request: HttpRequest) -> bool:
        return not self.cost_fields or request.user.has_perm(settings.COST_PERMISSION)

    def without_costs(self, request: HttpRequest, names: Sequence) -> list:
        """The names, or (name, filter) pairs, or groups of names, that this person may see."""
        if self.sees_costs(request):
            return list(names)
        kept = []
        for name in names:
            if isinstance(name, list | tuple) and not (len(name) == 2 and isinstance(name[1], type)):
                kept += [group] if (group := tuple(self.without_costs(request, name))) else []
            elif (name[0] if isinstance(name, tuple) else name) not in self.cost_fields:
                kept.append(name)
        return kept

    def get_queryset(self, request: HttpRequest):
        return visible(super().get_queryset(request), request.user)

    def get_list_display(self, request: HttpRequest):
        return self.without_costs(request, super().get_list_display(request))

    def get_fields(self, request: HttpRequest, obj=None):
        return self.without_costs(request, super().get_fields(request, obj))

    def get_fieldsets(self, request: HttpRequest, obj=None):
        return [
            (title, options | {"fields": self.without_costs(request, options["fields"])})
            for title, options in super().get_fieldsets(request, obj)
        ]

    def formfield_for_foreignkey(self, db_field, request: HttpRequest, **kwargs):
        manager = db_field.remote_field.model._default_manager
        if "queryset" not in kwargs and hasattr(manager, "visible_to"):
            kwargs["queryset"] = manager.visible_to(request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class ShelfInline(OwnRows, TabularInline):
    """Lines under a row."""

    extra = 0
    hide_title = True


class ReadOnlyInline(ShelfInline):
    can_delete = False

    def has_add_permission(self, request, obj=None) -> bool:
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        return False


class Audited:
    """Writes what a person changed in a form to the audit trail, in the same transaction."""

    def save_model(self, request, obj, form, change) -> None:
        super().save_model(request, obj, form, change)
        self.audit_form(request, obj, form, "change" if change else "add")

    def audit_form(self, request, obj, form, verb: str) -> None:
        names = [name for name in form.changed_data if "password" not in name]
        told = {name: [str(form.initial.get(name, "")), str(form.cleaned_data.get(name, ""))] for name in names}
        audit.record(actor=request.user, action=f"{self.opts.model_name}.{verb}", subject=obj, changes=told)

    def save_formset(self, request, form, formset, change) -> None:
        super().save_formset(request, form, formset, change)
        changed = [row for row, _names in formset.changed_objects]
        for verb, rows in (("add", formset.new_objects), ("change", changed), ("delete", formset.deleted_objects)):
            for row in rows:
                action = f"{row._meta.model_name}.{verb}"
                audit.record(actor=request.user, action=action, subject=form.instance, changes={"row": str(row)})

    def delete_model(self, request, obj) -> None:
        told = {"row": str(obj)}
        audit.record(actor=request.user, action=f"{self.opts.model_name}.delete", subject=obj, changes=told)
        super().delete_model(request, obj)

    def delete_queryset(self, request, queryset) -> None:
        for row in queryset:
            self.delete_model(request, row)


class ShelfAdmin(ListTools, OwnRows, ActsMixin, Audited, ModelAdmin):
    """Base of all admins."""

    #: A role counts in its warehouse only: the manager's ``visible_to`` takes a permission.
    by_warehouse = False
    list_filter_submit = True
    list_per_page = 50
    show_full_result_count = False
    compressed_fields = True

    def may(self, request: HttpRequest, permission: str, row: Any = None) -> bool:
        """Whether the person holds the permission (where the row is)."""
        if not request.user.has_perm(permission):
            return False
        return row is None or bool(self.allowed_among(request, permission, [row]))

    def allowed_among(self, request: HttpRequest, permission: str, rows: Sequence[Any]) -> list[Any]:
        """Those of the rows where the person's role grants the permission."""
        if request.user.is_superuser or not self.by_warehouse:
            return list(rows) if request.user.has_perm(permission) else []
        allowed = self.model._default_manager.visible_to(request.user, permission)
        keys = set(allowed.filter(pk__in=[row.pk for row in rows]).values_list("pk", flat=True))
        return [row for row in rows if row.pk in keys]

    def refuse(self):
        raise PermissionDenied

    def _permission(self, verb: str) -> str:
        return f"{self.opts.app_label}.{verb}_{self.opts.model_name}"

    def has_change_permission(self, request, obj=None) -> bool:
        return super().has_change_permission(request, obj) and self.may(request, self._permission("change"), obj)

    def has_delete_permission(self, request, obj=None) -> bool:
        return super().has_delete_permission(request, obj) and self.may(request, self._permission("delete"), obj)

    def get_list_filter(self, request):
        return self.without_costs(request, super().get_list_filter(request))

    def get_ordering(self, request):
        names = super().get_ordering(request) or self.opts.ordering
        return names if self.sees_costs(request) else [n for n in names if n.lstrip("-") not in self.cost_fields]

    def lookup_allowed(self, lookup, value, request) -> bool:
        """``?unit_cost__gt=5`` would tell costs row by row to somebody who may not see them."""
        if not self.sees_costs(request) and set(lookup.split("__")) & set(self.cost_fields):
            return False
        return super().lookup_allowed(lookup, value, request)

    def _get_obj_does_not_exist_redirect(self, request, opts, object_id):
        raise Http404(_("There is no such row, or you may not see it."))


class ReadOnlyAdmin(ShelfAdmin):
    """What services and the nightly job write: people look, and use its acts."""

    def has_add_permission(self, request) -> bool:
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False


class NeverDeleted:
    """Deactivated instead of deleted: history points at it."""

    def has_delete_permission(self, request, obj=None) -> bool:
        return False
