"""Values in time by statsmodels: the program that `/code` shows."""

PROGRAM = """
import warnings

import numpy as np
from statsmodels.tsa.stattools import acf, adfuller, kpss, pacf

warnings.simplefilter("ignore")  # of what p of KPSS cannot say
moments = {name: pd.to_datetime(df[name]) for name in ([time] if time else candidates)}
rising = [name for name, x in moments.items() if x.notna().any() and x.dropna().is_monotonic_increasing]
usable = [name for name, x in moments.items() if x.notna().any()]
time = (rising or usable or [None])[0]
found = {}
for name in columns if time else []:
    x = df[name].astype(float).replace([np.inf, -np.inf], np.nan)
    x = x[x.notna() & df[time].notna()].groupby(moments[time]).mean()
    found[name] = {"count": len(x)}
    x = x.tail(10_000)
    if len(x) < 20 or x.nunique() == 1:
        continue
    x = (x - x.median()) / (x - x.median()).abs().max()
    lags = min(most_lags, len(x) // 2 - 1)
    statistic, p, used, n, *_ = adfuller(x, autolag="AIC")
    found[name]["adf"] = {"statistic": statistic, "p": p, "lags": used, "n": n}
    statistic, p, used, *_ = kpss(x, nlags="auto")
    found[name]["kpss"] = {"statistic": statistic, "p": p, "lags": used}
    found[name]["acf"] = {"values": acf(x, nlags=lags), "partial": pacf(x, nlags=lags, method="ldb")}
result = {"rows": len(df), "columns": found}
"""
