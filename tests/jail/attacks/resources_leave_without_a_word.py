"""Aim: resources. Exit as if all were well.

Ends: crashed
"""

import os

os._exit(0)
