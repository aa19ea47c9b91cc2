"""Sales of any shop: sku, date and quantity, and whatever else the file knows."""

from __future__ import annotations

from orders.importers.formats import SalesFormat


class Generic(SalesFormat):
    """One row per sale or per item and day; a negative quantity is a return or cancellation.

    Takes the line items of Shopify's order export as it is; there “Name” is the order's number.
    """

    name = "generic"
    columns = {
        "sku": (
            "sku",
            "lineitemsku",
            "variantsku",
            "productsku",
            "itemsku",
            "itemcode",
            "productcode",
            "articlenumber",
        ),
        "at": ("date", "createdat", "orderdate", "saledate", "placedat", "soldon", "datetime", "timestamp", "day"),
        "quantity": ("quantity", "qty", "lineitemquantity", "quantitysold", "unitssold", "units"),
        "price": ("price", "unitprice", "lineitemprice", "itemprice", "itemcost"),
        "order": ("order", "ordernumber", "orderno", "orderid", "ordername", "invoice", "invoicenumber"),
        "customer": ("customer", "customerid", "customernumber", "customerno"),
        "name": ("productname", "lineitemname", "itemname", "title", "description", "name"),
        "warehouse": ("warehouse", "warehousecode", "location", "locationname"),
        "channel": ("channel", "saleschannel"),
    }

    def _find_columns(self) -> dict[str, int]:
        places = super()._find_columns()
        plain = [header.strip().lower() for header in self.headers]
        if "lineitem sku" in plain and "name" in plain and "order" not in places:
            places["order"] = plain.index("name")
        return places
