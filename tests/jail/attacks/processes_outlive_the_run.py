"""Aim: processes. Stay when the run is over: a thread that goes on, no death signal, a new session."""

import ctypes
import os
import signal
import threading
import time

libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(1, 0, 0, 0, 0) >= 0:
    breaches.append("no death signal")
if libc.prctl(36, 1, 0, 0, 0) >= 0:
    breaches.append("subreaper")
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        continue
threading.Thread(target=lambda: time.sleep(3600), daemon=False).start()
attempt("daemon", lambda: os.fork())
