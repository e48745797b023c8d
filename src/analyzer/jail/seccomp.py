"""The layer that narrows what the kernel is asked: a seccomp filter, written here as the program it is.

A deny list that answers with an error, since an allow list kills honest code at random: libraries ask for things that
nobody thought of, and cope with a no.
"""

import ctypes
import errno
import os
import struct
from collections.abc import Sequence
from functools import lru_cache

from analyzer.jail.syscalls import ARCHITECTURE, NEWEST, numbers, prctl

Instruction = tuple[int, int, int, int]  # code, where to jump if true, if false, value

LOAD, EQUAL, ANY_BIT, ABOVE, AND, RETURN = 0x20, 0x15, 0x45, 0x25, 0x54, 0x06
ALLOW, KILL, FAIL = 0x7FFF0000, 0x80000000, 0x00050000
LINE_BYTES = 8
NUMBER_OFFSET, ARCHITECTURE_OFFSET, ARGUMENTS_OFFSET = 0, 4, 16

AUDIT_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
X32_BIT = 0x40000000

PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2

FORBIDDEN = """
socket connect bind listen accept accept4
execve execveat ptrace process_vm_readv process_vm_writev process_madvise process_mrelease kcmp get_robust_list
pidfd_open pidfd_getfd pidfd_send_signal
mount umount2 pivot_root chroot fsopen fsconfig fsmount fspick open_tree move_mount mount_setattr unshare setns
bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register seccomp
add_key request_key keyctl memfd_create memfd_secret vmsplice splice tee
name_to_handle_at open_by_handle_at fanotify_init fanotify_mark inotify_init inotify_init1 inotify_add_watch
chmod fchmod fchmodat chown fchown lchown fchownat utime utimes futimesat utimensat truncate flock mknod mknodat
setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr
shmget shmat shmctl shmdt semget semop semctl semtimedop msgget msgsnd msgrcv msgctl
mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr
setuid setgid setreuid setregid setresuid setresgid setgroups setfsuid setfsgid capset personality
init_module finit_module delete_module kexec_load kexec_file_load reboot swapon swapoff acct syslog
settimeofday clock_settime clock_adjtime adjtimex sethostname setdomainname iopl ioperm modify_ldt uselib
quotactl quotactl_fd lookup_dcookie vhangup nfsservctl move_pages migrate_pages sync syncfs
"""
"""Never, for any argument. Landlock has no say over modes, owners, times and attributes, so they stand here too: a
process that shares its user with the server could change the server's files through them."""

SENDERS = {"kill": 0, "tkill": 0, "tgkill": 0, "rt_sigqueueinfo": 0, "rt_tgsigqueueinfo": 0}
"""Only to oneself, by number. Call → the argument that names the process; 0 there means the process group."""

OWN = {
    "prlimit64": 0,
    "setpriority": 1,
    "sched_setaffinity": 0,
    "sched_setattr": 0,
    "sched_setparam": 0,
    "sched_setscheduler": 0,
    "ioprio_set": 1,
}
"""Only for oneself, by number or as 0. Call → the argument that names the process."""

CLONE_THREAD = 0x00010000
CLONE_NEW_ANYTHING = 0x7E020080

PRCTL = (3, 15, 16, 21, 23, 29, 30, 39, 41, 42, 0x53564D41)
"""Names, timer slack, huge pages, and questions. Not the death signal, which ties the process to its supervisor."""

