"""Aim: resources. Endless recursion with a raised limit.

Ends: crashed, memory-limit, code-error
"""

import sys

sys.setrecursionlimit(10**9)


def deeper():
    return deeper()


deeper()
