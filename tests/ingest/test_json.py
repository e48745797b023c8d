"""JSON: exactly the documents that RFC 8259 allows, and every digit of their numbers."""

import io
import json
from pathlib import Path

import pytest

from analyzer.errors import EmptyDataset, InvalidJson, NotATable, UnsupportedFormat
from analyzer.ingest import ingest
from analyzer.models.datasets import ReadingOptions
from tests.ingest.conftest import Read

INVALID = [
    "[1,]", "[,1]", "[1 2]", '[{"a":1}', '[{"a":1}]x', '[{"a":1}][', '{"a":[1]}}', "[NaN]", '[{"a":NaN}]',
    '[{"a":-Infinity}]', '[{"a":Infinity}]', '[{"a":01}]', '[{"a":1.}]', '[{"a":.5}]', '[{"a":+1}]', '[{"a":1e}]',
    '[{"a":0x10}]', "[{'a':1}]", "[{a:1}]", '[{"a":"\t"}]', '[{"a":"\\x"}]', '[{"a":"\\u12"}]', '[{"a":1,}]',
    '[{"a"}]', '[{"a":1 "b":2}]', '[{"a":tru}]', '[{"a":True}]', '[{"a":"b}]', "[", "{", '{"a"', "]", "-", "[-]",
    '[{"a":1}] // c', '/**/[{"a":1}]', '[{"a":1}\u00a0]', '["a\x00"]', '[{"a":- 1}]', '[{"a":1.0e+}]', "nul", "",
]  # fmt: skip


@pytest.mark.parametrize("text", [text for text in INVALID if text])
def test_an_invalid_document_is_refused_with_its_place(read: Read, text: str) -> None:
    with pytest.raises(InvalidJson) as caught:
        read(text, "table.json")
    assert 0 <= caught.value.more["where"]["offset"] <= len(text.encode())


def test_the_place_is_counted_in_bytes(read: Read) -> None:
    with pytest.raises(InvalidJson) as caught:
        read('[{"grün": 1, "b": NaN}]', "table.json")
    assert caught.value.more["where"] == {"offset": '[{"grün": 1, "b": '.encode().__len__()}


@pytest.mark.parametrize("text", ["[" * 100_000, '[{"a":' * 100_000, "[" * 100_000 + "]" * 100_000])
def test_depth_is_bounded(read: Read, text: str) -> None:
    with pytest.raises(InvalidJson):
        read(text, "table.json")


@pytest.mark.parametrize("content", [b'[{"a":"\xff"}]', b'[{"a":"\xed\xa0\x80"}]', b'[{"a":"\xc3', b'[{"\xe9":1}]'])
def test_what_is_not_utf8_is_invalid(read: Read, content: bytes) -> None:
    with pytest.raises(InvalidJson):
        read(content, "table.json")


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"a":[]}', '{"a":[],"b":[]}', '{"columns":["a"],"data":[]}', " [ ] ", "[{}]"]
)
def test_a_valid_document_without_rows_is_empty(read: Read, text: str) -> None:
    with pytest.raises(EmptyDataset):
        read(text, "table.json")


@pytest.mark.parametrize(
    "text", ["1", '"a"', "null", "[1,2]", '["a"]', '{"a":1}', '[{"a":1},2]', "[[1],2]", "[[1],{}]"]
)
def test_a_valid_document_that_is_no_table_says_so(read: Read, text: str) -> None:
    with pytest.raises(NotATable):
        read(text, "table.json")


@pytest.mark.parametrize(
    "text",
    [
        '[{"a":1,"b":"x"},{"a":2,"b":null}]',
        '[["a","b"],[1,"x"],[2,null]]',
        '{"a":[1,2],"b":["x",null]}',
        '{"a":{"0":1,"1":2},"b":{"0":"x","1":null}}',
        '{"columns":["a","b"],"index":[0,1],"data":[[1,"x"],[2,null]]}',
        '{"meta":{"n":2},"rows":[{"a":1,"b":"x"},{"a":2,"b":null}]}',
        '{"a":1,"b":"x"}\n{"a":2}\n',
        '\ufeff[{"a":1,"b":"x"},\r\n{"a":2}]',
    ],
)
@pytest.mark.parametrize("filename", ["t.json", "t"])
def test_the_shapes_of_tables(read: Read, text: str, filename: str) -> None:
    table, _ = read(text, filename)
    assert table.to_pydict() == {"a": [1, 2], "b": ["x", None]}


def test_numbers_are_exact(read: Read) -> None:
    exact = {"a": "9007199254740993", "b": "1" * 30, "c": "0.1", "d": "0.12345678901234567890", "e": "1e400"}
    table, report = read("[{" + ",".join(f'"{key}":{text}' for key, text in exact.items()) + "}]", "t.json")
    assert table.to_pylist() == [{**exact, "a": 9007199254740993, "c": 0.1}]
    assert len(report.warnings) == 3


def test_texts_stay_texts_and_mixed_columns_keep_them(read: Read) -> None:
    table, report = read('[{"a":"007","b":1,"c":"5"},{"a":"x","b":"one","c":"6"},{"a":"","b":true,"c":null}]', "t.json")
    assert table.to_pydict() == {"a": ["007", "x", ""], "b": ["1", "one", "true"], "c": ["5", "6", None]}
    assert any("several kinds" in warning for warning in report.warnings)


def test_nested_objects_are_taken_apart_once(read: Read) -> None:
    table, _ = read('[{"a":{"b":1,"c":{"d":2.50}},"e":[1,"x"]}]', "t.json")
    assert table.to_pylist() == [{"a.b": 1, "a.c": '{"d": 2.50}', "e": '[1, "x"]'}]


