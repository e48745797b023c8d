"""Aim: files. Make, change, move, link or remove a file of the host."""

import os
import shutil
import tempfile

secret, folder = HOST["secret"], os.path.dirname(HOST["secret"])
attempt("create", lambda: open(folder + "/made", "w"))
attempt("append", lambda: open(secret, "a"))
attempt("truncate while reading", lambda: os.open(secret, os.O_RDONLY | os.O_TRUNC))
attempt("truncate by path", lambda: os.truncate(secret, 0))
attempt("remove", lambda: os.remove(secret))
attempt("rename", lambda: os.rename(secret, folder + "/moved"))
attempt("link", lambda: os.link(secret, folder + "/linked"))
attempt("symbolic link", lambda: os.symlink(secret, folder + "/linked"))
attempt("folder", lambda: os.mkdir(folder + "/made"))
attempt("copy", lambda: shutil.copy(secret, tempfile.gettempdir() + "/copy"))
attempt("pipe", lambda: os.mkfifo(folder + "/pipe"))
attempt("node", lambda: os.mknod(folder + "/node"))
attempt("table", lambda: pd.DataFrame({"a": [1]}).to_csv(folder + "/made.csv"))
attempt("package", lambda: open(os.path.join(os.path.dirname(pd.__file__), "made.py"), "w"))
attempt("compiled module", lambda: open(pd.__cached__ or "/x", "ab"))
