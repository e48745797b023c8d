"""Two tables, held against each other."""

TABLE = {"compare_drift": "analyzer.analyses.compare.drift:analysis"}
