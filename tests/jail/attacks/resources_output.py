"""Aim: resources. Print a gigabyte.

Ends: output-limit
"""

line = "x" * 100_000
for _ in range(10_000):
    print(line)
