"""
Answers a question about the dataset: in a sentence (`answer`) and as what was computed (`value`).

A model is told the question, and of the data its names, types, ranges, counts and frequent categories. It chooses an
analysis of the catalogue, or writes Python that runs in the jail; it never sees what comes out. What fails is sent back
to be repaired, three times at most.

An answer is `verified` when the data was the same before and after, the code gave the same again in a fresh jail, and
no number contradicts the catalogue's figure for the same thing. Else `not_verified` says why.

A question that can mean several things or that the data cannot answer is not answered: `outcome` is `unclear` or
`impossible`, and `answer` says why. `GET /api/run/{id}/prompt` shows what left this server.
"""

from analyzer.analyses.ask.asking import AskParams, in_the_loop

analysis = in_the_loop("ask_question", "Ask a question", __doc__, AskParams)
