"""The distribution of numbers against scipy."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from tests.analyses.inprocess import run

random = np.random.default_rng(0)
SAMPLES = {
    "gamma": random.gamma(2, 3, 2000),
    "weibull_min": random.weibull(1.5, 2000) * 4,
    "logistic": random.logistic(3, 2, 2000),
    "lognorm": random.lognormal(1, 0.5, 2000),
}


def only(values: Any, **params: Any) -> dict[str, Any]:
    found: dict[str, Any] = run(pa.table({"x": values}), "eda_distribution", **params)["columns"][0]
    return found


@pytest.mark.parametrize("name", SAMPLES)
def test_as_scipy_has_it(name: str) -> None:
    x = SAMPLES[name]
    found = only(x)
    assert found["best"] == name
    for one in found["families"]:
        family = getattr(stats, one["family"])
        fixed = {"floc": 0} if one["family"] in ("gamma", "weibull_min", "lognorm") else {}
        expected = family.logpdf(x, *family.fit(x, **fixed)).sum()
        assert one["log_likelihood"] == pytest.approx(expected, rel=1e-8)
        assert one["aic"] == pytest.approx(4 - 2 * expected, rel=1e-8)
    kde = stats.gaussian_kde(x)(found["density"]["x"])
    assert found["density"]["y"] == pytest.approx(np.where(kde < 1e-12 * kde.max(), 0, kde), rel=1e-8)


def test_shares_digits_and_humps_by_hand() -> None:
    found = only([1.0, 2.0, 2.0, 5.0, None])
    assert found["ecdf"] == {"x": [1.0, 2.0, 5.0], "share": [0.25, 0.75, 1.0]}
    assert found["last_digits"] == {"decimals": 0, "counts": [0, 1, 2, 0, 0, 1, 0, 0, 0, 0]}
    assert (found["round_share"], found["count"], found["missing"]) == (0.25, 4, 1)
    two = only([*random.normal(0, 1, 300), *random.normal(9, 1, 300)])
    assert two["bimodality"] > 5 / 9
    assert len(two["peaks"]) == 2


def test_more_values_than_the_bound_are_drawn() -> None:
    found = only(random.normal(size=12_000), seed=5)
    assert found["notes"]["best"] == {"kind": "sample", "n": 10_000, "seed": 5}


def test_every_family_fits_what_is_skewed() -> None:
    names = {one["family"] for one in only(np.random.default_rng(3).lognormal(0, 3, 300))["families"]}
    assert names == {"norm", "uniform", "expon", "laplace", "logistic", "lognorm", "gamma", "weibull_min"}


def test_far_from_zero_nothing_is_rounded_away() -> None:
    near = 50 + np.random.default_rng(4).integers(-512, 512, 300) / 128
    families = {one["family"]: one for one in only(near + 2.0**30)["families"]}
    fits = {one["family"]: one for one in only(near)["families"]}
    for name in ("norm", "uniform", "expon", "laplace", "logistic"):
        assert families[name]["log_likelihood"] == pytest.approx(fits[name]["log_likelihood"], rel=1e-12)
    # So far from zero a gamma and a lognormal distribution are all but normal.
    for name in ("gamma", "lognorm"):
        assert families[name]["log_likelihood"] == pytest.approx(fits["norm"]["log_likelihood"], rel=1e-6)


def test_last_digits_are_those_of_all_values_of_a_long_column() -> None:
    values = np.arange(1.0, 200_001.0)
    whole = only(values)
    assert whole["last_digits"] == {"decimals": 0, "counts": [20_000] * 10}
    values[-1] += 0.5
    halves = only(values)
    assert halves["last_digits"] == {"decimals": 1, "counts": [199_999, 0, 0, 0, 0, 1, 0, 0, 0, 0]}
    assert halves["round_share"] == 1.0


@pytest.mark.parametrize(
    ("values", "decimals", "share"),
    [
        (1e9 + 0.25 * np.arange(1, 30), 2, 1.0),
        (5_000_000.1234 + np.arange(30), 4, 0.0),
        (np.cumsum(np.full(50, 0.1)), 1, 0.2),  # sums that are not what is written with one decimal
        (2.0**52 + np.arange(20), 0, 0.2),
        (2.0**51 + np.arange(20) / 2, None, None),
    ],
)
def test_last_digits_of_large_numbers(values: Any, decimals: int | None, share: float | None) -> None:
    found = only(values)
    assert (found["last_digits"] and found["last_digits"]["decimals"], found["round_share"]) == (decimals, share)
