"""Aim: resources. Write a gigabyte to both streams, around Python and without an end of line.

Ends: output-limit
"""

import os

data = bytes(range(256)) * 256
while True:
    os.write(1, data)
    os.write(2, data)
