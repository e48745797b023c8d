"""What computes how columns go together. Modules in here import numpy, so only `compute` and `merge` import them."""
