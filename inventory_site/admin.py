"""Admins of what belongs to no single app: the shop, people, tokens, runs, the audit trail, beat, lock-outs."""

from __future__ import annotations

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    PeriodicTasks,
    SolarSchedule,
)
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminSelectWidget

from alerts.senders import mail_goes_nowhere
from inventory_site import health, nightly
from inventory_site.common.admin import (
    NeverDeleted,
    ReadOnlyAdmin,
    ReadOnlyInline,
    ShelfAdmin,
    ShelfInline,
    ShopTimeFilter,
)
from inventory_site.common.admin_acts import new_key, run_once, safe_next
from inventory_site.common.errors import DomainError
from inventory_site.common.job_words import kind_word
from inventory_site.common.jobs import wake_workers
from inventory_site.common.models import ApiToken, Audit, JobPartition, JobRun, ShopSettings, User
from stock.models import WarehouseAccess

RUN = "common.run_nightly"
RUN_COLOURS = {"running": "info", "published": "success", "failed": "danger"}
PART_COLOURS = {"open": "", "claimed": "info", "done": "success", "quarantined": "danger"}

for model in (Group, PeriodicTask, CrontabSchedule, IntervalSchedule, SolarSchedule, ClockedSchedule):
    admin.site.unregister(model)
for model in (AccessAttempt, AccessLog, AccessFailureLog):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class OffersLanguages:
    """A language is chosen, not typed."""

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if db_field.name != "language":
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        empty = [("", _("as the browser asks; in mails the shop's"))] if db_field.blank else []
        return forms.ChoiceField(
            choices=[*empty, *settings.LANGUAGES], required=not db_field.blank, widget=UnfoldAdminSelectWidget,
            label=capfirst(db_field.verbose_name),
        )  # fmt: skip


@admin.register(ShopSettings)
class ShopSettingsAdmin(OffersLanguages, NeverDeleted, ShelfAdmin):
    list_display = ("name", "currency", "time_zone", "night_at", "language", "demo_until")
    cost_fields = ("holding_rate", "order_cost", "purchase_budget", "transfer_cost", "salvage_rate")
    fieldsets = (
        (None, {"fields": ("name", ("currency", "language"), ("time_zone", "night_at"))}),
        (_("Orders and receipts"), {"fields": (("allocation_strategy", "over_receipt_rate"),)}),
        (_("What stock and orders cost"), {"fields": (("holding_rate", "order_cost"),)}),
        (_("Buying and moving"), {"fields": ("purchase_budget", ("transfer_days", "transfer_cost"))}),
        (_("Stock to spare"), {"fields": (("price_elasticity", "markdown_days"), ("salvage_rate", "stop_after_days"))}),
        (_("Demo"), {"fields": ("demo_until",)}),
    )

    def has_add_permission(self, request) -> bool:
        """There is one shop; before anybody saved its settings, the first to do so adds the row."""
        return request.user.has_perm("common.change_shopsettings") and not ShopSettings.objects.exists()


class AccessInline(ShelfInline):
    model = WarehouseAccess
    fields = ("warehouse", "role")


@admin.register(User)
class UserAdmin(OffersLanguages, NeverDeleted, ShelfAdmin, DjangoUserAdmin):
    form, add_form, change_password_form = UserChangeForm, UserCreationForm, AdminPasswordChangeForm
    list_display = ("username", "first_name", "last_name", "email", "is_active", "last_login")
    list_filter = ("is_active",)
    search_fields = ("username", "first_name", "last_name", "email")
    filter_horizontal = ()
    inlines = (AccessInline,)
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": (("first_name", "last_name"), ("email", "language"))}),
        (_("Access"), {"fields": (("is_active", "is_staff"), ("last_login", "date_joined"))}),
    )
    add_fieldsets = ((None, {"fields": ("username", "password1", "password2", "email", "language")}),)

    def save_model(self, request, obj, form, change) -> None:
        """Whoever is made here is meant to log in here."""
        if not change:
            obj.is_staff = True
        super().save_model(request, obj, form, change)


@admin.register(ApiToken)
class ApiTokenAdmin(ShelfAdmin):
    list_display = ("name", "user", "created_at", "last_used_at")
    list_select_related = ("user",)
    search_fields = ("name", "user__username")
    autocomplete_fields = ("user",)
    fields = ("user", "name", "created_at", "last_used_at")
    readonly_fields = ("created_at", "last_used_at")

    def has_change_permission(self, request, obj=None) -> bool:
        return False

    def save_model(self, request, obj, form, change) -> None:
        """Only the hash is kept: the text is shown in this answer and never again."""
        made, text = ApiToken.objects.issue(user=obj.user, name=obj.name)
        obj.pk, obj.digest = made.pk, made.digest
        self.audit_form(request, obj, form, "add")
        messages.warning(
            request, format_html("{} <code>{}</code>", _g("Copy this token now; it is not shown again:"), text)
        )


class PartitionInline(ReadOnlyInline):
    """What failed, with its reason; the parts that went well are only counted."""

    model = JobPartition
    fields = ("step_told", "number", "state", "attempts", "failures", "error")
    readonly_fields = ("step_told",)
    verbose_name_plural = _("parts that failed or are not done")

    def get_queryset(self, request):
        return super().get_queryset(request).exclude(state="done", failures=0)

    @display(description=_("step"))
    def step_told(self, part: JobPartition) -> str:
        return part.step_word


