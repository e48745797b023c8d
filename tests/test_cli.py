"""The command line, run as people run it."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import analyzer
from analyzer.cli.running import run
from analyzer.executors.base import WorkFailed
from tests.conftest import PLUGIN, Served
from tests.serverprocess import server
from tests.waiting import alive, family, until

SOURCE = str(Path(analyzer.__file__).parents[1])  # the same that is tested here
ENVIRONMENT = os.environ | {"PYTHONPATH": f"{PLUGIN}{os.pathsep}{SOURCE}", "COLUMNS": "100"}


async def _analyzer(*arguments: str, given: bytes = b"", **environment: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-m", "analyzer", *arguments),
        env=ENVIRONMENT | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = await process.communicate(given)
    assert process.returncode is not None
    assert "most recent call last" not in err.decode() or environment.get("ANALYZER_LOG_LEVEL") == "debug"
    return process.returncode, out.decode(), err.decode()


async def test_analyze_shows_tables(penguins: Path) -> None:
    status, out, _ = await _analyzer("analyze", str(penguins))
    assert status == 0
    assert "344 rows × 8 columns" in out
    assert "bill_length_mm" in out
    assert "43.92" in out
    assert "completeness" in out
    assert "high_correlation" in out
    assert max(map(len, out.splitlines())) <= 100


@pytest.mark.parametrize("far", [False, True])
async def test_analyze_gives_json_here_and_from_a_server(penguins: Path, served: Served, far: bool) -> None:
    there = ("--server", served.url) if far else ()
    status, out, err = await _analyzer("analyze", str(penguins), "--json", "--task", "eda_statistical_summary", *there)
    assert (status, err) == (0, "")
    (result,) = json.loads(out).values()
    assert result["rows"] == 344
    assert result["columns"][2]["mean"] == 43.9219298245614


async def test_a_failed_analysis_is_told_by_the_status(penguins: Path) -> None:
    arguments = ("analyze", str(penguins), "--task", "test_broken", "--task", "test_parts", "--json")
    status, out, err = await _analyzer(*arguments)
    assert status == 1
    assert list(json.loads(out)) == ["test_parts"]
    assert err == "test_broken: The run failed unexpectedly. ANALYZER_LOG_LEVEL=debug shows why.\n"
    _, _, err = await _analyzer(*arguments, ANALYZER_LOG_LEVEL="debug")
    assert "the secret of the worker" in err


async def test_two_tables_are_compared_and_that_is_verified(penguins: Path, tmp_path: Path) -> None:
    now = tmp_path / "now.csv"
    now.write_bytes(b"".join(penguins.read_bytes().splitlines(keepends=True)[:200]))
    compared = ("--task", "compare_drift", "--reference", str(penguins))
    status, out, _ = await _analyzer("analyze", str(now), *compared)
    assert status == 0
    assert "reference rows 344" in out
    assert "lost_values" in out
    assert max(map(len, out.splitlines())) <= 100
    status, out, _ = await _analyzer("verify", str(now), *compared, "--json")
    assert status == 0
    found = json.loads(out)["compare_drift"]
    assert (found["differences"], found["figures"] > 100) == ([], True)


async def test_what_cannot_be_begun_is_named(penguins: Path, tmp_path: Path, unused_tcp_port: int) -> None:
    empty = tmp_path / "empty.csv"
    empty.touch()
    for arguments, name in (
        (("analyze", "nowhere.csv"), "nowhere.csv"),
        (("analyze", str(empty)), "empty"),
        (("analyze", str(penguins), "--task", "eda_statistical_sumary"), "eda_statistical_summary"),
        (("analyze", str(penguins), "--server", f"http://127.0.0.1:{unused_tcp_port}"), str(unused_tcp_port)),
        (("analyze", str(penguins), "--task", "test_trouble"), "kind"),
        (("analyze", str(penguins), "--server", "foo"), "foo is no http:// address.\n"),
        (("analyze", str(penguins), "--option", "headers=true"), "headers"),
        (("analyze", str(penguins), "--option", "header"), "name=value"),
        (("analyze", str(penguins), "--param", "columns=3"), "columns"),
        (("tasks", "--server", "foo"), "foo is no http:// address.\n"),
        (("serve", "--workers", "0"), "workers"),
    ):
        status, out, err = await _analyzer(*arguments)
        assert (status, out) == (2, "")
        assert name in err


async def test_tasks_lists_the_catalogue(served: Served) -> None:
    for there in ((), ("--server", served.url)):
        status, out, _ = await _analyzer("tasks", *there)
        assert status == 0
        assert "eda_statistical_summary" in out
        _, out, _ = await _analyzer("tasks", "--json", *there)
        assert {"eda_statistical_summary", "eda_data_quality"} <= {task["task_id"] for task in json.loads(out)}


async def test_help_helps() -> None:
    for command in ((), ("serve",), ("analyze",), ("tasks",)):
        status, out, _ = await _analyzer(*command, "--help")
        assert status == 0
        assert "Usage:" in out
    assert (await _analyzer("--version"))[1].startswith("analyzer, version 0.")


@pytest.mark.parametrize("far", [False, True])
async def test_a_file_is_read_as_one_says(tmp_path: Path, served: Served, far: bool) -> None:
    there = ("--server", served.url) if far else ()
    table = tmp_path / "t.csv"
    table.write_text("1,5;x\n2,5;\n")
    options = ("delimiter=;", "header=false", "decimal=,", 'null_tokens=["x"]')
    status, out, _ = await _analyzer(
        *("analyze", str(table), "--task", "eda_statistical_summary", "--param", 'columns=["column_1"]', "--json"),
        *(word for option in options for word in ("--option", option)),
        *there,
    )
    assert status == 0
    (column,) = json.loads(out)["eda_statistical_summary"]["columns"]
    assert column["mean"] == 2.0


async def test_a_parameter_is_json_or_text(penguins: Path) -> None:
    for given, shown in (("-a", "part 0-a"), ('"1"', "part 01")):
        arguments = ("--task", "test_parts", "--param", f"text={given}", "--param", "parts=1", "--json")
        status, out, _ = await _analyzer("analyze", str(penguins), *arguments)
        assert (status, json.loads(out)["test_parts"]["lines"]) == (0, [shown])


@pytest.mark.parametrize("far", [False, True])
async def test_standard_input_is_a_file_too(served: Served, far: bool) -> None:
    there = ("--server", served.url) if far else ()
    for name, shown in (((), "stdin"), (("--name", "../\x1b[1mof/mine.csv"), "mine.csv")):
        status, out, err = await _analyzer("analyze", "-", *name, *there, given=b"a,b\n1,2\n3,4\n")
        assert (status, err) == (0, "")
        assert out.startswith(f"{shown}  2 rows × 2 columns")


async def test_standard_input_is_bounded() -> None:
    status, out, err = await _analyzer("analyze", "-", given=b"a\n" * 10, ANALYZER_MAX_UPLOAD_BYTES="10")
    assert (status, out) == (2, "")
    assert "more than the 10 bytes" in err


async def test_nothing_in_a_file_reaches_the_terminal(tmp_path: Path) -> None:
    table = tmp_path / "t\x1b[2J.csv"
    table.write_text("\x1b[31ma,b\n" + "\x9b2J\u202e,1\n" * 20)
    status, out, err = await _analyzer("analyze", str(table))
    assert status == 0
    assert all(line.isprintable() for line in (out + err).splitlines())
    _, out, _ = await _analyzer("analyze", str(table), "--json")
    assert all(line.isprintable() for line in out.splitlines())
    _, _, err = await _analyzer("analyze", str(table), "--task", "\x1b[2J")
    assert err.rstrip("\n").isprintable()


def test_what_nobody_foresaw_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    async def fail() -> None:
        raise WorkFailed('Traceback (most recent call last):\n  File "x"\nKeyError: 5')

    with pytest.raises(SystemExit) as ended:
        run(fail())
    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        "Something went wrong on our side: KeyError: 5. ANALYZER_LOG_LEVEL=debug shows why.\n"
    )


async def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        here = ("--data-dir", str(tmp_path / "data"), "--workers", "1")
        (tmp_path / "file").touch()
        for arguments, line in (
            (
                (*here, "--port", str(port)),
                f"Port {port} is taken; choose another with --port or ANALYZER_PORT.",
            ),
            (
                (*here, "--port", "0", "--host", "203.0.113.7"),
                "203.0.113.7 is no address of this machine; choose another with --host or ANALYZER_HOST.",
            ),
            (
                ("--port", "0", "--data-dir", f"{tmp_path}/file/data/deep"),
                f"The data folder {tmp_path}/file/data/deep cannot be used: Not a directory.",
            ),
        ):
            assert await _analyzer("serve", *arguments) == (2, "", line + "\n")


async def test_a_misspelt_setting_is_told(tmp_path: Path) -> None:
    _, _, err = await _analyzer(
        "serve", "--data-dir", str(tmp_path / "data"), "--workers", "1", "--host", "203.0.113.7", ANALYZER_PROT="1"
    )
    assert "warning ANALYZER_PROT is no setting. Did you mean ANALYZER_PORT?\n" in err
    assert err.count("is no setting") == 1 + sum(name == "ANALYZER_TEST_LOOP" for name in os.environ)


@pytest.mark.parametrize("begun", ["click", "analyzer.service", "analyzer.web.app"])
async def test_a_server_stopped_while_it_starts_ends_well(tmp_path: Path, begun: str) -> None:
    """Stopped as soon as it has imported this module."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-X", "importtime", "-m", "analyzer", "serve", "--port", "0"),
        env=ENVIRONMENT | {"ANALYZER_DATA_DIR": str(tmp_path / "data"), "ANALYZER_WORKERS": "1"},
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    while not (line := await process.stderr.readline()).endswith(f" {begun}\n".encode()):
        assert line, "it has been imported"
    process.send_signal(signal.SIGTERM)
    err = await process.stderr.read()
    assert await process.wait() == 0
    assert b"Traceback" not in err


