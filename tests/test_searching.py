"""What a filter finds in texts is what Arrow finds in them, one by one."""

import random
from pathlib import Path

import pyarrow as pa
import pytest

from analyzer.models import Condition
from analyzer.tables import halves, rows
from analyzer.tables.searching import contains

LETTERS = "aAbB@`[{kK\u212aéÉ 0'"
VALUES = ("a", "AB", "b", "@", "`", "[a", "{", "K", "é", "aa a", "0'", "", "ab" * 9)


def _texts(seed: int) -> list[str | None]:
    chosen = random.Random(seed)
    return [
        None if chosen.random() < 0.1 else "".join(chosen.choices(LETTERS, k=chosen.randrange(9))) for _ in range(3_000)
    ]


@pytest.mark.parametrize("value", VALUES)
def test_the_same_is_found(value: str) -> None:
    texts = pa.chunked_array([pa.array(_texts(1)), pa.array(_texts(2))[7:1_999], pa.array([], pa.string())])
    for column in (texts, texts.slice(3, 4_000), texts.drop_null()):
        expected = [None if text is None else _folded(value) in _folded(text) for text in column.to_pylist()]
        assert contains(column, value).to_pylist() == expected


def _folded(text: str) -> str:
    """As ASCII has it; of the other letters here only É is a capital."""
    return "".join(letter.lower() if letter.isascii() or letter == "É" else letter for letter in text)


def test_nothing_is_found_across_two_texts() -> None:
    assert contains(pa.chunked_array([["xa", "bx", "", "a", "b", "ab"]]), "ab").to_pylist() == [False] * 5 + [True]


def test_halves_find_what_the_whole_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = pa.table({"n": range(10_001), "t": [str(n) for n in range(10_001)]})
    path = str(tmp_path / "table.arrow")
    with pa.ipc.new_file(path, table.schema) as file:
        file.write_table(table, max_chunksize=300)
    conditions = (
        Condition(column="t", comparison="contains", value="99"),
        Condition(column="n", comparison="ge", value="500"),
    )
    expected = [n for n in range(500, 10_001) if "99" in str(n)]
    assert rows._matching(path, conditions).tolist() == expected
    monkeypatch.setattr(halves, "LARGE_ROWS", 100)
    rows._matching.cache_clear()
    assert rows._matching(path, conditions).tolist() == expected
