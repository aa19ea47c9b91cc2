"""What must hold of the stock tables whatever happened, in one statement of plain SQL."""

WRONG_STOCK = """
SELECT 'on hand is not the sum of its movements' AS what, level.id FROM stock_stocklevel level
 WHERE on_hand <> (SELECT COALESCE(SUM(quantity), 0) FROM stock_stockmovement WHERE level_id = level.id)
UNION ALL
SELECT 'allocated is not the sum of its open promises', level.id FROM stock_stocklevel level
 WHERE allocated <>
       (SELECT COALESCE(SUM(quantity), 0) FROM stock_allocation WHERE level_id = level.id AND state = 'open')
UNION ALL
SELECT 'unsellable is not the sum of its set-asides', level.id FROM stock_stocklevel level
 WHERE unsellable <> (SELECT COALESCE(SUM(quantity), 0) FROM stock_setaside WHERE level_id = level.id)
UNION ALL
SELECT 'less than nothing, or more promised than there is', id FROM stock_stocklevel
 WHERE on_hand < 0 OR allocated < 0 OR unsellable < 0 OR allocated + unsellable > on_hand
UNION ALL
SELECT 'what a transfer moved is not what the ledger says of it', transfer.id FROM stock_transfer transfer
 WHERE (SELECT SUM(lost + shipped - received - returned) FROM stock_transferline WHERE transfer_id = transfer.id) <>
       (SELECT -COALESCE(SUM(quantity), 0) FROM stock_stockmovement WHERE reference = transfer.number)
UNION ALL
SELECT 'a transfer that is over has pieces on their way', line.id
  FROM stock_transferline line JOIN stock_transfer transfer ON transfer.id = line.transfer_id
 WHERE shipped - received - returned <> 0 AND state NOT IN ('shipped', 'partly_received')
"""
