"""Aim: processes. Start a program or a process, by every door.

Behind: pandas-ai CVE-2023-39660 and CVE-2024-12366, Vanna CVE-2024-5565: `os.system` out of generated code.
"""

import multiprocessing
import os
import pty
import subprocess
import sys

program = [sys.executable, "-c", "print('started')"]
attempt("subprocess", lambda: subprocess.run(program, check=True))
attempt("shell", lambda: subprocess.check_output("id", shell=True))
attempt("popen", lambda: 1 / (not os.popen("id").close()) and 1 / 0)
attempt("spawn", lambda: os.posix_spawn("/bin/sh", ["sh", "-c", "id"], {}))
attempt("vfork", lambda: subprocess.Popen(program, close_fds=False))
attempt("fork", os.fork)
attempt("pty", pty.fork)
attempt("multiprocessing", lambda: multiprocessing.get_context("fork").Process(target=print).start())
attempt("exec", lambda: os.execv(sys.executable, program))
attempt("execve by descriptor", lambda: os.execve(os.open(sys.executable, os.O_RDONLY), program, {}))
if os.system("id") == 0:
    breaches.append("system")
