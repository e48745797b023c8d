"""What computes figures of values in time. Modules in here import numpy, so only `compute` and `merge` import them.

`alerts` is plain.
"""
