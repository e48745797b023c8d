"""What is done of a run, as bytes: for a run that is laid aside when the server stops, and goes on after."""

import json
from collections.abc import Mapping

from analyzer.executors.base import EncodedChart, EncodedSection


def packed(sections: Mapping[int, EncodedSection]) -> bytes:
    """The sections, each under the number of its part."""
    told = [
        (number, one.name, one.data.decode(), [(chart.name, chart.title, chart.spec.decode()) for chart in one.charts])
        for number, one in sections.items()
    ]
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def unpacked(content: bytes) -> dict[int, EncodedSection]:
    """What was packed."""
    return {
        number: EncodedSection(
            name, data.encode(), tuple(EncodedChart(title_id, title, spec.encode()) for title_id, title, spec in charts)
        )
        for number, name, data, charts in json.loads(content)
    }
