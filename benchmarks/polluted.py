"""How well polluted CSV files are read with automatic detection: ours beside pandas, DuckDB and CleverCSV.

    python -m venv /tmp/peers && /tmp/peers/bin/pip install pandas duckdb clevercsv
    python benchmarks/polluted.py --peers /tmp/peers/bin/python [--corpus pollution_held_out] [--seed 7]

There are two corpora: `pollution.py`, with which the detector was made, and `pollution_held_out.py`, which came after.
Every file is scored as in the Pollock benchmark: 10 points, one each for success and for precision, recall and F1 of
header, records and cells. Values are compared as values: 1.10 is 1.1, and an empty cell is a missing one. The weighted
score counts each file as often as its kind is met in practice. The last line is JSON.
"""

import argparse
import importlib
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "src")]

READERS = ("analyzer", "pandas", "duckdb", "clevercsv")
CORPORA = ("pollution", "pollution_held_out")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?")
Answer = tuple[list[str], list[list[Any]]]


def read_analyzer(path: Path) -> Answer:
    import pyarrow as pa

    from analyzer.errors import EmptyDataset
    from analyzer.ingest import ingest
    from analyzer.models.datasets import ReadingOptions

    target = path.with_suffix(".arrow")
    try:
        _, report = ingest(path, target, filename=path.name, options=ReadingOptions())
    except EmptyDataset:
        return [], []
    table = pa.ipc.open_file(pa.memory_map(str(target))).read_all()
    names = [column.name if column.original_name is None else column.original_name for column in report.columns]
    return names if report.header else [], [list(row) for row in zip(*table.to_pydict().values(), strict=True)]


def read_pandas(path: Path) -> Answer:
    import pandas as pd

    try:
        frame = pd.read_csv(path, sep=None, engine="python", dtype=str, on_bad_lines="skip")
    except pd.errors.EmptyDataError:
        return [], []
    if not isinstance(frame.index, pd.RangeIndex):
        frame = frame.reset_index(names="")
    names = ["" if str(name).startswith("Unnamed: ") else str(name) for name in frame.columns]
    return names, frame.astype(object).where(frame.notna(), None).values.tolist()


def read_duckdb(path: Path) -> Answer:
    import duckdb

    if path.stat().st_size == 0:
        return [], []
    query = "from read_csv(?, all_varchar=true, ignore_errors=true)"  # of its lenient settings the one that scores best
    found = duckdb.connect().execute(query, [str(path)])
    names = [column[0] for column in found.description]
    made_up = all(name == f"column{place:0{len(name) - 6}d}" for place, name in enumerate(names) if len(name) > 6)
    return [] if made_up and names[0].startswith("column") else names, [list(row) for row in found.fetchall()]


def read_clevercsv(path: Path) -> Answer:
    import clevercsv

    encoding = clevercsv.encoding.get_encoding(str(path)) or "utf-8"
    with path.open(newline="", encoding=encoding) as file:
        text = file.read()
    if not text:
        return [], []
    dialect = clevercsv.Detector().detect(text)
    rows = list(clevercsv.reader(text.splitlines(keepends=True), dialect or "excel"))
    try:
        named = clevercsv.Detector().has_header(text)
    except clevercsv.exceptions.NoDetectionResult:
        named = True
    return (rows[0], rows[1:]) if named else ([], rows)


def answers(reader: str, folder: Path) -> None:
    """Read every file of the corpus and print what was read as JSON, one line per file."""
    read: Callable[[Path], Answer] = globals()[f"read_{reader}"]
    for path in sorted(folder.glob("*.csv")):
        try:
            header, rows = read(path)
            answer = {"header": [str(name) for name in header], "rows": [[value(cell) for cell in row] for row in rows]}
        except Exception as error:  # noqa: BLE001 - whatever a reader raises is its answer
            answer = {"error": f"{type(error).__name__}: {error}"[:200]}
        print(json.dumps({"name": path.stem, **answer}), flush=True)


def value(cell: Any) -> Any:
    """A cell as JSON: numbers and moments marked, so that texts are not taken for them."""
    if cell is None or (isinstance(cell, float) and cell != cell):
        return ""
    if isinstance(cell, (bool, str)):
        return str(cell)
    if isinstance(cell, (datetime, date)):
        return cell.isoformat().removesuffix("T00:00:00")
    return ["number", repr(cell)]


