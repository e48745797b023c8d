"""What the summary says of a column of each kind."""

from typing import Annotated, Literal

from pydantic import Field

from analyzer.analyses.notes import Note
from analyzer.models.base import Frozen

Number = int | float | str | None
"""A number; as a string of digits where a double would round it (integers beyond 2⁵³, decimals)."""


class Histogram(Frozen):
    """Bins in ascending order: each from its lower edge up to, not including, its upper one; the last has both."""

    edges: list[float | str] = Field(description="One more than counts; ISO 8601 for datetime columns.")
    counts: list[int]


class Frequent(Frozen):
    """A value and how often it occurs."""

    value: bool | str
    count: int


class Lengths(Frozen):
    """How long the values are: characters (code points) of text, bytes of binary values."""

    min: int
    max: int
    mean: float
    median: float


class LargestGap(Frozen):
    """The widest distance between two neighbouring moments."""

    after: str
    before: str


class Gaps(Frozen):
    """The distances between neighbouring distinct moments, in seconds."""

    min_seconds: float
    median_seconds: float
    mean_seconds: float
    std_seconds: float = Field(description="Of a sample: ddof 1; 0 for a single gap.")
    max_seconds: float
    largest: LargestGap


class Column(Frozen):
    """What every kind of column has."""

    name: str
    type: str = Field(description="The Arrow type.")
    count: int = Field(description="Values that are not missing, ±∞ included.")
    missing: int = Field(description="Nulls, and NaN in floating-point columns.")
    notes: dict[str, Note] = Field(description="By figure: why it is null, or how exact it is. Without a note: exact.")


class NumericColumn(Column):
    """Numbers and durations (in the unit of their type)."""

    kind: Literal["numeric"]
    mean: float | None
    std: float | None = Field(description="Square root of the variance.")
    variance: float | None = Field(description="Of a sample: ddof 1.")
    sem: float | None = Field(description="Standard error of the mean, std / √count.")
    ci95: tuple[float, float] | None = Field(description="95 % confidence interval of the mean by Student's t.")
    min: Number
    q01: float | None
    q05: float | None
    q25: float | None
    q50: float | None
    q75: float | None
    q95: float | None
    q99: float | None
    max: Number
    range: Number
    iqr: float | None
    mad: float | None = Field(description="Median of |x − median|, not scaled.")
    trimmed_mean: float | None = Field(description="Without the lowest and highest 10 %.")
    cv: float | None = Field(description="std / mean.")
    skewness: float | None = Field(description="G1.")
    kurtosis: float | None = Field(description="G2, the excess over a normal distribution.")
    sum: Number
    zeros: int
    negatives: int
    infinities: int
    distinct: int
    modes: list[int | float | str] = Field(description="The most frequent finite values, ascending, at most ten.")
    histogram: Histogram | None = Field(description="Of the finite values.")
    monotonicity: str = Field(description="In the table's order, missing values left out.")


class CategoricalColumn(Column):
    """Text and binary values; `text` where nearly all differ."""

    kind: Literal["categorical", "text"]
    distinct: int
    top: list[Frequent] = Field(description="By falling count, then rising value.")
    mode_share: float = Field(description="The share of the most frequent value in the present ones.")
    entropy: float = Field(description="In bits.")
    gini: float
    imbalance: float
    lengths: Lengths


class BooleanColumn(Column):
    """True and false."""

    kind: Literal["boolean"]
    true: int
    false: int
    share: float = Field(description="Of true in the present values.")
    distinct: int
    entropy: float = Field(description="In bits.")
    gini: float
    imbalance: float


class DatetimeColumn(Column):
    """Dates, moments and times of day, as ISO 8601; moments with a time zone are given in UTC."""

    kind: Literal["datetime"]
    min: str
    q25: str
    q50: str
    q75: str
    max: str
    mean: str
    span_seconds: float
    resolution: str = Field(description="The coarsest unit of which every value is a multiple.")
    distinct: int
    monotonicity: str = Field(description="In the table's order, missing values left out.")
    gaps: Gaps | None
    histogram: Histogram


class BareColumn(Column):
    """A column without any value, or with values of a type that has no figures, such as lists."""

    kind: Literal["empty", "unsupported"]


AnyColumn = Annotated[
    NumericColumn | CategoricalColumn | BooleanColumn | DatetimeColumn | BareColumn, Field(discriminator="kind")
]
