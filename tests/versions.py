"""Versions of dependencies whose interfaces differ."""

import pytest
import scipy
import sklearn
from sklearn.utils.fixes import parse_version

SKLEARN_1_9 = parse_version(sklearn.__version__) >= parse_version("1.9.0")
SKLEARN_1_8 = parse_version(sklearn.__version__) >= parse_version("1.8.0")  # logistic regression without `penalty`

# The non-negative least squares of older versions do not converge where columns are collinear.
needs_nnls = pytest.mark.skipif(parse_version(scipy.__version__) < parse_version("1.15.0"), reason="SciPy >= 1.15")
