"""Aim: kernel surface. Call what exploits are made of. Whatever answers with anything but a no is a breach."""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
place = ctypes.create_string_buffer(4096)
CALLS = {
    "unshare user": (272, 0x10000000),
    "unshare mounts": (272, 0x00020000),
    "setns": (308, 0, 0),
    "bpf": (321, 0, place, 128),
    "perf_event_open": (298, place, 0, -1, -1, 0),
    "userfaultfd": (323, 0),
    "io_uring": (425, 8, place),
    "keyctl": (250, 0, -3, 1),
    "add_key": (248, b"user", b"x", b"x", 1, -3),
    "request_key": (249, b"user", b"x", None, -3),
    "fanotify": (300, 0, 0),
    "inotify": (294, 0),
    "memfd": (319, b"x", 0),
    "memfd_secret": (447, 0),
    "personality": (135, 0x0040000),
    "modify_ldt": (154, 0, place, 16),
    "seccomp": (317, 1, 0, place),
    "kexec": (246, 0, 0, None, 0),
    "module": (175, place, 0, b""),
    "swapon": (167, b"/tmp/x", 0),
    "reboot": (169, 0xFEE1DEAD, 0x28121969, 0, 0),
    "hostname": (170, b"x", 1),
    "settime": (227, 0, place),
    "acct": (163, None),
    "syslog": (103, 3, place, 100),
    "quotactl": (179, 0, None, 0, place),
    "iopl": (172, 3),
    "vmsplice": (278, 1, place, 0, 0),
    "splice": (275, 0, None, 1, None, 1, 0),
    "shmget": (29, 0, 4096, 0o1777),
    "semget": (64, 0, 1, 0o1777),
    "msgget": (68, 0, 0o1777),
    "mq_open": (240, b"x", 0o100, 0o600, None),
    "move_pages": (279, 1, 0, None, None, None, 0),
    "sync": (162,),
    "chmod by a newer call": (452, -100, HOST["secret"].encode(), 0o777, 0),
    "attributes by a newer call": (463, -100, HOST["secret"].encode(), 0, b"user.x", place, 16),
    "list mounts": (458, place, place, 1, 0),
    "a call of the future": (600,),
    "setuid": (105, 0),
    "capset": (126, place, place),
    "clone with namespaces": (56, 0x10000000 | 17, 0, 0, 0, 0),
    "clone a process": (56, 17, 0, 0, 0, 0),
    "clone3": (435, place, 88),
}
for name, arguments in CALLS.items():
    if libc.syscall(*arguments) >= 0:
        breaches.append(name)
