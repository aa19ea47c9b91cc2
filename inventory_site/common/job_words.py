"""What kinds of jobs and their steps are called; a test holds that each has a word."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

KINDS = {"nightly": _("nightly"), "backtest": _("back-test")}

STEPS = {
    "close_demand": _("close the days' demand"),
    "lead_times": _("learn lead times"),
    "train": _("train what items have in common"),
    "methods": _("try forecast methods"),
    "plan": _("forecast and plan"),
    "launches": _("plan new items"),
    "aggregates": _("forecast groups"),
    "shapes": _("learn seasons"),
    "segments": _("sort items into classes"),
    "stock_outs": _("learn from stock-outs"),
    "suggestions": _("make suggestions"),
    "scarce": _("share what is scarce"),
    "publish": _("publish"),
    "automatic": _("draft what may be drafted"),
    "accuracy": _("measure forecasts"),
    "anomalies": _("look for anomalies"),
    "modes": _("move modes of policies"),
    "key_figures": _("keep key figures"),
    "alerts": _("look for warnings"),
    "counts": _("plan what to count"),
    "digests": _("write digests"),
    "prune": _("forget what is old"),
    "replay": _("replay the days"),
}


def kind_word(code: str) -> str:
    return str(KINDS.get(code, code))


def step_word(code: str) -> str:
    return str(STEPS.get(code, code))