async def test_a_server_stopped_while_it_sets_up_ends_well(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "analyzer", "serve", "--port", "0", "--data-dir", str(data_dir)),
        env=ENVIRONMENT,
        stderr=subprocess.PIPE,
    )
    await until((data_dir / "lock").exists, "the data folder is taken")
    process.send_signal(signal.SIGTERM)
    _, err = await process.communicate()
    assert process.returncode == 0
    assert b"Traceback" not in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_stopped_analysis_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    table = tmp_path / "t.csv"
    table.write_text("a\n1\n")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "analyzer", "analyze", str(table), "--task", "test_endless"),
        env=ENVIRONMENT | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    await until(lambda: list(tmp_path.glob("endless-*")), "the analysis has begun")
    children = family(process.pid)
    process.send_signal(number)
    _, err = await process.communicate()
    assert process.returncode == 2
    assert err == b"Stopped.\n"
    await until(lambda: not any(alive(pid) for pid in children), "no orphan")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("analyzer-")]


async def test_waiting_for_standard_input_can_be_stopped(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "analyzer", "analyze", "-"),
        env=ENVIRONMENT | {"TMPDIR": str(tmp_path)},
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    await until(lambda: list(tmp_path.glob("analyzer-*/stdin")), "it waits")
    process.send_signal(signal.SIGTERM)
    assert process.stderr is not None
    assert await process.stderr.read() == b"Stopped.\n"
    assert await process.wait() == 2
    assert not list(tmp_path.iterdir())


