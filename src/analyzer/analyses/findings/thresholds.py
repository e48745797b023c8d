"""From where on something is worth an issue."""

from pydantic import Field

from analyzer.registry import Params


class Thresholds(Params):
    """An issue is raised where a figure lies beyond its threshold. Shares are of 1, of the values present or rows."""

    missing: float = Field(0.01, ge=0, le=1, description="More missing cells than this share.")
    zeros: float = Field(0.01, ge=0, le=1, description="More zeros than this share.")
    zero_inflated: float = Field(0.5, ge=0, le=1, description="At least this share of zeros.")
    negatives: float = Field(0.01, ge=0, le=1, description="More negative numbers than this share.")
    infinite: float = Field(0.01, ge=0, le=1, description="More infinite numbers than this share.")
    skewed: float = Field(20.0, ge=0, description="Absolute skewness above this.")
    skewed_side: float = Field(2.0, ge=0, description="Skewness above this, or below its negative.")
    heavy_tailed: float = Field(10.0, description="Excess kurtosis above this.")
    normal: float = Field(0.05, ge=0, le=1, description="D'Agostino and Pearson's p above this.")
    not_normal: float = Field(0.01, ge=0, le=1, description="The same p at most this.")
    uniform: float = Field(0.999, ge=0, le=1, description="p of χ² against equal counts above this.")
    discrete: int = Field(20, ge=1, description="Whole numbers with at most so many distinct values.")
    heaping: float = Field(0.2, ge=0, le=1, description="More multiples of ten other than 0 than this share.")
    bimodality: float = Field(5 / 9, ge=0, le=1, description="Sarle's coefficient above this.")
    log_scale: float = Field(1000.0, gt=1, description="Positive numbers whose max / min is at least this.")
    outliers: float = Field(0.0, ge=0, le=1, description="More values outside Tukey's fences than this share.")
    many_outliers: float = Field(0.05, ge=0, le=1, description="The same, and then it is a warning.")
    quasi_constant: float = Field(0.95, ge=0, le=1, description="One value holds at least this share.")
    high_cardinality: int = Field(50, ge=1, description="More distinct values than this.")
    imbalance: float = Field(0.5, ge=0, le=1, description="Imbalance, 1 − H / log₂ k, above this.")
    dominant_category: float = Field(0.7, ge=0, le=1, description="The leading value holds at least this share.")
    outstanding_value: float = Field(1.5, ge=1, description="The leading value occurs this many times the second.")
    attribution: float = Field(0.5, ge=0, le=1, description="Two values of five or more hold more than this share.")
    rare_levels: float = Field(0.5, ge=0, le=1, description="More than this share of ten or more levels are rare.")
    rare: float = Field(0.01, ge=0, le=1, description="A level below this share of the values is rare.")
    parsed: float = Field(0.9, ge=0, le=1, description="At least this share of a text column reads as dates, numbers.")
    mixed_types: float = Field(0.01, ge=0, le=1, description="Numbers and other text, each above this share.")
    dirty_category: float = Field(
        0.85, ge=0, le=1, description="Two levels at least this similar (Ratcliff/Obershelp)."
    )
    words: int = Field(1000, ge=1, description="More distinct words than this.")
    outstanding_word: float = Field(1.5, ge=1, description="The leading word occurs this many times the second.")
    high_uniqueness: float = Field(0.9, ge=0, le=1, description="At least this share of the moments are distinct.")
    irregular_intervals: float = Field(1.0, ge=0, description="Gaps whose std / mean is above this.")
    weekend_heavy: float = Field(0.4, ge=0, le=1, description="More moments on Saturdays and Sundays than this share.")
    business_hours: float = Field(0.9, ge=0, le=1, description="At least this share from Mon–Fri, 9 to 17 o'clock.")
    correlation: float = Field(0.5, ge=0, le=1, description="|Pearson's r| or Cramér's V of a pair at least this.")
    similar_distribution: float = Field(0.05, ge=0, le=1, description="Kolmogorov and Smirnov's p above this.")
    stationarity: float = Field(0.05, ge=0, le=1, description="p of the ADF test at least this: not stationary.")
    seasonal: float = Field(0.05, ge=0, le=1, description="Fisher's g: p at most this …")
    seasonal_share: float = Field(0.1, ge=0, le=1, description="… and one period has at least this share of the power.")
