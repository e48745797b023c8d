"""Every analysis that has a reference, beside it, over tables of every nastiness.

ANALYZER_TEST_TABLES=200 makes 200 generated ones, and takes all bundled ones of scikit-learn and statsmodels.
"""

import importlib
import json
import os
import warnings
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pytest

from analyzer.analyses.relations import coefficients
from analyzer.handouts import REFERENCES
from analyzer.verification import verify
from tests.analyses.inprocess import CATALOGUE, run
from tests.conftest import PENGUINS

WANTED = int(os.environ.get("ANALYZER_TEST_TABLES", "12"))
ALL = "ANALYZER_TEST_TABLES" in os.environ
Random = np.random.Generator


def _referenced() -> list[str]:
    from importlib.util import find_spec

    return [task_id for task_id in CATALOGUE.ids() if find_spec(f"{REFERENCES}.{task_id}") is not None]


def _with_gaps(values: Any, random: Random) -> pa.Array:
    values = values if isinstance(values, pa.Array) else pa.array(values)
    gaps = random.random(len(values)) < random.choice([0, 0, 0.1, 0.9])
    return values.take(pa.array(np.arange(len(values)), mask=gaps))


def _one_of(*values: Any, kind: pa.DataType | None = None) -> Callable[[Random, int], pa.Array]:
    choices = pa.array(values, kind)
    return lambda random, n: choices.take(pa.array(random.integers(0, len(choices), n)))


def _within(kind: pa.DataType, low: int, high: int) -> Callable[[Random, int], pa.Array]:
    """Anything from `low` to `high`, as many of this type's units."""
    return lambda random, n: pa.array(random.integers(low, high, n)).cast(kind)


COLUMNS: dict[str, Callable[[Random, int], Any]] = {
    "normal": lambda random, n: random.normal(random.choice([0, 1e9]), 1, n).tolist(),
    "skewed": lambda random, n: random.lognormal(0, 3, n).tolist(),
    "tiny": lambda random, n: (random.normal(0, 1, n) * 1e-200).tolist(),
    "large": lambda random, n: (random.normal(0, 1, n) * 1e200).tolist(),
    "infinite": _one_of(1.5, -2.0, np.inf, -np.inf),
    "extreme": _one_of(1.7e308, -1.7e308, 1.5, 0.0),
    "nearly infinite": lambda random, n: 1.7e308 - random.random(n) * 1e307,
    "subnormal": _one_of(5e-324, -5e-324, 1e-310, 0.0, -0.0),
    "not a number": _one_of(np.nan, 1.0, -0.0, 0.0, 2.5),
    "float": lambda random, n: pa.array(random.lognormal(0, 3, n).astype(np.float32)),
    "half": lambda random, n: pa.array(random.normal(0, 100, n).astype(np.float16)),
    "decimals": _one_of(*map(Decimal, ("1e20", "-3.5", "0", "0.01")), kind=pa.decimal128(30, 2)),
    "close decimals": lambda random, n: pa.array(
        [Decimal("1.00000000000000000000") + Decimal(int(k)).scaleb(-20) for k in random.integers(0, 99, n)],
        pa.decimal128(38, 20),
    ),
    "bytes": _within(pa.int8(), -128, 128),
    "unsigned": lambda random, n: pa.array(random.integers(0, 2**64, n, np.uint64)),
    "rising": lambda random, n: np.arange(n) / 3,
    "wave": lambda random, n: np.sin(np.arange(n) * 2 * np.pi / 7) + random.normal(0, 0.3, n),
    "walk": lambda random, n: random.normal(0, 1, n).cumsum(),
    "constant": lambda random, n: [7.25] * n,
    "rounded": lambda random, n: np.round(random.normal(0, 3, n), 1).tolist(),
    "small integers": lambda random, n: random.integers(-5, 5, n).tolist(),
    "huge integers": lambda random, n: (2**62 + random.integers(-(2**61), 2**61, n)).tolist(),
    "close huge integers": lambda random, n: (2**62 + random.integers(0, 9, n)).tolist(),
    "flags": lambda random, n: (random.random(n) < 0.3).tolist(),
    "categories": lambda random, n: [f"c{k}" for k in random.integers(0, 6, n)],
    "many categories": lambda random, n: [f"category {k}" for k in random.integers(0, 10_000, n)],
    "coded": lambda random, n: pa.array([f"c{k}" for k in random.integers(0, 6, n)]).dictionary_encode(),
    "mixed": _one_of("1", "2.5", "x", "", " x", "NA"),
    "odd text": _one_of("é", "e\u0301", "\ufffd", "👩‍👩‍👧", "עברית", "\x00", "a\nb", '"', "  ", "É", "x" * 9999),
    "numbers as text": lambda random, n: [f"{x:.2f}" for x in random.normal(0, 9, n)],
    "dates as text": lambda random, n: [f"20{k % 90 + 10}-0{k % 9 + 1}-11" for k in random.integers(0, 99, n)],
    "prose": lambda random, n: [" ".join(random.choice(["the", "cat", "sat", "On", "mat."], 9)) for _ in range(n)],
    "binary": _one_of(b"a", b"\xff", b""),
    "days": lambda random, n: pa.array(np.arange(n) + int(random.integers(20_000))).cast(pa.int32()).cast(pa.date32()),
    "moments": _within(pa.timestamp("s"), 0, 2**31),
    "dates": lambda random, n: pa.array(random.integers(0, 9999, n).astype(np.int32)).cast(pa.date32()),
    "any moment": _within(pa.timestamp("us"), -62_135_596_800 * 10**6, 253_402_300_800 * 10**6),
    "nanoseconds": _within(pa.timestamp("ns"), 1 - 2**63, 2**63 - 1),
    "zoned": _within(pa.timestamp("ms", "Europe/Berlin"), 0, 2**41),
    "durations": _within(pa.duration("us"), -(2**50), 2**50),
    "hours": lambda random, n: pa.array(random.integers(0, 86_400, n).astype(np.int32)).cast(pa.time32("s")),
    "lists": _one_of([1], [2, None], [], kind=pa.list_(pa.int64())),
    "missing": lambda random, n: pa.nulls(n),
    "missing text": lambda random, n: pa.nulls(n, pa.string()),
}


