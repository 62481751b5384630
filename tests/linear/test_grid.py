"""Grids of alphas: when a choice at the end of one deserves a warning."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris

from skreg import ElasticNetProxCV, LabelSmoothedLogisticCV, alpha_max
from skreg.linear._grid import end_of_grid
from tests.problems import regression

ALPHAS = np.geomspace(1.0, 1e-3, 31)


def curve(best, folds=4):
    """Scores whose mean is best at log10(alpha) = `best`, with noise that all alphas of a fold share."""
    return -((np.log10(ALPHAS)[:, None] - best) ** 2) + np.random.default_rng(0).standard_normal(folds)


def test_end_of_grid__inside_is_no_end():
    scores = curve(-1.5)
    best = int(scores.mean(axis=1).argmax())
    assert end_of_grid(ALPHAS, scores, best, best, False) is None


def test_end_of_grid__names_the_end_towards_which_scores_improve():
    assert end_of_grid(ALPHAS, curve(-5.0), 30, 30, True) == "smallest"
    assert end_of_grid(ALPHAS, curve(2.0), 0, 0, False) == "largest"


def test_end_of_grid__nothing_is_more_regularized_than_the_null_model():
    assert end_of_grid(ALPHAS, curve(2.0), 0, 0, True) is None


def test_end_of_grid__flat_ends_do_not_count():
    flat = np.minimum(curve(-2.0), curve(-2.0)[20]) + 1e-4 * np.arange(31)[:, None]  # still rises, by next to nothing
    assert end_of_grid(ALPHAS, flat, 30, 30, True) is None


def test_end_of_grid__gains_within_their_standard_error_do_not_count():
    scores = curve(-5.0)
    noise = np.array([1.0, -1.0, 1.0, -1.0])
    assert end_of_grid(ALPHAS, scores + 100.0 * (np.arange(31) == 30)[:, None] * noise, 30, 30, True) is None


def test_end_of_grid__no_smaller_alpha_than_zero_and_no_choice_of_one():
    alphas = np.append(ALPHAS[:-1], 0.0)
    assert end_of_grid(alphas, curve(-5.0), 30, 30, True) is None
    assert end_of_grid(ALPHAS[:1], curve(-5.0)[:1], 0, 0, False) is None


def test_end_of_grid__one_standard_error_rule_that_ran_into_the_end():
    assert end_of_grid(ALPHAS, curve(-0.5), 5, 0, False) == "largest"


def factors(n=60, p=200):
    """Few factors behind many columns, and no noise: a small alpha is best."""
    rng = np.random.default_rng(3)
    hidden = rng.standard_normal((n, 5))
    return hidden @ rng.standard_normal((5, p)) + 1e-3 * rng.standard_normal((n, p)), hidden[:, 0]


def test_search__warns_of_the_smallest_alpha_once_and_says_what_to_change():
    X, y = factors()
    with pytest.warns(UserWarning, match=r"best alpha, .* is the smallest .* still rises: decrease eps=0\.1\.") as told:
        model = ElasticNetProxCV(alphas=10, eps=0.1).fit(X, y)
    assert len(told) == 1
    assert told[0].filename == __file__
    assert model.alpha_ == model.alphas_.min()
    with pytest.warns(UserWarning, match=r"is the smallest .*: add smaller values to alphas\."):
        ElasticNetProxCV(l1_ratio=0.0, alphas=[1000.0, 100.0]).fit(X, y)
    X, y = load_iris(return_X_y=True)
    with pytest.warns(UserWarning, match=r"LabelSmoothedLogisticCV: the best alpha.*decrease eps=0\.5"):
        LabelSmoothedLogisticCV(label_smoothing=0.0, alphas=3, eps=0.5).fit(X, y)


def test_search__warns_of_the_largest_given_alpha_unless_it_gives_the_null_model():
    X = regression(40, 60, seed=1)[0]
    noise = np.random.default_rng(5).standard_normal(40)
    with pytest.warns(UserWarning, match=r"chosen alpha, 0\.001, is the largest .*: add larger values to alphas"):
        ElasticNetProxCV(alphas=[1e-3, 1e-4, 1e-5], l1_ratio=1.0).fit(X, noise)
    top = alpha_max(X, noise, l1_ratio=1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = ElasticNetProxCV(alphas=[1.1 * top, 0.1 * top, 0.01 * top], l1_ratio=1.0).fit(X, noise)
        ElasticNetProxCV(l1_ratio=[0.0, 1.0]).fit(X, noise)
    assert model.alpha_ == 1.1 * top


def test_search__is_silent_where_the_curve_is_flat_or_turns():
    X, y = regression(500, 6, seed=1)
    y = X @ np.arange(6.0)
    diabetes = load_diabetes(return_X_y=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        flat = ElasticNetProxCV(l1_ratio=1.0).fit(X, y)  # without noise the smallest is the best, by next to nothing
        turns = ElasticNetProxCV(l1_ratio=1.0).fit(*diabetes)
    assert flat.alpha_ == flat.alphas_.min()
    assert turns.alpha_ > turns.alphas_.min()


@pytest.mark.parametrize("size", [1e-140, 1e-20, 1e20])
def test_grid__follows_the_units_of_X_and_y(size):
    X, y = regression(60, 4)
    wanted = ElasticNetProxCV(l1_ratio=1.0).fit(X, y)
    small = ElasticNetProxCV(l1_ratio=1.0).fit(X, size * y)
    np.testing.assert_allclose(small.alphas_, size * wanted.alphas_, rtol=1e-9)
    np.testing.assert_allclose(small.coef_, size * wanted.coef_, rtol=1e-5)
    other = ElasticNetProxCV(l1_ratio=1.0).fit(size * X, y)
    np.testing.assert_allclose(other.coef_, wanted.coef_ / size, rtol=1e-5)
    labels = y > np.median(y)
    wanted, other = (LabelSmoothedLogisticCV(l1_ratio=1.0).fit(unit * X, labels) for unit in (1.0, size))
    np.testing.assert_allclose(other.coef_, wanted.coef_ / size, rtol=1e-4)


def test_grid__of_a_constant_target_has_the_null_model():
    X, _ = regression(60, 4)
    assert not ElasticNetProxCV(l1_ratio=1.0).fit(X, np.full(60, 0.1)).coef_.any()
