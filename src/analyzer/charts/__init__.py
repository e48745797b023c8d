"""Pictures as Vega-Lite v5 specifications: plain dicts with their data inside, built without any drawing library."""

from analyzer.charts.bars import missing_shares, scores, top_values
from analyzer.charts.curves import curve, stems
from analyzer.charts.grids import heatmap
from analyzer.charts.histogram import histogram
from analyzer.charts.pairs import two_bars, two_histograms

__all__ = [
    "curve",
    "heatmap",
    "histogram",
    "missing_shares",
    "scores",
    "stems",
    "top_values",
    "two_bars",
    "two_histograms",
]
