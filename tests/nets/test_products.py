"""Products of small matrices by the kernel, beside those of NumPy."""

import numpy as np
import pytest

from skreg._nets import products
from skreg._nets.context import Context
from skreg._nets.products import blas_multiplication, multiplication, multiply_places


def _random(*shape, dtype=np.float32):
    return np.random.default_rng(0).standard_normal(shape).astype(dtype)


def _multiplied(function, *args):
    function(*args)
    return function is multiply_places


@pytest.fixture
def any_size(monkeypatch):
    monkeypatch.setattr(products, "_FEWEST", 0)
    monkeypatch.setattr(products, "_FEWEST_TURNED", 0)


@pytest.mark.plain
@pytest.mark.parametrize("turned", ["neither", "first", "second"])
@pytest.mark.parametrize("sizes", [(8, 1, 16), (9, 5, 17), (21, 16, 47), (16, 129, 48), (10, 300, 70), (30, 17, 100)])
def test_products__are_those_of_numpy(any_size, sizes, turned):
    n_rows, n_terms, width = sizes
    a, b = _random(n_rows, n_terms), _random(n_terms, width)
    a = a.T.copy().T if turned == "first" else a
    b = b.T.copy().T if turned == "second" else b
    whole = np.full((n_rows + 1, width), 7.0, np.float32)
    assert _multiplied(*multiplication(a, b, whole[:-1]))
    np.testing.assert_allclose(whole[:-1], a.astype(float) @ b, rtol=0, atol=2e-6 * n_terms)
    np.testing.assert_array_equal(whole[-1], 7.0)


@pytest.mark.plain
@pytest.mark.parametrize("n_terms", [1, 2, 140])
@pytest.mark.parametrize("turned", [False, True])
def test_products__of_matrices_that_lie_side_by_side(any_size, n_terms, turned):
    places, n_rows, width = 3, 11, 20
    a = _random(n_rows, places, n_terms).transpose(1, 0, 2)
    b = _random(places, width, n_terms).transpose(0, 2, 1) if turned else _random(places, n_terms, width)
    out = np.empty((n_rows, places, width), np.float32)
    assert _multiplied(*multiplication(a, b, out.transpose(1, 0, 2)))
    expected = np.einsum("pik,pkj->ipj", a.astype(float), b)
    np.testing.assert_allclose(out, expected, rtol=0, atol=2e-6 * n_terms)


@pytest.mark.plain
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_products__are_added_to_what_is_there(dtype):
    a, b = _random(9, 130, dtype=dtype), _random(130, 80, dtype=dtype)
    out = np.ones((9, 80), dtype)
    steps = (0, 130, 1), (0, 80, 1), (0, 80, 1)
    multiply_places(a.ravel(), steps[0], b.ravel(), steps[1], out.reshape(-1), steps[2], (1, 9, 130, 80), True)
    np.testing.assert_allclose(out, 1.0 + a @ b, rtol=0, atol=100 * np.finfo(dtype).eps * 12)


@pytest.mark.plain
def test_products__of_processors_with_few_registers(any_size, monkeypatch):
    if hasattr(multiply_places, "py_func"):
        pytest.skip("compiled for this processor")
    monkeypatch.setattr(products, "_ROWS", 6)
    monkeypatch.setattr(products, "_MOST_VECTORS", 1)
    monkeypatch.setattr(products, "_PANEL", 16)
    a, b, out = _random(13, 150), _random(150, 41), np.empty((13, 41), np.float32)
    assert _multiplied(*multiplication(a, b, out))
    np.testing.assert_allclose(out, a @ b, rtol=0, atol=2e-4)


@pytest.mark.plain
@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_products__not_finite_numbers_stay(any_size, number):
    a, b, out = _random(9, 20), _random(20, 33), np.empty((9, 33), np.float32)
    a[8, 19] = number
    assert _multiplied(*multiplication(a, b, out))
    assert np.isfinite(out[:8]).all()
    assert not np.isfinite(out[8]).any()


