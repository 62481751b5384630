"""Versions of dependencies whose interfaces differ."""

import pytest
import scipy
import sklearn
from sklearn.utils.fixes import parse_version

SKLEARN_1_9 = parse_version(sklearn.__version__) >= parse_version("1.9.0")
SKLEARN_1_8 = parse_version(sklearn.__version__) >= parse_version("1.8.0")  # logistic regression without `penalty`
SKLEARN_1_7 = parse_version(sklearn.__version__) >= parse_version("1.7.0")  # paths take the number of `alphas`

# The non-negative least squares of older versions do not converge where columns are collinear.
needs_nnls = pytest.mark.skipif(parse_version(scipy.__version__) < parse_version("1.15.0"), reason="SciPy >= 1.15")
# The Brier score of older versions takes two classes; scores of probabilities relative to those of the frequencies of
# classes have no names there.
needs_brier = pytest.mark.skipif(not SKLEARN_1_7, reason="scikit-learn >= 1.7")
needs_d2 = pytest.mark.skipif(not SKLEARN_1_8, reason="scikit-learn >= 1.8")
