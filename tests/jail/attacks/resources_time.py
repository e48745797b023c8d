"""Aim: resources. Never end, in C that never looks up, with every signal ignored.

Ends: timeout, cpu-limit
"""

import signal

for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        continue
sum(range(10**15))
