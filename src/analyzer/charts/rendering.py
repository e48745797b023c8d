"""Specifications to pictures, by the Vega-Lite that vl-convert carries: no browser, and nothing is ever fetched.

It holds the interpreter while it draws, so it is for workers alone.
"""

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from analyzer.errors import NotFound, NotInstalled, nearest, shown

VEGA_LITE = "5.21"  # the one that the specifications are written for
WIDTH = 480  # of a picture that would fill its container: a file has none
DIRECTIONS = (0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
CONTROLS = {code: 0x2400 + code for code in range(32)} | {127: 0x2421} | dict.fromkeys(DIRECTIONS, 0xFFFD)
"""What is drawn for them: Unicode has pictures of the control characters; those that turn text are not obeyed."""

SCALE = 2.0  # PNG pixels to a unit: sharp on the screens people have


def svg(spec: Mapping[str, Any]) -> bytes:
    """The picture as SVG. Raises NotInstalled without the extra `charts`."""
    drawn: str = _converter().vegalite_to_svg(sized(spec), vl_version=VEGA_LITE, allowed_base_urls=[])
    return drawn.encode()


def png(spec: Mapping[str, Any]) -> bytes:
    """The picture as PNG on white. Raises NotInstalled without the extra `charts`."""
    whole = {**sized(spec), "background": "white"}
    drawn: bytes = _converter().vegalite_to_png(whole, vl_version=VEGA_LITE, scale=SCALE, allowed_base_urls=[])
    return drawn


def sized(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The same with a width of its own, and room around it."""
    own = {} if spec.get("width", "container") != "container" or "width" not in spec else {"width": WIDTH}
    drawable: dict[str, Any] = _without_controls({"padding": 8, **spec, **own})
    return drawable


def _without_controls(value: Any) -> Any:
    """The same with control characters made visible: at a NUL inside a text the library ends its process."""
    if isinstance(value, str):
        return value.translate(CONTROLS).encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_without_controls(name): _without_controls(inner) for name, inner in value.items()}
    return [_without_controls(inner) for inner in value] if isinstance(value, list) else value


def _converter() -> Any:
    try:
        return importlib.import_module("vl_convert")
    except ImportError:
        raise NotInstalled("Pictures need the extra `charts`: pip install 'analyzer[charts]'.") from None


PICTURES: Mapping[str, Callable[[Mapping[str, Any]], bytes]] = {"svg": svg, "png": png}


def found(result: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The specification of the chart of that name in a result. Raises NotFound, naming those there are."""
    specs = {chart["name"]: chart["spec"] for chart in result.get("charts", ())}
    if name not in specs:
        hint = nearest(name, specs) or ("Its result has no charts." if not specs else "")
        raise NotFound(f"This run has no chart {shown(name)}. {hint}".strip())
    spec: Mapping[str, Any] = specs[name]
    return spec
