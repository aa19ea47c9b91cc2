"""Today's stock from a file: the difference to the ledger is posted, so the same file twice is once."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from stock.models import StockLevel, StockMovement


@pytest.fixture
def import_stock(file_of, tmp_path, db):
    def import_stock(*lines: str, **options):
        call_command("import_stock", file_of(*lines, name="stock.csv"), report=tmp_path / "bad.csv", **options)

    return import_stock


def levels() -> dict[str, int]:
    return dict(StockLevel.objects.values_list("product__sku", "on_hand"))


@pytest.mark.ledger
def test_the_first_file_opens_the_ledger_and_a_later_one_counts(import_stock, make_product, warehouse):
    make_product("CUP"), make_product("PLATE")
    import_stock("sku,warehouse,on_hand", "cup,riga,7", "plate,RIGA,0")
    import_stock("sku,warehouse,on_hand", "cup,riga,7", "plate,RIGA,0")
    assert levels() == {"CUP": 7, "PLATE": 0}
    assert [(m.quantity, m.reason, m.reference) for m in StockMovement.objects.all()] == [(7, "opening", "stock.csv")]
    import_stock("SKU;Stock", "cup;4")
    assert levels()["CUP"] == 4
    assert StockMovement.objects.latest("pk").reason == "count"
    call_command("verify_ledger")


def test_all_bad_rows_are_named_and_nothing_is_posted(import_stock, make_product, warehouse, capsys):
    make_product("CUP")
    with pytest.raises(CommandError, match="4 bad rows: nothing was written"):
        import_stock("sku,warehouse,on_hand", "cup,riga,7", "CUP,riga,8", "mug,riga,1", "cup,oslo,-1", "cup,riga,1.5")
    told = capsys.readouterr().err
    for line in (
        "line 3, sku “CUP”: the same SKU and warehouse as line 2",
        "line 4, sku “mug”: there is no product with this SKU",
        "line 5, on_hand “-1”: negative",
        "line 5, warehouse “oslo”: there is no such warehouse that you may write to",
        "line 6, on_hand “1.5”: not a whole number",
    ):
        assert line in told
    assert not StockMovement.objects.exists()


def test_bad_rows_can_be_left_out_and_a_dry_run_posts_nothing(import_stock, make_product, warehouse, capsys):
    make_product("CUP")
    lines = ("sku,on_hand", "cup,7", "mug,1")
    import_stock(*lines, dry_run=True)
    assert not StockMovement.objects.exists()
    import_stock(*lines, skip_bad_rows=True)
    assert levels() == {"CUP": 7}
    assert "1 differences posted." in capsys.readouterr().out


def test_stock_needs_a_warehouse(import_stock, make_product, capsys):
    make_product("CUP")
    with pytest.raises(CommandError):
        import_stock("sku,on_hand", "cup,7")
    assert "there is no warehouse yet: make one first" in capsys.readouterr().err
