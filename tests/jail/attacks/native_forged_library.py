"""Aim: escape by C. A library of one's own, loaded or preloaded.

Behind: dify-sandbox (its report 27), where a preload that came with the request ran before the filter stood.
"""

import ctypes
import os
import sys

os.environ["LD_PRELOAD"] = "/tmp/evil.so"
try:
    with open("/tmp/evil.so", "wb") as file:
        file.write(b"\x7fELF" + bytes(1000))
    os.symlink(sys.executable, "/tmp/python")
except OSError:
    pass
attempt("load", lambda: ctypes.CDLL("/tmp/evil.so"))
attempt("execute", lambda: os.execv("/tmp/python", ["python"]))
attempt("site", lambda: open(os.path.join(sys.prefix, "lib/python3.11/site-packages/evil.pth"), "w"))
