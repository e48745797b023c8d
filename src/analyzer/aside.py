"""What is done of a run, as bytes: for a run that is laid aside when the server stops, and goes on after."""

import hashlib
import json
from collections.abc import Mapping, Sequence

from analyzer.executors.base import EncodedChart, EncodedSection
from analyzer.registry import Part


def plan_of(version: int, parts: Sequence[Part]) -> str:
    """What must be the same for sections to fit: the analysis's version, and its parts with what they share."""
    told = [version, [(part.name, part.shared, [need.shared for need in part.needs]) for part in parts]]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def packed(sections: Mapping[int, EncodedSection], plan: str) -> bytes:
    """The sections, each under the number of its part."""
    told = [
        (
            number,
            one.name,
            one.data.decode(),
            [(chart.name, chart.title, chart.spec.decode()) for chart in one.charts],
            one.attachments,
        )
        for number, one in sections.items()
    ]
    return json.dumps({"plan": plan, "sections": told}, ensure_ascii=False, separators=(",", ":")).encode()


def unpacked(content: bytes, plan: str) -> dict[int, EncodedSection] | None:
    """What was packed; None where it was of another plan."""
    told = json.loads(content)
    if not isinstance(told, dict) or told["plan"] != plan:
        return None
    return {
        number: EncodedSection(
            name,
            data.encode(),
            tuple(EncodedChart(title_id, title, spec.encode()) for title_id, title, spec in charts),
            tuple(attachments),
        )
        for number, name, data, charts, attachments in told["sections"]
    }
