"""What the nightly job does for replenishment, in the order of its steps, and what people decide on it.

Each step is a pair: ``split_…(run)`` gives the payloads of its partitions, the other computes one of them outside a
transaction and returns what writes it; writing again changes nothing.
"""

from replenishment.services.asking import split_methods, try_method
from replenishment.services.automatic import draft_automatic, split_automatic
from replenishment.services.decisions import (
    accept_suggestions,
    dismiss_suggestion,
    reopen_suggestions,
    switch_supplier,
)
from replenishment.services.key_figures import keep_key_figures
from replenishment.services.launches import plan_launches, split_launches
from replenishment.services.lead_times import learn_lead_times, split_lead_times
from replenishment.services.planning import plan_partition, split_plan, split_training, train
from replenishment.services.policies import resolve_policies
from replenishment.services.policy_modes import move_mode, split_modes, take_back_mode
from replenishment.services.positions import differing_positions, hear_of_changes, publish_run, refresh_positions
from replenishment.services.scarcity import share_scarce, split_scarce
from replenishment.services.segments import judge_segments, learn_shapes, split_segments, split_shapes
from replenishment.services.stock_outs import learn_stock_outs
from replenishment.services.suggestions import make_suggestions, split_suggestions

__all__ = [
    "accept_suggestions",
    "differing_positions",
    "dismiss_suggestion",
    "draft_automatic",
    "hear_of_changes",
    "judge_segments",
    "keep_key_figures",
    "learn_lead_times",
    "learn_shapes",
    "learn_stock_outs",
    "make_suggestions",
    "move_mode",
    "plan_launches",
    "plan_partition",
    "publish_run",
    "refresh_positions",
    "reopen_suggestions",
    "resolve_policies",
    "share_scarce",
    "split_automatic",
    "split_launches",
    "split_lead_times",
    "split_methods",
    "split_modes",
    "split_plan",
    "split_scarce",
    "split_segments",
    "split_shapes",
    "split_suggestions",
    "split_training",
    "switch_supplier",
    "take_back_mode",
    "train",
    "try_method",
]
