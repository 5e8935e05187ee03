"""Reading Parquet: bounded before anything is decoded, and only columns of the kind they should have."""

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from carvis.errors import CarvisError
from carvis.language import Message
from carvis.workspace.unusable_files import Unusable, read_content, refusal, short

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq
    from numpy.typing import NDArray

MAX_BYTES = 1_000_000_000
MAX_ROWS = 5_000_000
# What the requested columns may take together once they are decoded.
MAX_DECODED = 4_000_000_000
_MOST_COLUMNS = 50_000


@dataclass(frozen=True)
class Column:
    """What a column must hold.

    Attributes:
        kind: ``text``, ``number`` (whole numbers are numbers, too), ``whole`` or ``flag``.
        low, high: the range of its numbers.
        unique: whether no value may be there twice.
        optional: whether the column may be missing.
        missing: whether values may be: a text is then None, a number NaN.
    """

    kind: Literal["text", "number", "whole", "flag"]
    low: float = -math.inf
    high: float = math.inf
    unique: bool = False
    optional: bool = False
    missing: bool = False


TEXT, SHARE = Column("text"), Column("number", 0, 1)


def read_parquet(
    source: str | Path | bytes,
    columns: Mapping[str, Column],
    *,
    path: str | Path | None = None,
    max_bytes: int = MAX_BYTES,
    max_rows: int = MAX_ROWS,
    remedy: str | None = None,
    error: type[CarvisError] = CarvisError,
) -> "pd.DataFrame":
    """Read columns of a Parquet file.

    Nothing that a file says of pandas is followed: neither its index nor types of its own.

    Args:
        source: an ordinary file, or its content.
        columns: what to read, in this order; what else the file has is ignored.
        path: of the content, for the sentence.
        max_bytes, max_rows: what is larger is not decoded.
        remedy, error: as ``carvis.workspace.read_json``.

    Returns:
        A DataFrame with the columns that are there, its rows numbered.

    Raises:
        error: the file cannot be read, is no Parquet or damaged; a column is missing, there twice, of another type, or
            holds what it may not.
    """
    content = source if isinstance(source, bytes) else read_content(source, max_bytes, remedy, error)
    name = path or (Message("the file") if isinstance(source, bytes) else source)
    try:
        return _table(content, columns, max_bytes, max_rows)
    except Unusable as problem:
        raise error(refusal(name, problem.args[0], remedy)) from problem


def _table(content: bytes, columns: Mapping[str, Column], max_bytes: int, max_rows: int) -> "pd.DataFrame":
    import pandas as pd
    import pyarrow as pa

    if len(content) > max_bytes:
        raise Unusable(Message("it is larger than {limit} MB", limit=f"{max_bytes / 1e6:,g}"))
    # As dictionaries: a text that a million rows share is decoded once.
    file = _opened(content, [name for name, column in columns.items() if column.kind == "text"], max_rows)
    schema = file.schema_arrow
    names = schema.names
    selected = {name: column for name, column in columns.items() if name in names or not column.optional}
    for name, column in selected.items():
        if names.count(name) != 1:
            raise Unusable(_absent(name) if name not in names else _twice(name))
        _check_type(schema.field(name).type, name, column)
    try:
        table = file.read(columns=list(selected), use_pandas_metadata=False)
        values = {name: _values(table.column(name), name, column) for name, column in selected.items()}
    except (pa.ArrowException, OSError, MemoryError) as problem:
        raise Unusable(_damaged()) from problem
    except UnicodeDecodeError as problem:
        raise Unusable(Message("a text in it is not UTF-8")) from problem
    return pd.DataFrame(values, index=pd.RangeIndex(table.num_rows))


def _opened(content: bytes, texts: list[str], max_rows: int) -> "pq.ParquetFile":
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not content.strip(b"\0"):
        raise Unusable(Message("it is empty, as a write that was cut off leaves it"))
    try:
        facts = pq.read_metadata(io.BytesIO(content))
        if facts.num_rows > max_rows:
            raise Unusable(
                Message("it has {n} rows, more than {limit}", n=f"{facts.num_rows:,}", limit=f"{max_rows:,}")
            )
        if facts.num_columns > _MOST_COLUMNS:
            raise Unusable(
                Message("it has {n} columns, more than {limit}", n=f"{facts.num_columns:,}", limit=f"{_MOST_COLUMNS:,}")
            )
        size = sum(facts.row_group(i).total_byte_size for i in range(facts.num_row_groups))
        if size > MAX_DECODED or facts.num_rows * facts.num_columns > MAX_DECODED / 4:
            raise Unusable(_too_much())
        stored = {facts.schema.column(i).path for i in range(facts.num_columns)}
        return pq.ParquetFile(pa.BufferReader(content), read_dictionary=[name for name in texts if name in stored])
    except (pa.ArrowException, OSError, ValueError, MemoryError) as problem:
        raise problem if isinstance(problem, Unusable) else Unusable(_damaged()) from problem


