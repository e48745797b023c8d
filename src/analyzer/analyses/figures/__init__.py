"""What computes figures. Modules in here import numpy and pyarrow, so only `compute` and `merge` import them."""