@pytest.mark.parametrize("shape", [(100, 100, 100), (300, 64, 250), (200, 250, 20)])
def test_products__of_few_hundred_columns_are_those_of_the_kernel(shape):
    n_rows, n_terms, width = shape
    a, b, out = _random(n_rows, n_terms), _random(n_terms, width), np.empty((n_rows, width), np.float32)
    assert _multiplied(*multiplication(a, b, out))
    np.testing.assert_allclose(out, a @ b, rtol=0, atol=1e-4)


@pytest.mark.parametrize("shape", [(30, 30, 30), (5, 1000, 500), (1000, 100, 15), (100, 100, 1000), (0, 100, 100)])
def test_products__that_blas_is_faster_with(shape):
    n_rows, n_terms, width = shape
    a, b, out = _random(n_rows, n_terms), _random(n_terms, width), np.empty((n_rows, width), np.float32)
    assert not _multiplied(*multiplication(a, b, out))
    np.testing.assert_allclose(out, a @ b, rtol=0, atol=1e-6)


def test_products__of_rows_that_nobody_may_write():
    # kernels are compiled for arrays that may be written; the rows of a memory map may not
    a, b, out = _random(100, 100), _random(100, 100), np.empty((100, 100), np.float32)
    a.flags.writeable = False
    assert not _multiplied(*multiplication(a, b, out))
    np.testing.assert_allclose(out, a @ b, rtol=0, atol=1e-6)


def _packed(rows):
    """Rows that begin 801 bytes after each other."""
    packed = np.zeros(200, [("x", "f4", (200,)), ("y", "i1")])
    packed["x"] = rows
    return packed["x"]


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x[::-1],
        lambda x: x[:, ::-1],
        _packed,
        lambda x: x.astype(float),
        lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    ],
)
@pytest.mark.parametrize("which", range(3))
def test_products__with_other_steps_or_types(change, which):
    a, b, out = (_random(200, 200) for _ in range(3))
    arrays = [a, b, out]
    arrays[which] = change(arrays[which])
    expected = arrays[0].astype(float) @ arrays[1]
    if which == 2 or len({array.dtype for array in arrays}) > 1:
        # `np.dot` takes an `out` in C order, and one type
        assert multiplication(*arrays)[0] is np.dot
        return
    function, *args = multiplication(*arrays)
    function(*args)
    np.testing.assert_allclose(out, expected, rtol=0, atol=1e-3)


def test_products__in_double_precision_are_those_of_blas():
    a, b, out = (_random(200, 200, dtype=float) for _ in range(3))
    assert not _multiplied(*multiplication(a, b, out))


def test_products__of_vectors(any_size):
    for dtype, width, by_kernel in ((np.float32, 20, True), (np.float32, 600, False), (float, 20, False)):
        a, b = _random(3, 9, 1, dtype=dtype), _random(3, 1, width, dtype=dtype)
        out = np.empty((9, 3, width), dtype)
        assert _multiplied(*multiplication(a, b, out.transpose(1, 0, 2))) == by_kernel
        np.testing.assert_allclose(out.transpose(1, 0, 2), a * b, rtol=1e-6)


@pytest.mark.parametrize("places", [(), (3,)])
@pytest.mark.parametrize("turned", [False, True])
def test_products__by_blas(places, turned):
    a, b = _random(*places, 40, 7), _random(*places, 7, 30)
    b = np.ascontiguousarray(b.swapaxes(-1, -2)).swapaxes(-1, -2) if turned else b
    out = np.empty((*places, 40, 30), np.float32)
    function, *args = blas_multiplication(a, b, out)
    function(*args)
    np.testing.assert_allclose(out, a @ b, rtol=0, atol=1e-5)


def test_products__with_several_threads_are_those_of_blas():
    ctx, (a, b, out) = Context(), (_random(100, 100) for _ in range(3))
    assert ctx.multiplication(a, b, out)[0] is multiply_places
    ctx.one_thread = False
    assert ctx.multiplication(a, b, out)[0] is not multiply_places
