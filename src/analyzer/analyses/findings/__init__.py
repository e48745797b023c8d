"""What is wrong, or worth knowing, about a column or a table.

`codes`, `thresholds` and `scores` are plain; all other modules import numpy and pyarrow, so only `compute` and `merge`
import them.
"""