def plain(cell: Any, decimal: str) -> str:
    """The same text for the same value, however it was written."""
    if isinstance(cell, list):
        return f"{float(cell[1]):.12g}"
    text = str(cell).strip()
    if MOMENT.fullmatch(text):
        return f"{text.replace('T', ' ')}:00"[:19].removesuffix(" 00:00:00")
    if text.lower() in ("na", "true", "false"):
        return "" if text.lower() == "na" else text.lower()
    if len(text) == 10 and text[2:6:3] in ("//", ".."):
        return f"{text[6:]}-{text[3:5]}-{text[:2]}"
    number = text.replace("." if decimal == "," else ",", "").replace(decimal, ".")
    if (
        not number.lstrip("-").replace(".", "", 1).isdigit()
        or len(number) > 15
        or (number[:2].isdigit() and number[0] == "0")
    ):
        return text
    return f"{float(number):.12g}"


def score(expected: dict[str, Any], answer: dict[str, Any]) -> float:
    """0 to 10 for one file."""
    if "error" in answer:
        return 0.0
    mark = expected["decimal"]
    header = [Counter(name.strip() for name in side["header"]) for side in (expected, answer)]
    rows = [
        [tuple(_trimmed([plain(cell, mark) for cell in row])) for row in side["rows"]] for side in (expected, answer)
    ]
    records = [Counter(row for row in side if row) for side in rows]
    cells = [Counter(cell for row in side for cell in row) for side in rows]
    return 1 + sum(sum(measures(*pair)) for pair in (header, records, cells))


def _trimmed(row: list[str]) -> list[str]:
    """A row without the empty cells at its end."""
    while row and not row[-1]:
        row.pop()
    return row


def measures(expected: Counter[Any], found: Counter[Any]) -> tuple[float, float, float]:
    """Precision, recall and F1 of a multiset."""
    common = (expected & found).total()
    precision = common / found.total() if found else float(not expected)
    recall = common / expected.total() if expected else float(not found)
    return precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", help="the Python of an environment with pandas, duckdb and clevercsv")
    parser.add_argument("--only", choices=READERS)
    parser.add_argument("--corpus", choices=CORPORA, help="one of the two; by default both")
    parser.add_argument("--seed", type=int, help="make other files by the same habits")
    parser.add_argument("--worst", type=int, default=0, help="show so many of the worst files of each reader")
    parser.add_argument("--answers", nargs=2, metavar=("READER", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.answers:
        answers(arguments.answers[0], Path(arguments.answers[1]))
        return
    readers = [arguments.only] if arguments.only else READERS if arguments.peers else READERS[:1]
    told = {name: judge(name, readers, arguments) for name in ([arguments.corpus] if arguments.corpus else CORPORA)}
    print(json.dumps(told))


def judge(corpus: str, readers: Sequence[str], arguments: argparse.Namespace) -> dict[str, Any]:
    """Have the readers read a corpus, print their scores and return them."""
    seed = {} if arguments.seed is None or corpus == "pollution" else {"seed": arguments.seed}
    files = {file.name: asdict(file) for file in importlib.import_module(corpus).corpus(**seed)}
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, file in files.items():
            Path(folder, f"{name}.csv").write_bytes(file["content"])
        for reader in readers:
            python = sys.executable if reader == "analyzer" else arguments.peers
            command = [python, __file__, "--answers", reader, folder]
            output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            found = {line["name"]: line for line in map(json.loads, output.splitlines())}
            scores = {name: score(file, found[name]) for name, file in files.items()}
            results[reader] = scores
            if arguments.worst:
                print(reader)
                for name in sorted(scores, key=lambda name: scores[name])[: arguments.worst]:
                    print(f"  {scores[name]:5.2f}  {name}  {found[name].get('error', found[name].get('header'))}")
    return _summary(corpus, results, {name: file["weight"] for name, file in files.items()})


def _summary(title: str, results: dict[str, dict[str, float]], weights: dict[str, float]) -> dict[str, Any]:
    summary = {}
    print(f"\n{title}: {len(weights)} files\n{'':16}  simple  weighted  read  perfect")
    for reader, scores in results.items():
        simple = sum(scores.values()) / len(scores)
        weighted = sum(scores[name] * weight for name, weight in weights.items()) / sum(weights.values())
        read = sum(1 for points in scores.values() if points)
        perfect = sum(1 for points in scores.values() if points > 9.999)
        summary[reader] = {"simple": round(simple, 3), "weighted": round(weighted, 3), "read": read, "perfect": perfect}
        print(f"{reader:16}  {simple:6.2f}  {weighted:8.2f}  {read:4d}  {perfect:7d}")
    return summary


if __name__ == "__main__":
    main()