async def test_verify_finds_nothing_in_the_penguins_and_says_so(penguins: Path) -> None:
    status, out, err = await _analyzer("verify", str(penguins))
    assert (status, err) == (0, "")
    assert "eda_statistical_summary" in out
    status, out, _ = await _analyzer("verify", str(penguins), "--json", "--task", "eda_statistical_summary")
    (compared,) = json.loads(out).values()
    assert status == 0
    assert compared["figures"] > 250
    assert compared["differences"] == []
    assert compared["largest"] < 1e-12


MEAN = "What is the mean body mass by species?"


@pytest.mark.parametrize("far", [False, True])
async def test_ask_shows_the_work_and_the_answer(penguins: Path, tmp_path: Path, far: bool) -> None:
    if far:
        async with server(tmp_path / "data", llm="scripted", workers=1) as process:
            told = await _analyzer("ask", str(penguins), MEAN, "--server", process.url)
    else:
        told = await _analyzer("ask", str(penguins), MEAN, ANALYZER_LLM="scripted")
    status, out, err = told
    assert (status, err) == (0, "")
    assert "df.groupby('species')['body_mass_g'].mean()" in out
    assert "Adelie 3700.66, Chinstrap 3733.09, Gentoo" in out
    assert "✓ Run again in a fresh jail, the code gave the same." in out
    assert "columns: species, body_mass_g" in out


