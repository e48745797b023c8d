"""Aim: files. Leave the jail's root: chroot twice, an open folder, the old root, mounts of one's own."""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)


def checked(answer):
    if answer < 0:
        raise OSError(ctypes.get_errno())
    return answer


attempt("chroot", lambda: os.chroot("/tmp"))
attempt("mount", lambda: checked(libc.mount(b"none", b"/tmp", b"tmpfs", 0, None)))
attempt("remount", lambda: checked(libc.mount(b"none", b"/", None, 32 | 4096, None)))
attempt("bind", lambda: checked(libc.mount(b"/", b"/tmp", None, 4096, None)))
attempt("unmount", lambda: checked(libc.umount2(b"/tmp", 2)))
attempt("pivot_root", lambda: checked(libc.syscall(155, b".", b".")))
attempt("open_tree", lambda: checked(libc.syscall(428, -100, b"/", 1)))
attempt("fsopen", lambda: checked(libc.syscall(430, b"proc", 0)))
attempt("by handle", lambda: checked(libc.syscall(304, -100, b"\0" * 128, 0)))
for _ in range(50):
    os.chdir("..")
for name in ("home", "root", "var", "etc"):
    attempt(f"look into {name}", lambda: os.listdir(name))
    attempt(f"write into {name}", lambda: open(f"{name}/made", "w"))
