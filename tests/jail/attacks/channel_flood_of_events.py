"""Aim: result channel. Say more on the way than a log can hold.

Ends: result-too-large, timeout
"""

while True:
    emit({"x": "y" * 100_000}, "flood")