def test_keys_that_are_alike_when_taken_apart_are_columns_of_their_own(read: Read) -> None:
    table, report = read('[{"a":{"b":1},"a.b":2},{"a.b":4},{"a":{"b":3}}]', "t.json")
    assert table.to_pydict() == {"a.b": [1, None, 3], "a.b_2": [2, 4, None]}
    assert "'a.b_2'" in report.warnings[0]


def test_of_repeated_keys_the_last_value_is_kept(read: Read) -> None:
    table, report = read('[{"a":1,"a":2},{"a":3}]', "t.json")
    assert table["a"].to_pylist() == [2, 3]
    assert any("repeated" in warning for warning in report.warnings)


def test_lone_surrogates_are_replaced_with_a_warning(read: Read) -> None:
    table, report = read('[{"a":"x\\ud800y"}]', "t.json")
    assert table["a"].to_pylist() == ["x?y"]
    assert report.warnings


def test_keys_that_come_late_are_columns_too(read: Read) -> None:
    lines = [json.dumps({"a": 1})] * 70_000 + [json.dumps({"a": 2.5, "z": "late"})]
    table, _ = read("\n".join(lines), "t.ndjson")
    assert table["z"].to_pylist()[-2:] == [None, "late"]
    assert table["a"].to_pylist()[-2:] == [1.0, 2.5]


def test_a_name_of_json_never_falls_back_to_text(read: Read) -> None:
    with pytest.raises(InvalidJson):
        read("a,b\n1,2\n", "t.json")


@pytest.mark.parametrize(
    "text", ["[id],[name]\n1,a\n2,b\n", "[2020-01-01 10:00],INFO,start\n[2020-01-01 10:01],INFO,end\n"]
)
def test_brackets_that_delimiters_explain_better_are_text(read: Read, text: str) -> None:
    _, report = read(text, "t.csv")
    assert report.format == "delimited text"


@pytest.mark.parametrize("text", ['{"a": 1,\n "b": NaN}', '[{"a": 1, "b": 2}, {"a": 3, "b": oops}]'])
def test_broken_json_is_json_under_any_name(read: Read, text: str) -> None:
    with pytest.raises(InvalidJson):
        read(text, "t.csv")


def test_utf16_json_is_refused(read: Read) -> None:
    with pytest.raises((InvalidJson, UnsupportedFormat)):
        read('[{"a":1}]'.encode("utf-16"), "t.json")


@pytest.mark.parametrize("text", ["[2019],[2020]\n5,6\n7,8\n", "[1],a\n[2],b\n"])
def test_brackets_that_are_json_only_at_first_are_text(read: Read, text: str) -> None:
    table, report = read(text, "t.csv")
    assert report.format == "delimited text"
    assert table.num_columns == 2


@pytest.mark.parametrize("ends", ["[[{}]]", "[\n[{}]\n]"])
def test_long_lists_of_lists_are_json_under_any_name(read: Read, ends: str) -> None:
    rows = "],\n[".join(",".join(map(str, range(place, place + 12))) for place in range(10_000))
    table, report = read(ends.format(rows), "t.csv")
    assert report.format == "JSON"
    assert table.num_columns == 12
    assert table["column_2"].to_pylist() == list(range(1, 10_001))


@pytest.mark.parametrize("text", ['{"a":1}', '{"a":1}\n', '\ufeff\n{"a":1}\n\n'])
@pytest.mark.parametrize("name", ["x.jsonl", "x.ndjson"])
def test_json_lines_may_be_one_line(read: Read, text: str, name: str) -> None:
    table, report = read(text, name)
    assert (table.to_pydict(), report.format) == ({"a": [1]}, "JSON Lines")


def test_a_document_in_several_lines_is_one_under_any_name(read: Read) -> None:
    assert read('{"a":[1,2],\n"b":[3,4]}', "x.jsonl")[0].to_pydict() == {"a": [1, 2], "b": [3, 4]}


@pytest.mark.parametrize("name", ["x.jsonl", "x.json", "x"])
def test_lines_may_be_lists(read: Read, name: str) -> None:
    table, report = read('[1,"a"]\n[2,"b"]', name)
    assert (table.to_pydict(), report.format) == ({"column_1": [1, 2], "column_2": ["a", "b"]}, "JSON Lines")
    assert read('["n","t"]\r\n[1,"a"]\r\n[2,"b"]\r\n', name)[0].to_pydict() == {"n": [1, 2], "t": ["a", "b"]}


@pytest.mark.parametrize(("text", "row"), [('[1]\n[2]\n{"a":1}', 3), ('{"a":1}\n[1]\n', 2), ('["a"]\n["x"]\n3', 3)])
def test_lines_are_all_of_one_kind(read: Read, text: str, row: int) -> None:
    with pytest.raises(NotATable) as caught:
        read(text, "x.jsonl")
    assert caught.value.more["where"] == {"row": row}


def test_samples_tell_their_lines(read: Read) -> None:
    text = '{"a":"x"}\n\n{"a":\n"1"}\n{"a":"y"}\n'
    for ending in ("\n", "\r\n", "\r"):
        _, report = read(text.replace("\n", ending), types={"a": "integer"})
        assert [sample.line for sample in report.coercions[0].samples] == [1, 5]
    _, report = read('["a"]\n["1"]\n["x"]', types={"a": "integer"})
    assert [sample.line for sample in report.coercions[0].samples] == [3]
    _, report = read('[{"a":"x"}]', types={"a": "integer"})
    assert [sample.line for sample in report.coercions[0].samples] == [None]


def test_json_that_still_arrives_is_read_whole(tmp_path: Path) -> None:
    text = '{"a":[' + ",".join(map(str, range(300_000))) + "]}"
    shape, _ = ingest(io.BytesIO(text.encode()), tmp_path / "table", filename="t.json", options=ReadingOptions())
    assert shape.rows == 300_000
