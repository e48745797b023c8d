"""Aim: kernel surface. Push characters into a terminal, or change descriptors by ioctl."""

import fcntl
import os
import termios

attempt("terminal", lambda: os.open("/dev/tty", os.O_RDWR))
attempt("a new terminal", os.openpty)
for descriptor in range(0, 16):
    attempt(f"push {descriptor}", lambda: fcntl.ioctl(descriptor, termios.TIOCSTI, b"x"))
    attempt(f"owner {descriptor}", lambda: fcntl.ioctl(descriptor, 0x8901, b"\1\0\0\0"))
