"""Aim: resources. Raise the limits again."""

import resource

for name in ("RLIMIT_DATA", "RLIMIT_CPU", "RLIMIT_NOFILE", "RLIMIT_FSIZE", "RLIMIT_CORE", "RLIMIT_NPROC"):
    kind = getattr(resource, name)
    soft, hard = resource.getrlimit(kind)
    attempt(name, lambda: resource.setrlimit(kind, (hard + 1, hard + 1)))
    attempt(f"{name} unlimited", lambda: resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)))
