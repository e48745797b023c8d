"""Charts as Vega-Lite specifications, made inside the jail, of what altair and matplotlib draw.

Neither is imported here: it takes half a second, and only code that draws has done it.
"""

import base64
import io
import logging
import sys
import warnings
from typing import Any

import numpy as np

from analyzer.charts.frame import frame

PNG_DPI = 144  # sharp on the screens of today


def prepare() -> None:
    """Keep matplotlib from speaking of what cannot be otherwise here: no screen, and no place for its cache."""
    warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")
    logging.getLogger("matplotlib").setLevel(logging.ERROR)


def chart(value: Any) -> dict[str, Any] | None:
    """The specification that this is, or that shows what it draws; None for what is no chart."""
    library = type(value).__module__.partition(".")[0]
    if library == "altair" and hasattr(value, "to_dict"):
        value = value.to_dict()
    if isinstance(value, dict) and "vega-lite" in str(value.get("$schema", "")):
        return value
    figure = _figure(value)
    return None if figure is None else _picture(figure)


def drawn() -> Any:
    """The figure that pyplot holds as its current one, if code has drawn and given nothing back."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    return pyplot.gcf() if pyplot is not None and pyplot.get_fignums() else None


def forget_drawn() -> None:
    """A figure is one run's, as a result is."""
    if (pyplot := sys.modules.get("matplotlib.pyplot")) is not None:
        pyplot.close("all")


def _figure(value: Any) -> Any:
    """The matplotlib figure that this is, or is part of: pandas gives back axes, or an array of them."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "O" and value.size:
        value = value.flat[0]
    if not type(value).__module__.startswith("matplotlib"):
        return None
    if hasattr(value, "get_figure"):
        value = value.get_figure() or value
    return value if hasattr(value, "savefig") else None


def _picture(figure: Any) -> dict[str, Any]:
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=PNG_DPI, bbox_inches="tight")
    data = base64.b64encode(file.getvalue()).decode()
    width, height = (round(float(inches) * 100) for inches in figure.get_size_inches())
    return frame(
        _title(figure),
        [{"picture": f"data:image/png;base64,{data}"}],
        width=width,
        height=height,
        mark={"type": "image", "width": width, "height": height, "aspect": True},
        encoding={
            "url": {"field": "picture", "type": "nominal"},
            "x": {"value": width / 2},
            "y": {"value": height / 2},
        },
    )


def _title(figure: Any) -> str:
    """Its own title, else that of its only axes: the picture shows it as well, so the specification names it alone."""
    if figure.get_suptitle():
        return str(figure.get_suptitle())
    axes = figure.get_axes()
    return str(axes[0].get_title()) if len(axes) == 1 else ""
