"""What computes how far two samples are apart. Modules in here import numpy, so only `compute` and `merge` import them.

`alerts` is plain.
"""
