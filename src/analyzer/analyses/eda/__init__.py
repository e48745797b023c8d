"""Exploring one table: what is in it, and how good it is."""

TABLE = {
    "eda_distribution": "analyzer.analyses.eda.distribution:analysis",
    "eda_association": "analyzer.analyses.eda.association:analysis",
    "eda_correlation": "analyzer.analyses.eda.correlation:analysis",
    "eda_data_quality": "analyzer.analyses.eda.data_quality:analysis",
    "eda_full": "analyzer.analyses.eda.full:analysis",
    "eda_overview": "analyzer.analyses.eda.overview:analysis",
    "eda_schema": "analyzer.analyses.eda.schema:analysis",
    "eda_statistical_summary": "analyzer.analyses.eda.statistical_summary:analysis",
}
