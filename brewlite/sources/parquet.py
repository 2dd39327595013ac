"""Parquet, in batches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from brewlite.errors import BadSource
from brewlite.sources.rows import BadRow, SourceRow, distinct, plain_value

BATCH = 1000


class ParquetRows:
    """The rows of a Parquet file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._share = 0.0

    def share(self) -> float:
        """How much has been read, 0 to 1."""
        return self._share

    def read(self) -> Iterator[SourceRow | BadRow]:
        """Row by row. Raises BadSource when the file is no Parquet file, or damaged."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with pq.ParquetFile(self._path) as file:
                total, number = file.metadata.num_rows, 0
                for batch in file.iter_batches(batch_size=BATCH):
                    for values in _microseconds(batch, pa).rename_columns(distinct(batch.schema.names)).to_pylist():
                        number += 1
                        plain = {name: plain_value(value) for name, value in values.items()}
                        yield SourceRow(number=number, values=plain)
                    self._share = number / total
        except (pa.ArrowException, OSError) as error:
            raise BadSource(f"{self._path} cannot be read as Parquet: {error}") from error


def _microseconds(batch: Any, pa: Any) -> Any:
    """Times in nanoseconds, which Python has not, cut to microseconds."""
    fields = [
        field.with_type(pa.timestamp("us", tz=field.type.tz))
        if pa.types.is_timestamp(field.type) and field.type.unit == "ns"
        else field
        for field in batch.schema
    ]
    schema = pa.schema(fields)
    return batch if schema == batch.schema else batch.cast(schema, safe=False)