@admin.register(JobRun)
class JobRunAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "state_label", "step_told", "requested_by", "started_at", "finished_at", "took")
    list_filter = (("state", ChoicesDropdownFilter), "kind")
    fields = ("kind_told", "business_date", "version", "state", "step_told", "requested_by", "started_at",
              "published_at", "finished_at", "error", "facts")  # fmt: skip
    readonly_fields = ("kind_told", "step_told")
    inlines = (PartitionInline,)
    list_before_template = "admin/jobs.html"

    def get_urls(self):
        view = self.admin_site.admin_view(self.run_now)
        return [path("run-now/", view, name="common_jobrun_run_now"), *super().get_urls()]

    def changelist_view(self, request, extra_context=None):
        told = {"may_run": request.user.has_perm(RUN), "once_key": new_key(), "health": health.read_health()}
        told["mail_goes_nowhere"] = mail_goes_nowhere()
        return super().changelist_view(request, told | (extra_context or {}))

    def run_now(self, request):
        """Ask for the run of the last day that is over; ``again`` makes a new version of a finished one."""
        if request.method != "POST" or not request.user.has_perm(RUN):
            raise PermissionDenied
        try:
            messages.success(request, run_once(request, request.resolver_match.view_name, lambda: self._start(request)))
        except DomainError as error:
            messages.error(request, str(error))
        return HttpResponseRedirect(safe_next(request, reverse("admin:common_jobrun_changelist")))

    def _start(self, request) -> str:
        run = nightly.request_run(requested_by=request.user.get_username(), force="again" in request.POST)
        if run.state != JobRun.State.RUNNING:
            return _g("%(run)s is finished already. “Run again” makes it anew.") % {"run": run}
        wake_workers()
        return _g("%(run)s is under way; reload this page to see how far it is.") % {"run": run}

    @display(description=_("state"), ordering="state", label=RUN_COLOURS)
    def state_label(self, run: JobRun) -> tuple[str, str]:
        return run.state, run.get_state_display()

    @display(description=_("kind"))
    def kind_told(self, run: JobRun) -> str:
        return kind_word(run.kind)

    @display(description=_("step"), ordering="step")
    def step_told(self, run: JobRun) -> str:
        return run.step_word

    @display(description=_("took"))
    def took(self, run: JobRun) -> str:
        if run.finished_at is None:
            return "–"
        minutes, seconds = divmod(round((run.finished_at - run.started_at).total_seconds()), 60)
        return _g("%(m)d min %(s)d s") % {"m": minutes, "s": seconds}


@admin.register(Audit)
class AuditAdmin(ReadOnlyAdmin):
    list_display = ("recorded_at", "actor", "action", "subject_type", "subject_key")
    list_display_links = ("recorded_at",)
    list_select_related = ("actor",)
    list_filter = (("recorded_at", ShopTimeFilter),)
    search_fields = ("=subject_key", "action", "actor__username")
    fields = ("recorded_at", "actor", "action", "subject_type", "subject_key", "changes", "position", "chain")
    readonly_fields = ("position", "chain")


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(NeverDeleted, ShelfAdmin):
    """Beat reads these rows; which tasks there are is code's business, how often is the owner's."""

    list_display = ("name", "task", "enabled", "interval", "crontab", "last_run_at", "total_run_count")
    list_select_related = ("interval", "crontab")
    search_fields = ("name", "task")
    fields = ("name", "task", "enabled", "interval", "crontab", "last_run_at", "total_run_count")
    readonly_fields = ("name", "task", "last_run_at", "total_run_count")

    def has_add_permission(self, request) -> bool:
        return False

    def save_model(self, request, obj, form, change) -> None:
        super().save_model(request, obj, form, change)
        PeriodicTasks.update_changed()


@admin.register(IntervalSchedule)
class IntervalScheduleAdmin(NeverDeleted, ShelfAdmin):
    list_display = ("__str__", "every", "period")


@admin.register(CrontabSchedule)
class CrontabScheduleAdmin(NeverDeleted, ShelfAdmin):
    list_display = ("__str__", "timezone")


@admin.register(AccessAttempt)
class AccessAttemptAdmin(ReadOnlyAdmin):
    """Failed log-ins that count towards a lock-out; deleting one unlocks."""

    list_display = ("attempt_time", "username", "ip_address", "failures_since_start")
    search_fields = ("username", "ip_address")

    def has_delete_permission(self, request, obj=None) -> bool:
        return request.user.has_perm("axes.delete_accessattempt")


@admin.register(AccessLog)
class AccessLogAdmin(ReadOnlyAdmin):
    list_display = ("attempt_time", "username", "ip_address", "logout_time")
    search_fields = ("username", "ip_address")


@admin.register(AccessFailureLog)
class AccessFailureLogAdmin(ReadOnlyAdmin):
    list_display = ("attempt_time", "username", "ip_address", "locked_out")
    search_fields = ("username", "ip_address")
