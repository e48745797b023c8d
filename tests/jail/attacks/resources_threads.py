"""Aim: resources. A bomb of threads.

Ends: completed, memory-limit, code-error
"""

import threading
import time

started = 0
try:
    for _ in range(100_000):
        threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
        started += 1
except (RuntimeError, MemoryError):
    pass
time.sleep(0.5)
if started > 5000:
    breaches.append(f"{started} threads")
