"""What is wrong with one table, one question at a time."""

TABLE = {
    "quality_duplicates": "analyzer.analyses.quality.duplicates:analysis",
    "quality_missing": "analyzer.analyses.quality.missing:analysis",
    "quality_outliers": "analyzer.analyses.quality.outliers:analysis",
}
