"""Aim: resources. End as the first process of a namespace should not: abort.

Ends: crashed
"""

import os

os.abort()
