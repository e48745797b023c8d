"""Aim: resources. Endless recursion with a raised limit: on a slow machine its time is up before its memory.

Ends: crashed, memory-limit, cpu-limit, code-error
"""

import sys

sys.setrecursionlimit(10**9)


def deeper():
    return deeper()


deeper()
