"""What a bug report contains."""

import narwhals
import numba
import sklearn

import skreg


def test_show_versions__show_versions(capsys):
    skreg.show_versions()
    out = capsys.readouterr().out
    for line in (
        f"skreg: {skreg.__version__}",
        f"scikit-learn: {sklearn.__version__}",
        f"numba: {numba.__version__}",
        f"narwhals: {narwhals.__version__}",
        "polars: ",
        "threading layer: ",
        "user_api: blas",
        "num_threads: ",
        "cache folder: ",
    ):
        assert f"    {line}" in out
