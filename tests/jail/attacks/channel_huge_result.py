"""Aim: result channel. A result larger than may be.

Ends: result-too-large
"""

attempt = lambda *_: None
result = {"text": "x" * 20_000_000}
breaches = result
