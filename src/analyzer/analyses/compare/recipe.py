"""Drift in pandas and scipy: the program that `/code` shows."""

PROGRAM = '''
import numpy as np
from scipy.spatial.distance import jensenshannon
from scipy.stats import chisquare, ks_2samp, norm, wasserstein_distance


def kind(x):
    """What the values are: numbers, moments, texts or truth values."""
    x = x.dropna()
    if x.empty or x.dtype.kind in "Mm":
        return None
    if x.dtype.kind in "iuf":
        return "numbers"
    first = x.iloc[0]
    if isinstance(first, str):
        return "long" if x.nunique() > 50 and x.nunique() > len(x) / 2 else "text"
    return "flags" if isinstance(first, (bool, np.bool_)) else None


def shares(before, after, values):
    """The share of each value, or of each of Sturges's bins."""
    if values is None:
        bins = np.histogram_bin_edges(np.concatenate([before, after]), "sturges")
        return [np.histogram(x, bins)[0] / len(x) for x in (before, after)]
    return [x.value_counts().reindex(values, fill_value=0).to_numpy() / len(x) for x in (before, after)]


def psi(r, c):
    r, c = [np.where(x > 0, x, least / 1e6 if (least := x[x > 0].min()) <= 1e-4 else 1e-4) for x in (r, c)]
    return float(((c - r) * np.log(c / r)).sum())


def statistic_and_p(method, before, after, values, binned):
    if method == "ks":
        found = ks_2samp(before, after)
        return found.statistic, found.pvalue
    if method == "wasserstein":
        return wasserstein_distance(before, after) / max(before.std(ddof=0), 0.001), None
    r, c = shares(before, after, None if binned else values)
    if method == "jensenshannon":
        return jensenshannon(r, c, base=2), None
    if method == "psi":
        return psi(r, c), None
    n, m = len(before), len(after)
    if method == "chi2":
        if len(r) < 2:
            return 0.0, 1.0
        return tuple(chisquare(c * m, r * m)) if r.all() else (None, 0.0)
    pooled = (r[0] * n + c[0] * m) / (n + m)
    spread = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    z = abs(r[0] - c[0]) / spread if spread else 0.0
    return z, 2 * norm.sf(z)


found = {}
for name in columns:
    of, other = kind(reference[name]), kind(df[name])
    if of is None or (of != other and {of, other} != {"text", "long"}):
        continue
    before, after = reference[name].dropna(), df[name].dropna()
    if of == "long":
        before, after = before.str.len(), after.str.len()
    numeric = of in ("numbers", "long")
    if numeric:
        before, after = [x.astype(float)[lambda x: np.isfinite(x)] for x in (before, after)]
    values = sorted(set(before) | set(after))
    wanted = numeric_test if numeric else categorical_test
    small, continuous = len(before) <= 1000, numeric and len(values) > 5
    if wanted == "auto" and continuous:
        method = "ks" if small else "wasserstein"
    elif wanted == "auto":
        method = ("z" if len(values) <= 2 else "chi2") if small else "jensenshannon"
    else:
        method = wanted
    binned = numeric and wanted != "auto" and before.nunique() > 20
    statistic, p = statistic_and_p(method, before, after, values, binned)
    drifted = statistic >= distance_limit if p is None else p < p_limit
    found[name] = {"method": method, "statistic": statistic, "p": p, "drifted": drifted}

drifted = sum(one["drifted"] for one in found.values())
share = drifted / len(found) if found else None
result = {"rows": len(df), "reference_rows": len(reference), "columns": found}
result |= {"tested_columns": len(found), "drifted_columns": drifted, "drifted_share": share}
result["drifted"] = share >= share_limit if found else None
'''
