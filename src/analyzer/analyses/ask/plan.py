"""
Proposes which analyses of the catalogue to run for a purpose, in order, each with its parameters and the reason.

Nothing is run. Every step is one that this server would accept as it stands.
"""

from analyzer.analyses.ask.asking import AskParams, in_the_loop

analysis = in_the_loop("ask_plan", "Ask what to analyse", __doc__, AskParams)
