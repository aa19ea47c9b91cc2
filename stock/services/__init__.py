"""The one door to stock. Every call is atomic and locks all its levels in one query, in primary-key order.

The callers' order is fixed: idempotency row, the document locked and re-read, then these.
"""

from stock.services.asked import ask_for_count
from stock.services.count_entries import Sent, Taken, record_entries, settle_finding, withdraw_entry
from stock.services.count_plans import (
    KnownAbove,
    open_planned_count,
    plan_counts,
    planned_counts,
    tell_needs,
    write_count_plan,
)
from stock.services.count_undo import undo_count
from stock.services.counts import CountRules, approve_count, cancel_count, open_count, post_count
from stock.services.damage import Damage, report_damage
from stock.services.found import find_pieces
from stock.services.ledger import Entry, adjust, post_movements, reverse_movement, set_on_hand, unmaking
from stock.services.levels import ensure_levels
from stock.services.picking import miss_pieces, pick_broken, pick_pieces, put_back_pieces
from stock.services.places import place_by_codes, put_in_bin, take_from_bin
from stock.services.promises import (
    Claim,
    PromiseMove,
    allocate,
    keep_until,
    move_promises,
    release,
    ship,
)
from stock.services.set_asides import TakenBack, put_back, set_aside, take_back, write_off_set_aside
from stock.services.told_late import Late, make_good
from stock.services.transfers import (
    TransferWish,
    cancel_transfer,
    change_transfer_draft,
    close_transfer,
    create_transfer,
    receive_transfer,
    ship_transfer,
)

__all__ = [
    "Claim",
    "CountRules",
    "Damage",
    "Entry",
    "KnownAbove",
    "Late",
    "PromiseMove",
    "Sent",
    "Taken",
    "TakenBack",
    "TransferWish",
    "adjust",
    "allocate",
    "approve_count",
    "ask_for_count",
    "cancel_count",
    "cancel_transfer",
    "change_transfer_draft",
    "close_transfer",
    "create_transfer",
    "ensure_levels",
    "find_pieces",
    "keep_until",
    "make_good",
    "miss_pieces",
    "move_promises",
    "open_count",
    "open_planned_count",
    "pick_broken",
    "pick_pieces",
    "place_by_codes",
    "plan_counts",
    "planned_counts",
    "post_count",
    "post_movements",
    "put_back",
    "put_back_pieces",
    "put_in_bin",
    "receive_transfer",
    "record_entries",
    "release",
    "report_damage",
    "reverse_movement",
    "set_aside",
    "set_on_hand",
    "settle_finding",
    "ship",
    "ship_transfer",
    "take_back",
    "take_from_bin",
    "tell_needs",
    "undo_count",
    "unmaking",
    "withdraw_entry",
    "write_count_plan",
    "write_off_set_aside",
]