def _check_type(dtype: "pa.DataType", name: str, column: Column) -> None:
    import pyarrow.types as kinds

    if kinds.is_dictionary(dtype) and column.kind == "text":
        dtype = dtype.value_type
    fits = {
        "text": kinds.is_string(dtype) or kinds.is_large_string(dtype),
        "number": kinds.is_floating(dtype) or kinds.is_integer(dtype),
        "whole": kinds.is_integer(dtype),
        "flag": kinds.is_boolean(dtype),
    }[column.kind]
    # A column of which no value is known has no type.
    if not fits and not (kinds.is_null(dtype) and column.missing):
        needed = {
            "text": Message("texts"),
            "number": Message("numbers"),
            "whole": Message("whole numbers"),
            "flag": Message("true or false"),
        }[column.kind]
        raise Unusable(
            Message(
                "the column {column} must hold {needed}, and holds {kind}",
                column=short(name),
                needed=needed,
                kind=short(str(dtype)),
            )
        )


def _values(column: "pa.ChunkedArray", name: str, expected: Column) -> "list[str | None] | NDArray[Any]":
    if column.null_count and not expected.missing:
        raise Unusable(Message("the column {column} lacks a value", column=short(name)))
    values = _texts(column) if expected.kind == "text" else _numbers(column, name, expected)
    if expected.unique and len(set(values)) < len(values):
        raise Unusable(Message("the column {column} holds a value twice", column=short(name)))
    return values


def _texts(column: "pa.ChunkedArray") -> list[str | None]:
    import numpy as np
    import pyarrow as pa

    texts: list[str | None] = []
    size = 0
    for chunk in column.chunks:
        if not pa.types.is_dictionary(chunk.type):
            texts += chunk.to_pylist()
            continue
        values = chunk.dictionary.to_pylist()
        if any("\0" in value for value in values if value):
            raise Unusable(Message("a text in it holds a NUL character"))
        codes = chunk.indices.to_numpy(zero_copy_only=False)
        valid = codes[np.isfinite(codes)].astype(np.int64) if chunk.null_count else codes
        if len(valid) and not (valid.min() >= 0 and valid.max() < len(values)):
            raise Unusable(_damaged())
        size += int(np.array([len(value or "") for value in values] or [0], np.int64)[valid].sum())
        if size > MAX_DECODED / 4:
            raise Unusable(_too_much())
        texts += [None if code != code else values[int(code)] for code in codes.tolist()]
    return texts


def _numbers(column: "pa.ChunkedArray", name: str, expected: Column) -> "NDArray[Any]":
    import numpy as np

    values = column.to_numpy()
    if values.dtype == object:
        values = np.array([np.nan if value is None else value for value in values], float)
    if expected.kind == "flag":
        return values
    present = values[~np.isnan(values)] if expected.missing and values.dtype.kind == "f" else values
    if values.dtype.kind == "f" and not np.isfinite(present).all():
        raise Unusable(Message("the column {column} holds NaN or infinity", column=short(name)))
    if len(present) and not (expected.low <= present.min() and present.max() <= expected.high):
        outlier = float(present.min() if present.min() < expected.low else present.max())
        raise Unusable(
            Message(
                "the column {column} holds {value}, outside {low} to {high}",
                column=short(name),
                value=f"{outlier:g}",
                low=f"{expected.low:g}",
                high=f"{expected.high:g}",
            )
        )
    return values


def _absent(name: str) -> Message:
    return Message("the column {column} is missing", column=short(name))


def _twice(name: str) -> Message:
    return Message("the column {column} is there twice", column=short(name))


def _damaged() -> Message:
    return Message("it is damaged, or no Parquet file")


def _too_much() -> Message:
    return Message("it would take more than {limit} GB of memory", limit=f"{MAX_DECODED / 1e9:g}")
