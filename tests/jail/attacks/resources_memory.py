"""Aim: resources. Take memory until the machine has none.

Ends: memory-limit, crashed
"""

hoard = []
while True:
    hoard.append(np.ones(8_000_000))
