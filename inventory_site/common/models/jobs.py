"""Runs and their partitions: the state of long work, in rows that people can read."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from inventory_site.common.job_words import kind_word, step_word
from inventory_site.common.querysets import JobPartitionQuerySet, JobRunQuerySet


class JobRun(models.Model):
    class State(models.TextChoices):
        RUNNING = "running", _("running")
        PUBLISHED = "published", _("finished")
        FAILED = "failed", _("failed")

    kind = models.CharField(_("kind"), max_length=40)
    business_date = models.DateField(_("business date"))
    version = models.PositiveIntegerField(_("version"), default=1)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.RUNNING)
    step = models.CharField(_("step"), max_length=40, blank=True)
    requested_by = models.CharField(_("requested by"), max_length=150, default="beat")
    error = models.TextField(_("error"), blank=True)
    facts = models.JSONField(_("facts"), default=dict, blank=True)
    started_at = models.DateTimeField(_("started"), auto_now_add=True)
    published_at = models.DateTimeField(_("published"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    objects = JobRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        ordering = ["-business_date", "-version", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "business_date", "version"], name="common_jobrun_once"),
            models.UniqueConstraint(
                fields=["kind"], condition=models.Q(state="running"), name="common_jobrun_one_running"
            ),
        ]

    def __str__(self) -> str:
        return f"{kind_word(self.kind)} {self.business_date}" + (f" #{self.version}" if self.version > 1 else "")

    @property
    def step_word(self) -> str:
        return step_word(self.step)


class Heartbeat(models.Model):
    """When a worker was last seen; a row that grows old is a worker that is gone."""

    worker = models.CharField(_("worker"), max_length=200, unique=True)
    seen_at = models.DateTimeField(_("last seen"))

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")

    def __str__(self) -> str:
        return self.worker


class JobPartition(models.Model):
    class State(models.TextChoices):
        OPEN = "open", _("waiting")
        CLAIMED = "claimed", _("working")
        DONE = "done", _("done")
        QUARANTINED = "quarantined", _("set aside after failures")

    run = models.ForeignKey(JobRun, models.CASCADE, related_name="partitions", verbose_name=_("run"))
    step = models.CharField(_("step"), max_length=40)
    number = models.PositiveIntegerField(_("number"))
    payload = models.JSONField(_("payload"), default=dict, blank=True)
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.OPEN)
    token = models.UUIDField(_("token"), null=True, blank=True)
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    failures = models.PositiveIntegerField(_("failures"), default=0)
    error = models.TextField(_("error"), blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    objects = JobPartitionQuerySet.as_manager()

    class Meta:
        verbose_name = _("part of a run")
        verbose_name_plural = _("parts of runs")
        ordering = ["run", "pk"]
        constraints = [models.UniqueConstraint(fields=["run", "step", "number"], name="common_jobpartition_once")]
        indexes = [models.Index(fields=["run", "state"], name="common_jobpartition_open")]

    def __str__(self) -> str:
        return f"{self.step_word} {self.number}"

    @property
    def step_word(self) -> str:
        return step_word(self.step)
