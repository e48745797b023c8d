"""Every analysis that has a reference, beside it, over tables of every nastiness.

ANALYZER_TEST_TABLES=200 makes 200 generated ones, and takes all bundled ones of scikit-learn and statsmodels.
"""

import json
import os
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pytest

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
    gaps = random.random(len(values)) < random.choice([0, 0, 0.1, 0.9])
    return pa.array([None if gap else value for gap, value in zip(gaps, list(values), strict=True)])


COLUMNS: dict[str, Callable[[Random, int], Any]] = {
    "normal": lambda random, n: random.normal(random.choice([0, 1e9]), 1, n).tolist(),
    "skewed": lambda random, n: random.lognormal(0, 3, n).tolist(),
    "tiny": lambda random, n: (random.normal(0, 1, n) * 1e-200).tolist(),
    "large": lambda random, n: (random.normal(0, 1, n) * 1e200).tolist(),
    "infinite": lambda random, n: random.choice([1.5, -2.0, np.inf, -np.inf], n).tolist(),
    "constant": lambda random, n: [7.25] * n,
    "rounded": lambda random, n: np.round(random.normal(0, 3, n), 1).tolist(),
    "small integers": lambda random, n: random.integers(-5, 5, n).tolist(),
    "huge integers": lambda random, n: (2**62 + random.integers(-(2**61), 2**61, n)).tolist(),
    "close huge integers": lambda random, n: (2**62 + random.integers(0, 9, n)).tolist(),
    "flags": lambda random, n: (random.random(n) < 0.3).tolist(),
    "categories": lambda random, n: [f"c{k}" for k in random.integers(0, 6, n)],
    "many categories": lambda random, n: [f"category {k}" for k in random.integers(0, 10_000, n)],
    "mixed": lambda random, n: [str(random.choice(["1", "2.5", "x", "", " x", "NA"])) for _ in range(n)],
    "moments": lambda random, n: [pd.Timestamp(int(t), unit="s") for t in random.integers(0, 2**31, n)],
    "dates": lambda random, n: [pd.Timestamp(int(t), unit="D").date() for t in random.integers(0, 9999, n)],
    "missing": lambda random, n: [None] * n,
}


def generated(seed: int) -> pa.Table:
    random = np.random.default_rng(seed)
    rows = int(random.choice([1, 2, 3, 20, 60, 300]))
    kinds = random.choice(list(COLUMNS), size=int(random.integers(1, 9)))
    columns = [_with_gaps(COLUMNS[kind](random, rows), random) for kind in kinds]
    names = [f"{kind}_{place}" for place, kind in enumerate(kinds)]
    if random.random() < 0.2:
        columns, names = [*columns, columns[0]], [*names, f"{names[0]} again"]
    return pa.table(dict(zip(names, columns, strict=True)))


def bundled() -> dict[str, Callable[[], pd.DataFrame]]:
    from sklearn import datasets as learning
    from statsmodels import datasets as models

    found = {name: getattr(learning, f"load_{name}") for name in ("iris", "wine", "diabetes", "breast_cancer")}
    frames: dict[str, Callable[[], pd.DataFrame]] = {name: partial(_frame, load) for name, load in found.items()}
    for name in ("longley", "macrodata", "fair", "stackloss", "sunspots", "star98", "spector", "nile", "grunfeld"):
        frames[name] = partial(_data, getattr(models, name))
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