IOCTL = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""Is it a terminal, how wide, how much is waiting, blocking, close on exec. Others change files and devices."""

FCNTL = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032, 1034)
"""Duplicates, flags, locks, and questions. Not owners and signals, leases, notifications or larger pipes."""

AF_UNIX, SOCK_STREAM, SOCKET_TYPE = 1, 1, 0xF
MAP_SHARED, MAP_ANONYMOUS, MAP_HUGETLB = 0x1, 0x20, 0x40000
O_ACCMODE, O_TRUNC = os.O_ACCMODE, os.O_TRUNC


def _fail(number: int) -> Instruction:
    return RETURN, 0, 0, FAIL | number


_ALLOWED: Instruction = (RETURN, 0, 0, ALLOW)


def _argument(index: int, *, high: bool = False) -> Instruction:
    return LOAD, 0, 0, ARGUMENTS_OFFSET + 8 * index + (4 if high else 0)


def _one_of(index: int, values: Sequence[int], otherwise: int) -> list[Instruction]:
    """Allowed when the argument is one of the values, else this error."""
    program = [_argument(index)]
    for value in values:
        program += [(EQUAL, 0, 1, value), _ALLOWED]
    return [*program, _fail(otherwise)]


def _bodies(own: int) -> dict[str, list[Instruction]]:
    """For each call that depends on its arguments, what decides; every body ends by returning."""
    bodies = {name: _one_of(index, (own,), errno.EPERM) for name, index in SENDERS.items()}
    bodies |= {name: _one_of(index, (own, 0), errno.EPERM) for name, index in OWN.items()}
    opening = [(AND, 0, 0, O_ACCMODE | O_TRUNC), (EQUAL, 0, 1, O_TRUNC), _fail(errno.EPERM), _ALLOWED]
    return bodies | {
        "clone": [
            _argument(0),
            (ANY_BIT, 0, 1, CLONE_NEW_ANYTHING),
            _fail(errno.EPERM),
            (ANY_BIT, 0, 1, CLONE_THREAD),
            _ALLOWED,
            _fail(errno.EAGAIN),
        ],
        "fork": [_fail(errno.EAGAIN)],
        "vfork": [_fail(errno.EAGAIN)],
        # What libraries fall back from by themselves: to clone, whose flags can be read here, and to openat.
        "clone3": [_fail(errno.ENOSYS)],
        "openat2": [_fail(errno.ENOSYS)],
        "prctl": _one_of(0, PRCTL, errno.EPERM),
        "ioctl": _one_of(1, IOCTL, errno.ENOTTY),
        "fcntl": _one_of(1, FCNTL, errno.EPERM),
        # asyncio needs a pair for itself. A datagram socket of a pair could be sent from to any address.
        "socketpair": [
            _argument(0),
            (EQUAL, 1, 0, AF_UNIX),
            _fail(errno.EPERM),
            _argument(1),
            (AND, 0, 0, SOCKET_TYPE),
            (EQUAL, 1, 0, SOCK_STREAM),
            _fail(errno.EPERM),
            _ALLOWED,
        ],
        "sendto": [
            _argument(4),
            (EQUAL, 1, 0, 0),
            _fail(errno.EPERM),
            _argument(4, high=True),
            (EQUAL, 1, 0, 0),
            _fail(errno.EPERM),
            _ALLOWED,
        ],
        # Shared anonymous memory is in no limit on data, and neither are huge pages.
        "mmap": [
            _argument(3),
            (ANY_BIT, 0, 1, MAP_HUGETLB),
            _fail(errno.EPERM),
            (ANY_BIT, 0, 2, MAP_ANONYMOUS),
            (ANY_BIT, 0, 1, MAP_SHARED),
            _fail(errno.EPERM),
            _ALLOWED,
        ],
        # Truncating while opening for reading: the first versions of Landlock look at the reading alone.
        "openat": [_argument(2), *opening],
        "open": [_argument(1), *opening],
    }


def program(own: int) -> list[Instruction]:
    """The filter for a process whose own number is `own`. Raises OSError where the architecture is unknown."""
    known = numbers()
    if not known:
        raise OSError(errno.ENOSYS, f"no table of system calls for {ARCHITECTURE}", "seccomp")
    lines: list[Instruction] = [
        (LOAD, 0, 0, ARCHITECTURE_OFFSET),
        (EQUAL, 1, 0, AUDIT_ARCHITECTURES[ARCHITECTURE]),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER_OFFSET),
    ]
    if ARCHITECTURE == "x86_64":
        lines += [(ANY_BIT, 0, 1, X32_BIT), (RETURN, 0, 0, KILL)]
    lines += [(ABOVE, 0, 1, NEWEST), _fail(errno.ENOSYS)]
    for name, body in _bodies(own).items():
        if name in known:
            lines += [(EQUAL, 0, len(body), known[name]), *body]
    for name in FORBIDDEN.split():
        if name in known:
            lines += [(EQUAL, 0, 1, known[name]), _fail(errno.EPERM)]
    return [*lines, _ALLOWED]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("lines", ctypes.c_void_p))


@lru_cache(maxsize=2)
def encoded(own: int) -> bytes:
    """The filter as the kernel takes it. In a pid namespace `own` is 1, so it need be made only once."""
    return b"".join(struct.pack("HBBI", *line) for line in program(own))


def install() -> None:
    """Put the filter over this process, for good. Needs `no_new_privs`. Raises OSError."""
    lines = encoded(os.getpid())
    buffer = ctypes.create_string_buffer(lines, len(lines))
    whole = _Program(len(lines) // LINE_BYTES, ctypes.addressof(buffer))
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(whole))
