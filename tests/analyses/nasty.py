"""Tables that have broken analyses: every one must come through each of them without an exception or a warning."""

import datetime as dt
import math
from decimal import Decimal

import numpy as np
import pyarrow as pa

random = np.random.default_rng(20)
EPOCH = dt.datetime(2024, 1, 1)  # noqa: DTZ001 - tables have moments without a zone

NUMBERS = [1.5, None, math.nan, math.inf, -math.inf, 5e-324, 1.7e308, -1.7e308, 0.0, -0.0]

TABLES: dict[str, pa.Table] = {
    "no columns": pa.table({}),
    "no rows": pa.table(
        {"x": pa.array([], pa.float64()), "t": pa.array([], pa.timestamp("s")), "c": pa.array([], pa.string())}
    ),
    "one row": pa.table({"x": [1.0], "y": [2], "c": ["a"], "t": [EPOCH], "b": [True]}),
    "two rows": pa.table({"x": [1.0, 2.0], "y": [2, 1], "c": ["a", "b"], "t": [EPOCH, EPOCH], "b": [True, False]}),
    "all missing": pa.table(
        {
            "x": pa.nulls(40, pa.float64()),
            "y": pa.nulls(40, pa.int64()),
            "c": pa.nulls(40, pa.string()),
            "t": pa.nulls(40, pa.timestamp("ns")),
            "b": pa.nulls(40, pa.bool_()),
            "n": pa.nulls(40),
        }
    ),
    "constant": pa.table({"x": [0.1] * 50, "y": [7] * 50, "c": ["a"] * 50, "t": [EPOCH] * 50, "b": [True] * 50}),
    "infinities": pa.table({"x": NUMBERS * 5, "y": [math.inf] * 50, "z": np.arange(50.0), "w": [math.nan, 1.0] * 25}),
    "huge integers": pa.table(
        {
            "x": pa.array([2**63 - 1, -(2**63), None, 0] * 15, pa.int64()),
            "u": pa.array([2**64 - 1, 0, 1, None] * 15, pa.uint64()),
            "d": pa.array([Decimal("1e20"), None, Decimal("-3.5"), Decimal(0)] * 15, pa.decimal128(30, 2)),
        }
    ),
    "many categories": pa.table(
        {"c": [f"c{k}" for k in range(10_000)], "x": np.arange(10_000), "k": [k % 7 for k in range(10_000)]}
    ),
    "odd names": pa.table(
        {"": [1.0, 2.0, 3.0, 2.5], "a\nb": [3, 1, 2, 2], "<b>": ["x", "y", "x", None], "x_2": [0, 1, 0, 1]}
    ),
    "mixed types": pa.table(
        {
            "list": [[1], [2], None, []] * 10,
            "struct": [{"a": 1}, {"a": 2}, None, {"a": 3}] * 10,
            "binary": [b"a", b"\xff", None, b""] * 10,
            "duration": pa.array([1, 2, None, 4] * 10, pa.duration("us")),
            "date": pa.array([0, 1, None, 400] * 10, pa.date32()),
            "time": pa.array([0, 1, None, 400] * 10, pa.time32("s")),
            "coded": pa.array(["u", "v", None, "u"] * 10).dictionary_encode(),
            "small": pa.array([1, 2, None, 3] * 10, pa.int8()),
            "half": pa.array(np.arange(40, dtype=np.float16)),
        }
    ),
    "mixed text": pa.table({"s": ["1", "2,5", "x", "NA", "", " ", None, "2020-01-01", "é\ud7ff", "NaN Infinity"] * 4}),
    "zones": pa.table({"z": pa.array([0, 10**15, None] * 10, pa.timestamp("us", "Europe/Berlin"))}),
    "only infinite": pa.table({"a": [math.inf] * 3, "b": [math.inf, -math.inf, None]}),
    "gaps": pa.table({f"x{k}": pa.array(random.normal(size=400), mask=random.random(400) < 0.1 * k) for k in range(4)}),
    "outlier": pa.table(
        {"x": [*random.normal(size=199), 1e15], "y": [*random.normal(size=199), None], "c": ["a", "b"] * 100}
    ),
    "chunks": pa.concat_tables([pa.table({"x": [k * 1.0], "y": [k % 3], "c": [str(k % 2)]}) for k in range(30)]),
    "series": pa.table(
        {
            "t": [EPOCH + dt.timedelta(days=k + (k > 40) * 3) for k in range(90)],
            "x": [math.sin(k * 2 * math.pi / 7) + k / 50 for k in range(90)],
            "y": pa.array([None if k % 9 == 0 else k % 4 for k in range(90)]),
        }
    ),
}
