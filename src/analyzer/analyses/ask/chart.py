"""
Draws what is asked for: `charts` holds a Vega-Lite specification with its data inside.

The model writes Python that makes it, from names, types and ranges alone; the jail runs it. See `ask_question` for what
is told to the model and what `verified` means.
"""

from analyzer.analyses.ask.asking import AskParams, in_the_loop

analysis = in_the_loop("ask_chart", "Ask for a chart", __doc__, AskParams)
