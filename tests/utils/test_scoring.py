"""Scorers: errors name the parameter and keep their type; classes that test rows lack are told."""

from functools import partial

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer, log_loss, make_scorer

from skreg import AugmentationSearchCV, ElasticNetProxCV, LabelSmoothedLogisticCV, PenalizedRegressorCV
from skreg.augmentation import GaussianNoise
from skreg.utils._scoring import read_monitor, score, with_all_classes
from tests.problems import classification

X, CODES = classification(60, 4, 3, seed=1)
MODEL = LogisticRegression().fit(X, CODES)


def raises(error):
    def scorer(estimator, X, y):
        raise error

    return scorer


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ValueError("why"), ValueError),
        (TypeError("why"), TypeError),
        (UnicodeDecodeError("utf-8", b"", 0, 1, "why"), ValueError),
        (MemoryError("why"), MemoryError),
        (ZeroDivisionError("why"), ZeroDivisionError),
    ],
)
def test_score__errors_keep_their_type_and_name_the_monitor(error, kind):
    with pytest.raises(kind, match="why") as caught:
        score(raises(error), "mine", MODEL, X, CODES, None)
    assert type(caught.value) is kind
    text = "\n".join([str(caught.value), *getattr(caught.value, "__notes__", [])])
    assert "monitor='mine' failed, as scorer(estimator, X, y)" in text


def test_score__weights_are_left_out_where_they_say_nothing():
    accuracy, weights = get_scorer("accuracy"), np.arange(60.0)
    assert score(accuracy, "accuracy", MODEL, X, CODES, np.full(60, 2.0)) == MODEL.score(X, CODES)
    assert score(accuracy, "accuracy", MODEL, X, CODES, weights) == MODEL.score(X, CODES, weights)


def test_read_monitor__loss_names_and_scorers():
    assert read_monitor("loss") is None
    assert read_monitor(log_loss) is log_loss
    with pytest.raises(ValueError, match="monitor must be 'loss', the name of a scorer or a scorer; got 'nonsense'"):
        read_monitor("nonsense")


def test_with_all_classes__probabilities_only():
    some = CODES != 2
    scorer = with_all_classes(get_scorer("neg_log_loss"), MODEL.classes_, {})
    expected = -log_loss(CODES[some], MODEL.predict_proba(X[some]), labels=[0, 1, 2])
    assert scorer(MODEL, X[some], CODES[some]) == pytest.approx(expected)
    for unchanged in (get_scorer("f1_macro"), get_scorer("average_precision"), raises(ValueError())):
        assert with_all_classes(unchanged, MODEL.classes_, {}) is unchanged


def test_with_all_classes__what_the_user_says_counts():
    mine = make_scorer(log_loss, response_method="predict_proba", greater_is_better=False, labels=[0, 1])
    assert with_all_classes(mine, MODEL.classes_, {})._kwargs == {"labels": [0, 1]}
    assert with_all_classes(get_scorer("neg_log_loss"), MODEL.classes_, {"labels": [0, 1, 2]})._kwargs == {}
    brier = with_all_classes(get_scorer("neg_brier_score"), np.array(["no", "yes"]), {})._kwargs
    assert brier["pos_label"] == "yes"
    assert get_scorer("neg_brier_score")._kwargs == {}


AUGMENTED = partial(AugmentationSearchCV, MODEL, [GaussianNoise()])


@pytest.mark.parametrize("search", [ElasticNetProxCV, LabelSmoothedLogisticCV, PenalizedRegressorCV, AUGMENTED])
def test_scoring__unknown_names_are_told_before_any_work(search):
    model = search(scoring="rmse")
    start = f"The 'scoring' parameter of {type(model).__name__} must be"
    with pytest.raises(ValueError, match=f"{start} .* Got 'rmse' .* Did you mean 'neg_root_mean_squared_error'"):
        model.fit(X, CODES)
    with pytest.raises(ValueError, match=r"Got 3 instead\.$"):
        model.set_params(scoring=3).fit(X, CODES)
