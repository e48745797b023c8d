"""A question as it is answered: what the model says and writes while it does, and then the answer."""

from collections.abc import Mapping
from typing import Any

from rich.text import Text

from analyzer.models import Event
from analyzer.terminal.plain import plain
from analyzer.terminal.screen import console, heading, say

STYLES = {"text.delta": "dim", "code.delta": "cyan", "output.delta": "yellow"}


def show_event(event: Event) -> None:
    """The piece that came, as it stands; what else happened, in a line."""
    if event.type in STYLES:
        lines = str(event.data["text"]).split("\n")
        text = "\n".join(plain(line) for line in lines)
        console.print(Text(text, style=STYLES[event.type]), end="", soft_wrap=True)
    elif event.type == "result.section" and event.data["section"] == "attempt":
        say()
        say(f"✗ {plain(event.data['data']['error'])}", style="red")
    elif event.type == "result.section" and event.data["section"] == "analysis":
        say(f"→ {plain(event.data['data']['task_id'])}", style="cyan")


def show_answer(result: Mapping[str, Any]) -> None:
    """The answer, and whether it was verified."""
    heading("Answer", str(result["task_id"]))
    say(plain(result["answer"]), style="bold")
    for option in result["options"]:
        say(f"  – {plain(option)}")
    for row in result["value"][:20] if isinstance(result["value"], list) else ():
        say(f"  {plain(row)}", style="dim")
    for check in result["checks"]:
        say(f"{'✓' if check['passed'] else '✗'} {plain(check['detail'])}", style="green" if check["passed"] else "red")
    if not result["verified"]:
        say(plain(result["not_verified"]), style="yellow")
    for warning in result["warnings"]:
        say(f"! {plain(warning)}", style="yellow")
    tokens = result["tokens"]
    cost = "" if result["cost"] is None else f", cost {result['cost']:.6g}"
    used = ", ".join(plain(name) for names in result["columns_used"].values() for name in names)
    say(
        f"{plain(result['provider'])} {plain(result['model'])}: {tokens['input']} + {tokens['output']} tokens{cost}",
        style="dim",
    )
    if used:
        say(f"columns: {used}", style="dim")
