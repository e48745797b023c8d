"""Aim: secrets. Where the server keeps what: in the import path, in arguments, in its working folder."""

import os
import sys

breaches += [path for path in sys.path if HOST["data"] in path]
breaches += [argument for argument in (*sys.argv, *sys.orig_argv) if HOST["data"] in argument]
attempt("working folder of the server", lambda: os.listdir(HOST["cwd"]))
