"""What must hold of the tables of sales whatever happened, in one statement of plain SQL; see ``ledger_checks``."""

from tests.stock.ledger_checks import WRONG_STOCK

PROMISED = "(SELECT COALESCE(SUM(quantity), 0) FROM stock_allocation WHERE holder = line.holder AND state = '{}')"

WRONG = f"""{WRONG_STOCK}
UNION ALL
SELECT 'a promise without an unfinished order', promise.id FROM stock_allocation promise
 WHERE promise.state = 'open' AND NOT EXISTS (
       SELECT 1 FROM orders_salesorderline line JOIN orders_salesorder ON orders_salesorder.id = line.order_id
        WHERE line.holder = promise.holder AND orders_salesorder.state IN ('draft', 'open'))
UNION ALL
SELECT 'more promised than is outstanding', line.id FROM orders_salesorderline line
 WHERE {PROMISED.format("open")} > quantity - shipped - cancelled
UNION ALL
SELECT 'shipped is not the sum of its kept promises', line.id FROM orders_salesorderline line
 WHERE {PROMISED.format("shipped")} <> shipped
UNION ALL
SELECT 'shipped is not what the ledger says of the order', orders_salesorder.id FROM orders_salesorder
 WHERE (SELECT COALESCE(SUM(shipped), 0) FROM orders_salesorderline WHERE order_id = orders_salesorder.id) <>
       (SELECT -COALESCE(SUM(quantity), 0) FROM stock_stockmovement
         WHERE reference = orders_salesorder.number AND reason = 'shipment')
UNION ALL
SELECT 'returned is not the sum of what inspections found', line.id FROM orders_salesorderline line
 WHERE returned <>
       (SELECT COALESCE(SUM(sellable + unsellable + scrapped), 0) FROM orders_returnline WHERE line_id = line.id)
UNION ALL
SELECT 'an open order with nothing outstanding, or another with something', orders_salesorder.id FROM orders_salesorder
 WHERE (state IN ('draft', 'open')) <> EXISTS (
       SELECT 1 FROM orders_salesorderline
        WHERE order_id = orders_salesorder.id AND quantity > shipped + cancelled)
UNION ALL
SELECT 'money below zero', id FROM orders_salesorder WHERE shipping_charge < 0 OR discount < 0
"""
