"""How a run is divided, told without holding up the loop.

Of a wide table that takes longer than the loop may stand still, and of an analysis of somebody else's nobody knows.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from analyzer.models import TableSchema
from analyzer.registry import Analysis, Params, Part

FEW_COLUMNS = 64
"""Up to here the parts of any analysis of the catalogue are told within milliseconds, and at once."""


async def planned(analysis: Analysis[Any, Any], shapes: Mapping[str, TableSchema], params: Params) -> tuple[Part, ...]:
    """The parts of a run on tables of these shapes. Raises what `parts` raises."""
    if sum(len(shape.columns) for shape in shapes.values()) <= FEW_COLUMNS:
        return tuple(analysis.parts(shapes, params))
    parts: Sequence[Part] = await asyncio.to_thread(analysis.parts, shapes, params)
    return tuple(parts)