def generated(seed: int) -> pa.Table:
    random = np.random.default_rng(seed)
    rows = int(random.choice([0, 1, 2, 3, 20, 60, 300, 2000]))
    kinds = random.choice(list(COLUMNS), size=int(random.integers(1, 9)))
    columns = [_with_gaps(COLUMNS[kind](random, rows), random) for kind in kinds]
    names = [f"{kind}_{place}" for place, kind in enumerate(kinds)]
    if random.random() < 0.2:
        columns, names = [*columns, columns[0]], [*names, f"{names[0]} again"]
    table = pa.table(dict(zip(names, columns, strict=True)))
    return pa.concat_tables([table.slice(0, rows // 3), table.slice(rows // 3)]) if random.random() < 0.3 else table


def bundled() -> dict[str, Callable[[], pd.DataFrame]]:
    """All tables that come with scikit-learn and statsmodels."""
    from sklearn import datasets as learning
    from statsmodels import datasets as models

    names = ("iris", "wine", "diabetes", "breast_cancer", "digits", "linnerud")
    found = {name: getattr(learning, f"load_{name}") for name in names}
    frames: dict[str, Callable[[], pd.DataFrame]] = {name: partial(_frame, load) for name, load in found.items()}
    for name, module in vars(models).items():
        if hasattr(module, "load_pandas"):
            frames[name] = partial(_data, module)
    return frames


def _frame(load: Any) -> Any:
    return load(as_frame=True).frame


def _data(module: Any) -> Any:
    return module.load_pandas().data


def _further(table: pa.Table, task_id: str) -> tuple[dict[str, pa.Table], dict[str, Any]]:
    """What an analysis of two tables is held against: the last two thirds of the rows, twice."""
    if task_id != "compare_drift":
        return {}, {}
    rest = table.slice(table.num_rows // 3)
    return {"reference": pa.concat_tables([rest, rest])}, {"reference": "reference"}


def assert_verified(table: pa.Table, name: str) -> None:
    figures = 0
    for task_id in _referenced():
        further, given = _further(table, task_id)
        params = CATALOGUE.find(task_id).params(**given)
        result = run(table, task_id, further, **given)
        json.dumps(result, allow_nan=False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the others warn of what we explain in notes
            compared = verify(task_id, {"df": table, **further}, params, result)
        assert compared.differences == [], f"{name}: {task_id}"
        figures += compared.figures
    assert figures > 0


@pytest.mark.parametrize("seed", range(WANTED))
def test_generated_tables(seed: int) -> None:
    assert_verified(generated(seed), f"seed {seed}")


def test_penguins() -> None:
    assert_verified(pyarrow.csv.read_csv(PENGUINS), "penguins")


@pytest.mark.parametrize("name", sorted(bundled()) if ALL else ["iris", "longley"])
def test_bundled_tables(name: str) -> None:
    assert_verified(pa.Table.from_pandas(bundled()[name](), preserve_index=False), name)


def test_more_columns_and_rows_than_all_pairs_are_made_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many columns the strongest pairs are listed, of many rows some are drawn: the others do the same."""
    random = np.random.default_rng(3)
    wide = pa.table({f"x{number}": random.normal(size=40) + (number == 3) for number in range(70)})
    methods: list[list[str]] = [["pearson"], ["kendall", "pearson"], ["pearson", "spearman", "kendall"]]
    for given in ({"methods": chosen} for chosen in methods):
        _verify(wide, "eda_correlation", given)
    _verify(wide, "eda_association", {})
    for room in (coefficients, importlib.import_module(f"{REFERENCES}.eda_correlation")):
        for name, cells in (("KENDALL_CELLS", 3_000), ("MAX_CELLS", {"spearman": 10**9, "kendall": 3_000})):
            monkeypatch.setattr(room, name, cells, raising=False)
    long = pa.table({name: random.normal(size=1_500).round(1) for name in "abc"})
    assert run(long, "eda_correlation")["notes"]["kendall"]["n"] == 1_000
    _verify(long, "eda_correlation", {"seed": 5})


def _verify(table: pa.Table, task_id: str, given: dict[str, Any]) -> None:
    params = CATALOGUE.find(task_id).params(**given)
    compared = verify(task_id, {"df": table}, params, run(table, task_id, **given))
    assert (compared.differences, compared.figures > 20) == ([], True)
