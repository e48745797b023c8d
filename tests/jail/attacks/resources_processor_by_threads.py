"""Aim: resources. Use all processors at once, by threads that hold no lock.

Ends: timeout, cpu-limit, memory-limit
"""

import hashlib
import threading


def burn():
    while True:
        hashlib.pbkdf2_hmac("sha256", b"x", b"y", 10**7)


for _ in range(16):
    threading.Thread(target=burn).start()
burn()
