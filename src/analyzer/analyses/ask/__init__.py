"""Questions to a model, whose answers are computed here. They run in the server's loop; what they compute does not."""

TABLE = {
    "ask_chart": "analyzer.analyses.ask.chart:analysis",
    "ask_explain": "analyzer.analyses.ask.explain:analysis",
    "ask_plan": "analyzer.analyses.ask.plan:analysis",
    "ask_question": "analyzer.analyses.ask.question:analysis",
    "ask_transform": "analyzer.analyses.ask.transform:analysis",
}
