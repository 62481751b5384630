"""Checks of data that all estimators share."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.ensemble import GradientBoostingRegressor

from skreg import DropoutMLPRegressor, EarlyStoppingRegressor, ElasticNetProx, LabelSmoothedLogistic

TEXT = {
    "pandas": pd.DataFrame({"a": np.arange(8.0), "city": ["Oslo", "Rome"] * 4}),
    "object": pd.DataFrame({"a": np.arange(8.0), "city": ["Oslo", "Rome"] * 4}, dtype=object),
    "category": pd.DataFrame({"a": np.arange(8.0), "city": pd.Categorical(["Oslo", "Rome"] * 4)}),
    "polars": pl.DataFrame({"a": np.arange(8.0), "city": ["Oslo", "Rome"] * 4}),
}


@pytest.mark.parametrize("kind", TEXT)
@pytest.mark.parametrize(
    "model", [ElasticNetProx(), LabelSmoothedLogistic(), EarlyStoppingRegressor(), DropoutMLPRegressor()], ids=str
)
def test_check_table__names_the_column_of_text(model, kind):
    with pytest.raises(ValueError, match=r"^X holds text in column 'city', such as 'Oslo': encode it"):
        model.fit(TEXT[kind], np.arange(8) % 2)


def test_check_table__numbers_as_objects_are_numbers():
    X = pd.DataFrame({"a": np.arange(8.0), "b": np.arange(8) % 3})
    y = np.arange(8.0) ** 2
    plain = ElasticNetProx(0.1).fit(X, y)
    for other in (X.astype(object), X.assign(b=X["b"].astype("category")), X.assign(b=X["b"].astype(str))):
        np.testing.assert_allclose(ElasticNetProx(0.1).fit(other, y).coef_, plain.coef_)


def test_numeric_targets__complex_numbers_are_refused():
    for model in (EarlyStoppingRegressor(GradientBoostingRegressor()), EarlyStoppingRegressor()):
        with pytest.raises(ValueError, match=r"^Complex data not supported"):
            model.fit(np.arange(20.0)[:, None], np.arange(20) * 1j)
