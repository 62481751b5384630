"""Normalization of X and y: accuracy of means and scales, constant columns."""

import numpy as np
import pytest
import scipy.sparse as sp

from skreg._core.data import as_data
from skreg._core.parts.designs import col_dots

pytestmark = pytest.mark.plain


@pytest.mark.parametrize("ratio", [1e3, 1e7, 1e10])
def test_data__means_that_dwarf_the_deviations(ratio):
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((200, 3))
    X = np.asfortranarray(noise + ratio)
    exact = X - ratio  # exact in floating point: what X really holds
    data = as_data(X, noise[:1, 0] + np.zeros((1, 200)) + noise[:, 1], None, True)
    Z = exact - exact.mean(axis=0)
    np.testing.assert_allclose(data.spread, Z.std(axis=0), rtol=1e-10)
    Z /= np.linalg.norm(Z, axis=0)
    np.testing.assert_allclose(data.gram, Z.T @ Z, atol=1e-10)


def test_data__a_column_is_constant_to_rounding():
    X = np.full((100, 3), 0.1)
    X[0, 1] += 1e-9
    data = as_data(np.asfortranarray(X), np.arange(100.0)[None], None, True)
    assert data.scale[0] == 0.0
    assert data.scale[1] > 0.0


@pytest.mark.parametrize("weighted", [False, True])
def test_data__products_of_sparse_columns_far_from_zero_are_those_of_dense_columns(weighted):
    rng = np.random.default_rng(0)
    X = sp.random(80, 6, 0.3, random_state=rng).toarray()
    X[:, [1, 4]] = 2000.0 + rng.standard_normal((80, 2))
    h = rng.integers(0, 3, 80).astype(float) if weighted else np.ones(80)
    targets = rng.standard_normal((1, 80))
    dense, data = (as_data(kind(X), targets, h, True) for kind in (np.asfortranarray, sp.csc_array))
    assert not data.centred_late
    np.testing.assert_allclose(data.gram, dense.gram, atol=1e-12)
    some, more = np.array([4, 0]), np.array([1, 2, 4, 0])
    np.testing.assert_allclose(data.cross(some, more), dense.gram[np.ix_(some, more)], atol=1e-12)
    parts = slice(5, 30), np.array([2, 3, 70])
    for found, expected in zip(data.moments_of(parts), dense.moments_of(parts), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-11)


def test_data__inner_products_pay_where_x_has_far_more_entries():
    def pays(n, p, density=None):
        X = np.ones((n, p), order="F") if density is None else sp.random(n, p, density, "csc", random_state=0)
        return as_data(X, np.arange(float(n))[None], None, True).gram_pays

    assert pays(50, 10)
    assert not pays(49, 10)
    assert pays(1500, 300)
    assert pays(1500, 200, 0.01)  # few columns
    assert not pays(1500, 300, 0.1)
    assert pays(15500, 300, 0.1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_data__few_sparse_columns_are_copied_in_the_order_of_the_working_set(dtype):
    rng = np.random.default_rng(0)
    X = sp.random(30, 20, 0.3, format="csc", random_state=rng).astype(dtype)
    data = as_data(X, np.ones((1, 30)), None, True)
    every = data.restrict(None, np.arange(20))
    assert every.data is data.X.data  # most columns: no second copy of X
    A, cols = data.restrict(None, np.empty(0, np.int64)), np.array([7, 3, 11])
    for new in (cols[:2], cols[2:]):
        A = data.restrict(A, new)
    assert A.data.size == X[:, cols].nnz
    assert [part.dtype for part in A[:3]] == [part.dtype for part in every[:3]]  # one compiled variant
    assert not any(part.flags.writeable for part in A[:3])
    r = np.append(rng.standard_normal(30), 0.5)
    few, all_of_them = np.empty(3), np.empty(20)
    col_dots(A, np.arange(3), r, few)
    col_dots(every, np.arange(20), r, all_of_them)
    np.testing.assert_array_equal(few, all_of_them[cols])
