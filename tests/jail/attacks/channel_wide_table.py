"""Aim: result channel. A table with more columns than anybody can look at.

Ends: result-too-large
"""

breaches = pd.DataFrame(np.zeros((1, 20_000)))
