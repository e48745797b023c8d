"""Code that somebody wrote for this one question. It runs in the jail and nowhere else."""

TABLE = {"code": "analyzer.analyses.code.code:analysis"}
