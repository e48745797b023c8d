"""What is said beside a figure that is null or not exact."""

from typing import Annotated, Literal

from pydantic import Field

from analyzer.models.base import Frozen

Reason = Literal[
    "constant",
    "different-kinds",
    "infinite",
    "no-convergence",
    "no-grain",
    "no-missing",
    "no-moments",
    "no-period",
    "no-rows",
    "nothing-common",
    "no-values",
    "not-installed",
    "not-tested",
    "overflow",
    "singular",
    "too-few-values",
    "too-many",
    "too-many-patterns",
    "unsupported",
    "zero-mean",
]
"""Why a figure is null: it would be ±∞; there is nothing to take it of; it needs more values, a package, or a wider
floating-point number; it divides by a mean or a spread of zero; there are too many columns, pairs or categories;
columns determine each other (`singular`); what is iterated does not settle; nothing is missing, or in more ways than
are looked at; the values have too many decimals for a last digit; two columns hold different kinds of values; no
test is made of moments, lists and the like; no such figure is taken of values of this type (`unsupported`); too few
values look alike (`nothing-common`); nothing says after how many steps values might repeat."""


class Undefined(Frozen):
    """The figure is null, for this reason."""

    kind: Literal["undefined"] = "undefined"
    reason: Reason


class Sample(Frozen):
    """The figure was taken from `n` rows or values, chosen with `seed` where chance had a part in it."""

    kind: Literal["sample"] = "sample"
    n: int
    seed: int | None = None


class Estimate(Frozen):
    """The figure is at most `bound` away from the exact one."""

    kind: Literal["estimate"] = "estimate"
    bound: float


Note = Annotated[Undefined | Sample | Estimate, Field(discriminator="kind")]


def undefined(reason: Reason) -> dict[str, str]:
    """The note for a figure that is null."""
    return {"kind": "undefined", "reason": reason}
