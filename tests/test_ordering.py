"""A stretch of an order is the same stretch of the whole table sorted, whatever the cells and however they lie."""

import math
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from analyzer.models import Order
from analyzer.picking import picked
from analyzer.tables import ordering
from analyzer.tables.ordering import ordered

ROWS = 6_000
COLUMNS: dict[str, Callable[[random.Random, int], Any]] = {
    "distinct": lambda chance, row: row * 7919 % ROWS,
    "ascending": lambda chance, row: row // 3,
    "descending": lambda chance, row: -row,
    "with gaps": lambda chance, row: chance.choice((None, chance.randrange(100), math.nan, 0.5, -0.0, math.inf)),
    "few words": lambda chance, row: chance.choice(("a", "b", "b", "b", "", None)),
    "words": lambda chance, row: f"{chance.randrange(10**6):x}é",
    "one word": lambda chance, row: "same",
    "yes or no": lambda chance, row: chance.random() < 0.1,
    "amounts": lambda chance, row: chance.choice((None, Decimal(chance.randrange(-999, 999)) / 100)),
    "moments": lambda chance, row: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(hours=chance.randrange(500)),
    "nothing": lambda chance, row: None,
    "one in many": lambda chance, row: 1 if row == 77 else 0,
}


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordering, "SORTED_AT_ONCE", 50)
    monkeypatch.setattr(ordering, "SAMPLE_ROWS", 200)
    monkeypatch.setattr(ordering, "MARGIN", 0.1)


@pytest.fixture(scope="module")
def table() -> pa.Table:
    chance = random.Random(3)
    columns = {name: pa.array([make(chance, row) for row in range(ROWS)]) for name, make in COLUMNS.items()}
    whole = pa.table(columns)
    borders = [0, 1, 1, 700, 2500, 2501, ROWS]
    return pa.concat_tables(whole.slice(a, b - a) for a, b in pairwise(borders))


def _expected(table: pa.Table, numbers: np.ndarray, orders: list[Order]) -> list[int]:
    keyed = table.take(pa.array(numbers)).append_column("number", pa.array(numbers))
    keys = [(order.column, "descending" if order.descending else "ascending") for order in orders]
    places = pc.sort_indices(keyed, sort_keys=keys)
    return [int(number) for number in keyed["number"].take(places).to_pylist()]


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("then", [None, "with gaps", "few words"])
@pytest.mark.parametrize("filtered", [False, True])
def test_a_stretch_is_part_of_the_whole_order(
    table: pa.Table, column: str, descending: bool, then: str | None, filtered: bool
) -> None:
    orders = [Order(column=column, descending=descending)]
    orders += [] if then in (None, column) else [Order(column=then)]
    numbers = np.flatnonzero(np.arange(ROWS) % 3) if filtered else None
    whole = _expected(table, np.arange(ROWS) if numbers is None else numbers, orders)
    last = len(whole)
    for start, stop in ((0, 100), (1, 2), (last // 2, last // 2 + 70), (last - 10, last + 90), (0, last), (last, last)):
        assert ordered(table, numbers, orders, start, stop).tolist() == whole[start:stop]


def test_picked_rows_keep_the_order_they_are_asked_in(table: pa.Table) -> None:
    for numbers in ([], [0], [5999, 0, 700, 699, 2500, 0], list(range(ROWS))):
        given = np.array(numbers, np.int64)
        expected = table["distinct"].to_pylist()
        assert picked(table, given)["distinct"].to_pylist() == [expected[number] for number in numbers]
