"""Versions of dependencies whose interfaces differ."""

import sklearn
from sklearn.utils.fixes import parse_version

SKLEARN_1_8 = parse_version(sklearn.__version__) >= parse_version("1.8.0")  # logistic regression without `penalty`
