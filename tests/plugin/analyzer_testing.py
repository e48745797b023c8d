"""Analyses that misbehave on request, installed for the tests as anybody's plug-in would be."""

import os
import signal
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from analyzer.registry import Analysis, Attachment, Params, Part, Result, Schemas, Section, Tables


class Lines(Result):
    lines: list[str]


def _merge(sections: Sequence[Section], schemas: Schemas, params: Params) -> Lines:
    return Lines(lines=[section.data["line"] for section in sections])


class PartsParams(Params):
    parts: int = 3
    text: str = ""


def _numbered(schemas: Schemas, params: Any) -> list[Part]:
    return [Part(f"part {number}") for number in range(params.parts)]


def _say(tables: Tables, part: Part, params: Any) -> Section:
    return Section(part.name, {"line": f"{part.name}{getattr(params, 'text', '')}"})


parts_analysis = Analysis(
    id="test_parts",
    title="As many parts as asked for",
    page=__doc__,
    params=PartsParams,
    result=Lines,
    parts=_numbered,
    compute=_say,
    merge=_merge,
)


class GateParams(Params):
    gate: str
    parts: int = 2
    attaches: bool = False


def _wait_at_gate(tables: Tables, part: Part, params: GateParams) -> Section:
    """Begins, says so in a file of its own, and goes on when the file `open` is there, or one of its own."""
    gate = Path(params.gate)
    (gate / f"{part.name} {time.monotonic_ns()} {os.getpid()}").touch()
    while not ((gate / "open").exists() or (gate / f"open {part.name}").exists()):
        time.sleep(0.005)
    files = (Attachment(f"{part.name[-1]}.arrow", part.name.encode()),) if part.attaches else ()
    return Section(part.name, {"line": part.name}, attachments=files)


def _gated(schemas: Schemas, params: GateParams) -> list[Part]:
    return [replace(part, attaches=params.attaches) for part in _numbered(schemas, params)]


gate_analysis = Analysis(
    id="test_gate",
    title="Waits until a file is there",
    page=__doc__,
    params=GateParams,
    result=Lines,
    parts=_gated,
    compute=_wait_at_gate,
    merge=_merge,
    deterministic=False,
)


shared_gate_analysis = replace(gate_analysis, id="test_shared_gate", deterministic=True)


def _merge_at_gate(sections: Sequence[Section], schemas: Schemas, params: GateParams) -> Lines:
    _wait_at_gate({}, Part("merge"), params)
    return _merge(sections, schemas, params)


merge_gate_analysis = replace(gate_analysis, id="test_merge_gate", compute=_say, merge=_merge_at_gate)


class TroubleParams(Params):
    kind: Literal[
        "raise", "exit", "segfault", "memory", "spin", "nan", "large", "huge", "sleep", "die once", "burn", "burn out"
    ]
    folder: str = ""


def _raise(params: TroubleParams) -> Any:
    raise ValueError("the secret of the worker")


def _hoard(params: TroubleParams) -> Any:
    hoard = []
    while True:
        hoard.append(bytearray(b"x" * 16_000_000))


def _die_once(params: TroubleParams) -> str:
    mark = Path(params.folder) / "died"
    if not mark.exists():
        mark.touch()
        os._exit(1)
    return "survived"


def _burn(params: TroubleParams) -> str:
    """A quarter of a second of the processor, however long that takes."""
    begun = time.process_time()
    while time.process_time() < begun + 0.25:
        sum(range(10**5))
    return "burnt"


def _burn_out(params: TroubleParams) -> Any:
    _burn(params)
    os._exit(7)


TROUBLES: dict[str, Callable[[TroubleParams], Any]] = {
    "raise": _raise,
    "exit": lambda params: os._exit(7),
    "segfault": lambda params: os.kill(os.getpid(), signal.SIGSEGV),
    "memory": _hoard,
    "spin": lambda params: sum(range(10**15)),  # C code that holds the interpreter and never looks up
    "nan": lambda params: float("nan"),
    "large": lambda params: "x" * 3_000_000,
    "huge": lambda params: "x" * 100_000_000,
    "die once": _die_once,
    "burn": _burn,
    "burn out": _burn_out,
    "sleep": lambda params: time.sleep(10**6),
}


def _make_trouble(tables: Tables, part: Part, params: TroubleParams) -> Section:
    return Section(part.name, {"line": TROUBLES[params.kind](params)})


trouble_analysis = Analysis(
    id="test_trouble",
    title="Makes trouble",
    page=__doc__,
    params=TroubleParams,
    result=Lines,
    parts=lambda schemas, params: [Part("trouble")],
    compute=_make_trouble,
    merge=_merge,
    deterministic=False,
)


def _begin_and_never_end(tables: Tables, part: Part, params: Params) -> Section:
    Path(tempfile.gettempdir(), f"endless-{os.getpid()}").touch()
    return Section(part.name, {"line": str(sum(range(10**15)))})


endless_analysis = Analysis(
    id="test_endless",
    title="Begins and never ends",
    page=__doc__,
    params=Params,
    result=Lines,
    parts=lambda schemas, params: [Part("endless")],
    compute=_begin_and_never_end,
    merge=_merge,
    deterministic=False,
)


def _fail(tables: Tables, part: Part, params: Params) -> Section:
    raise ValueError("the secret of the worker")


broken_analysis = Analysis(
    id="test_broken",
    title="Always fails",
    page=__doc__,
    params=Params,
    result=Lines,
    parts=lambda schemas, params: [Part("broken")],
    compute=_fail,
    merge=_merge,
)


class SharedParams(Params):
    folder: str
    number: int = 0  # makes another run of it


def _shared_parts(schemas: Schemas, params: SharedParams) -> list[Part]:
    base = Part("base", shared=f"test_base 1 {params.folder}")
    return [Part("shown", shared=base.shared), Part("above", needs=(base,))]


def _count(tables: Tables, part: Part, params: SharedParams) -> Section:
    """Leaves a file in the folder each time it is called, and says what it was given."""
    tempfile.mkstemp(prefix=f"{part.name} ", dir=params.folder)
    line = " and ".join(f"{part.name} on {section.data['line']}" for section in part.given)
    return Section(part.name, {"line": line or "the base"})


shared_analysis = Analysis(
    id="test_shared",
    title="Shares what it computes",
    page=__doc__,
    params=SharedParams,
    result=Lines,
    parts=_shared_parts,
    compute=_count,
    merge=_merge,
)
