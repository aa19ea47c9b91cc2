"""The demo shop: a year of real grocery sales, with suppliers, purchases, returns and stock simulated on top."""
