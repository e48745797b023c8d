"""
Explains the result of a run in plain language.

The model reads the result's figures. Texts that may be cells, such as samples and rare categories, are withheld unless
`share` is `samples`. Every number it writes is looked up in the result; one that is not there makes the explanation
`not_verified`.
"""

from pydantic import Field

from analyzer.analyses.ask.asking import LONGEST_ID, MOST_QUESTION, TurnParams, in_the_loop


class ExplainParams(TurnParams):
    """The run, and what one would like to know of it."""

    run_id: str = Field(max_length=LONGEST_ID, description="A completed run on this dataset.")
    question: str = Field(
        "What does this result say?", min_length=1, max_length=MOST_QUESTION, description="What to explain of it."
    )


analysis = in_the_loop("ask_explain", "Ask what a result means", __doc__, ExplainParams)
