"""Tables that a column of moments puts in order."""

TABLE = {"ts_overview": "analyzer.analyses.ts.overview:analysis"}
