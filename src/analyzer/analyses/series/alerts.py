"""What is worth an issue in values over time."""

from analyzer.analyses.issues import Code, Codes

CODES = Codes(
    {
        "no_time": Code("info", "No column of dates or moments puts the rows in order."),
        "unordered": Code("warning", "The rows do not stand in the order of time."),
        "missing_times": Code("warning", "Rows have no moment, and are in no series."),
        "duplicate_times": Code("warning", "Rows share a moment; the series have their means."),
        "gaps": Code("warning", "Moments are missing between the first and the last one."),
        "irregular": Code("warning", "The steps between moments are of many sizes."),
        "non_stationary": Code("warning", "The level wanders: Dickey and Fuller's test does not say otherwise."),
        "trend": Code("info", "The values rise or fall with time."),
        "seasonal": Code("info", "The values repeat with a period."),
        "autocorrelated": Code("info", "Values go together with those before them."),
    }
)
