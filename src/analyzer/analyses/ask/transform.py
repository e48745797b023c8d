"""
Makes a new dataset of this one as the question says: rows chosen, columns added, tables joined (`inputs`).

The model writes Python, the jail runs it, and the table that comes out is kept: `saved` has its `file_id`. The dataset
itself never changes. See `ask_question` for what is told to the model and what `verified` means.
"""

from pydantic import Field

from analyzer.analyses.ask.asking import AskParams, in_the_loop


class TransformParams(AskParams):
    """What to make, and what to call it."""

    save_as: str = Field("transformed", min_length=1, max_length=200, description="The new dataset's name.")


analysis = in_the_loop("ask_transform", "Ask for a new table", __doc__, TransformParams)