async def test_ask_gives_json_and_tells_by_its_status_that_there_is_no_answer(penguins: Path) -> None:
    asked = ("ask", str(penguins), "--json", "Who wins tomorrow?")
    status, out, err = await _analyzer(*asked, ANALYZER_LLM="scripted")
    assert (status, err) == (1, "")
    result = json.loads(out)
    assert (result["outcome"], result["verified"]) == ("unclear", False)
    assert "body_mass_g" in result["options"]


async def test_ask_without_a_model_says_what_is_missing(penguins: Path) -> None:
    status, out, err = await _analyzer("ask", str(penguins), MEAN, ANALYZER_LLM="none")
    assert (status, out) == (2, "")
    assert err.startswith("There is no model to ask")


async def test_ask_saves_a_chart_as_a_picture(penguins: Path, tmp_path: Path) -> None:
    picture = tmp_path / "chart.svg"
    asked = ("ask", str(penguins), "Draw the mean body mass by species", "--as", "chart")
    status, _, err = await _analyzer(*asked, "--save", str(picture), ANALYZER_LLM="scripted")
    assert status == 0, err
    assert "Gentoo" in picture.read_text()
    assert err.startswith(str(picture))
    for wrong in (("--save", str(tmp_path / "chart.pdf")), ("--save", str(picture), "--as", "answer")):
        status, _, err = await _analyzer(*asked, *wrong, ANALYZER_LLM="scripted")
        assert status == 2
        assert ".svg or .png" in err


@pytest.mark.parametrize("far", [False, True])
async def test_report_writes_one_page(penguins: Path, tmp_path: Path, served: Served, far: bool) -> None:
    page = tmp_path / "page.html"
    there = ("--server", served.url) if far else ()
    arguments = ("--task", "eda_statistical_summary", *there)
    status, out, err = await _analyzer("report", str(penguins), "-o", str(page), *arguments)
    assert (status, out) == (0, "")
    assert err == f"{page}: {page.stat().st_size:,} bytes\n"
    assert "4201.75" in page.read_text()
    status, out, err = await _analyzer("report", "-", "-o", "-", *arguments, given=penguins.read_bytes())
    assert (status, err) == (0, "")
    assert "4201.75" in out
    printed = tmp_path / "page.pdf"
    status, _, err = await _analyzer("report", str(penguins), "-o", str(printed), *arguments)
    assert (status, printed.read_bytes()[:5]) == (0, b"%PDF-"), err
    status, _, err = await _analyzer("report", str(penguins), "-o", str(tmp_path / "none" / "page.html"), *arguments)
    assert status == 2
    assert "none/page.html" in err
