"""What was proved of the layers here, and the level that gives."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Layer(StrEnum):
    """What stands between foreign code and the host."""

    LIMITS = "limits"  # of memory, processor time, files: the kernel's
    IDENTITY = "identity"  # a user of its own where the server is root, no capabilities
    NAMESPACES = "namespaces"  # processes, network, IPC and mounts of its own
    LANDLOCK = "landlock"  # only named places can be read
    SECCOMP = "seccomp"  # no sockets, no programs, no processes, no rare calls


class Finding(StrEnum):
    """What became of a layer when it was tried."""

    PROVED = "proved"
    FAILED = "failed"
    ABSENT = "absent"


@dataclass(frozen=True)
class LayerReport:
    """One layer, and why it is not proved."""

    layer: Layer
    finding: Finding
    why: str = ""

    def told(self) -> dict[str, Any]:
        return {"finding": self.finding.value} | ({"why": self.why} if self.why else {})


@dataclass(frozen=True)
class Report:
    """What the jail is on this machine."""

    layers: tuple[LayerReport, ...]

    @property
    def proved(self) -> frozenset[Layer]:
        return frozenset(report.layer for report in self.layers if report.finding is Finding.PROVED)

    @property
    def level(self) -> int:
        """3: everything. 2: the kernel is narrowed and files are out of sight. 1: another user. 0: a process."""
        proved = self.proved
        if proved == frozenset(Layer):
            return 3
        if {Layer.LIMITS, Layer.SECCOMP} <= proved and proved & {Layer.LANDLOCK, Layer.NAMESPACES}:
            return 2
        return 1 if {Layer.LIMITS, Layer.IDENTITY} <= proved else 0

    def told(self) -> dict[str, Any]:
        """For people and monitors."""
        return {"level": self.level, "layers": {report.layer.value: report.told() for report in self.layers}}


def absent_everywhere(why: str) -> Report:
    """Where no layer can even be tried."""
    return Report(tuple(LayerReport(layer, Finding.ABSENT, why) for layer in Layer))
