"""The nightly job is late, failed, or had to leave something out."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from alerts.models import Severity
from alerts.rules.base import Action, AlertRule, Finding, Threshold, register
from inventory_site.common.models import JobRun


@register
class NightlyJob(AlertRule):
    code, label = "nightly_job", _("Nightly job late, partial or failed")
    severity, action = Severity.CRITICAL, Action.CHECK
    thresholds = {"late_after_days": Threshold(2, _("late after, days"), minimum=1)}
    sentences = {
        "nightly_job_partial": _(
            "The nightly run of %(business_on)s set %(parts)s parts aside after repeated failures; their items keep "
            "their last values. The Jobs page shows the reasons."
        ),
        "nightly_job_failed": _("The nightly run of %(business_on)s failed: %(error)s"),
        "nightly_job_late": _(
            "The last finished nightly run is of %(business_on)s. Look at the Jobs page whether worker and beat run."
        ),
    }

    def findings(self):
        runs = JobRun.objects.filter(kind="nightly").order_by("-business_date", "-version")
        parts = Count("partitions", filter=Q(partitions__state="quarantined"))
        last = runs.annotate(parts=parts).first()
        if last and last.parts:
            yield self._finding("nightly_job_partial", last, parts=last.parts)
        if last and last.state == JobRun.State.FAILED:
            yield self._finding("nightly_job_failed", last, error=last.error[:200])
        if last and last.business_date < self.today - timedelta(days=self.threshold("late_after_days")):
            yield self._finding("nightly_job_late", last)

    def _finding(self, code: str, run: JobRun, **terms) -> Finding:
        terms |= {"business_on": run.business_date.isoformat()}
        return Finding(f"run:{code}", terms, code=code)
