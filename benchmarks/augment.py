"""Augmentation: speed beside other libraries, MNIST with shifts and rotations, and a hundred labels."""

import statistics
import time
import warnings
from importlib.util import find_spec

import numpy as np
import scipy.ndimage
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.svm import SVC

from skreg import AugmentedClassifier, DropoutMLPClassifier
from skreg.augmentation import (
    AddGaussianSNR,
    ColorJitter,
    Compose,
    Cutout,
    Flip,
    GaussianNoise,
    Mixup,
    PitchShift,
    RandomCrop,
    Rotate,
    Shift,
    TimeStretch,
)

from . import generated, policies, report
from .linear import names
from .problems import image_rows

NOTE = (
    """\
Speed: median of three runs, in which the libraries take turns on the same rows: MNIST images (float32, 28 x 28), or
waves of one second at 16 kHz. "NumPy loop" changes one image at a time by the obvious NumPy or scipy.ndimage function;
albumentations and audiomentations also take one at a time. Operations are similar, not identical: `Erasing` draws the
size of its rectangle, `Affine` moves by whole pixels, and each library has its own default amount of noise.

Digits: error on the 10,000 test images of MNIST after training on 60,000 images, or on these and their copies, for the
same number of steps. Test images decide nothing. Few labels: error on the rest of scikit-learn's digits after training
on 100 of them; mean over 20 random choices, with its standard error. `C` weighs a sum over rows against the penalty, so
it is divided by the number of copies.

"""
    + policies.NOTE
    + "\n"
    + generated.NOTE
)

PARTS = ("speed", "augmented", "few", "policies", "generated", "stopping")


def loop(change):
    """Apply a function to one image at a time."""

    def run(images, rng):
        return np.stack([change(image, rng) for image in images])

    return run


def rotated(image, rng):
    return scipy.ndimage.rotate(image, rng.uniform(-15.0, 15.0), reshape=False, order=1)


def shifted(image, rng):
    return scipy.ndimage.shift(image, rng.uniform(-2.0, 2.0, 2), order=1)


def cropped(image, rng):
    top, left = rng.integers(0, 5, 2)
    return np.pad(image, 2)[top : top + 28, left : left + 28]


def flipped(image, rng):
    return image[:, ::-1] if rng.random() < 0.5 else image


def cut(image, rng):
    top, left = rng.integers(0, 23, 2)
    image = image.copy()
    image[top : top + 6, left : left + 6] = 0.0
    return image


def jittered(image, rng):
    image = image * rng.uniform(0.8, 1.2)
    mean = image.mean()
    return np.clip(mean + rng.uniform(0.8, 1.2) * (image - mean), 0.0, 1.0)


def noisy(image, rng):
    return image + 0.1 * rng.standard_normal(image.shape, np.float32)


def albumentations_of(name, **params):
    """A transform of albumentations, applied to one image at a time; None if it is not installed."""
    if not find_spec("albumentations"):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import albumentations

        transform = albumentations.Compose([getattr(albumentations, name)(**params)], seed=0)
    return lambda images, rng: np.stack([transform(image=image)["image"] for image in images])


def audiomentations_of(name, **params):
    if not find_spec("audiomentations"):
        return None
    import audiomentations

    transform = getattr(audiomentations, name)(p=1.0, **params)
    return lambda waves, rng: np.stack([transform(samples=wave, sample_rate=16000) for wave in waves])


def images(n):
    """Images to time: MNIST, or enlarged digits of scikit-learn where MNIST is not available."""
    found = image_rows()
    if found is not None:
        return found[0][:n].reshape(-1, 28, 28)
    small = load_digits().images.astype(np.float32) / 16.0
    return np.resize(scipy.ndimage.zoom(small, (1, 3.5, 3.5), order=1), (n, 28, 28))


def waves(n):
    """Waves: tones with noise."""
    rng = np.random.default_rng(0)
    time_ = np.arange(16000) / 16000.0
    tones = np.sin(2.0 * np.pi * rng.uniform(100.0, 2000.0, (n, 1)) * time_)
    return (tones + 0.1 * rng.standard_normal((n, 16000))).astype(np.float32)


SPEED = {
    "rotation": (images, 4096, Rotate(15.0), loop(rotated), ("Rotate", dict(limit=15, p=1.0))),
    "shift": (images, 4096, Shift(2.0), loop(shifted), ("Affine", dict(translate_px=(-2, 2), p=1.0))),
    "padded crop": (images, 4096, RandomCrop(2), loop(cropped), None),
    "flip": (images, 4096, Flip(0.5), loop(flipped), ("HorizontalFlip", dict(p=0.5))),
    "cutout": (images, 4096, Cutout(6), loop(cut), ("Erasing", dict(p=1.0))),
    "brightness and contrast": (
        images, 4096, ColorJitter(saturation=0.0), loop(jittered),
        ("RandomBrightnessContrast", dict(p=1.0)),
    ),
    "Gaussian noise": (images, 4096, GaussianNoise(0.1), loop(noisy), ("GaussNoise", dict(p=1.0))),
    "noise at a ratio": (
        waves, 256, AddGaussianSNR(10.0, 30.0), None, ("AddGaussianSNR", dict(min_snr_db=10.0, max_snr_db=30.0)),
    ),
    "time stretch": (waves, 256, TimeStretch(0.9, 1.1), None, ("TimeStretch", dict(min_rate=0.9, max_rate=1.1))),
    "pitch shift": (waves, 256, PitchShift(-2.0, 2.0), None, ("PitchShift", dict(min_semitones=-2, max_semitones=2))),
}  # fmt: skip


def peers_of(name):
    make, n, ours, by_hand, peer = SPEED[name]
    found = {"skreg": ours.perturb}
    if by_hand:
        found["NumPy loop"] = by_hand
    if peer:
        library, maker = (
            ("audiomentations", audiomentations_of) if make is waves else ("albumentations", albumentations_of)
        )
        found[library] = maker(peer[0], **peer[1])
    return {library: call for library, call in found.items() if call is not None}, make, n


def race(name, small):
    """Rows per second of all libraries, which take turns."""
    calls, make, n = peers_of(name)
    X = make(64 if small else n)
    seconds = {library: [] for library in calls}
    for call in calls.values():
        call(X[:8], np.random.default_rng(0))
    for turn in range(1 if small else 3):
        for library, call in calls.items():
            start = time.perf_counter()
            call(X, np.random.default_rng(turn))
            seconds[library].append(time.perf_counter() - start)
    rates = {library: len(X) / statistics.median(own) for library, own in seconds.items()}
    return [
        dict(solver=library, rate=rate, **({} if library == "skreg" else dict(times=rates["skreg"] / rate)))
        for library, rate in rates.items()
    ]


SHAPE = (28, 28)
NET = dict(
    hidden_layer_sizes=(1500, 1500), normalization="batch", dropout=0.2, learning_rate=0.003, schedule="cosine",
    warmup=0.02, batch_size=256, weight_decay=0.0, l1=0.0, averaging="ema", early_stopping=False,
)  # fmt: skip
AUGMENTED = {
    "without": (None, 0, 96),
    "shifts and rotations": (Compose([Rotate(10.0, image_shape=SHAPE), RandomCrop(2, image_shape=SHAPE)]), 15, 6),
}


def train_on_digits(name, small):
    """A row with the test error; None where the images are not available."""
    found = image_rows()
    if found is None:
        print("MNIST is not available: set SKREG_MNIST")
        return None
    X, y, X_test, y_test = found
    augmenter, copies, epochs = AUGMENTED[name]
    n = 1000 if small else len(y)
    model = DropoutMLPClassifier(**NET, max_iter=1 if small else epochs, random_state=0)
    if augmenter is not None:
        model = AugmentedClassifier(model, augmenter, n_copies=2 if small else copies, random_state=0)
    start = time.perf_counter()
    model.fit(X[:n], y[:n])
    seconds = time.perf_counter() - start
    error = 100.0 * float(np.mean(model.predict(X_test) != y_test))
    return dict(solver=f"skreg, {name}", error=error, seconds=seconds)


def few_labels(draws):
    """Rows with the errors for a hundred labels."""
    X, y = load_digits(return_X_y=True)
    X = X / 16.0
    moved = Shift(1.0, order=3, image_shape=(8, 8))
    turned = Compose([Rotate(12.0, order=3, image_shape=(8, 8)), moved])
    models = {
        "support vectors": lambda copies: SVC(C=10.0 / (1 + copies)),
        "logistic regression": lambda copies: LogisticRegression(C=1.0 / (1 + copies), max_iter=2000),
        "DropoutMLPClassifier": lambda copies: DropoutMLPClassifier(early_stopping=False, random_state=0),
    }
    mixed = Compose([moved, Mixup(0.4)])
    augmenters = {"": None, ", shifts": moved, ", shifts and rotations": turned, ", shifts and mixup": mixed}
    errors, copies = {}, 15
    for train, test in StratifiedShuffleSplit(draws, train_size=100, random_state=0).split(X, y):
        for name, make in models.items():
            for suffix, augmenter in augmenters.items():
                model = make(0)
                if augmenter is not None:
                    model = AugmentedClassifier(make(copies), augmenter, n_copies=copies, random_state=0)
                error = 100.0 * float(np.mean(model.fit(X[train], y[train]).predict(X[test]) != y[test]))
                errors.setdefault(name + suffix, []).append(error)
    return [
        dict(solver=name, error=statistics.mean(own), error_error=float(np.std(own, ddof=1) / np.sqrt(len(own))))
        for name, own in errors.items()
    ]


def configure(parser):
    parser.add_argument("--parts", type=names(PARTS), default=list(PARTS), help=", ".join(PARTS))
    problems = [*SPEED, *AUGMENTED, *policies.TASKS, *generated.TASKS]
    parser.add_argument(
        "--problems", type=names(problems), default=problems, help="some of the rows of the first parts"
    )
    parser.add_argument("--small", action="store_true", help="few rows, and one epoch; written only to --out")
    parser.add_argument("--out", help="folder of augment.json and augment.md (default: docs/benchmarks)")


def book(folder):
    return report.Book(
        "augment",
        folder,
        [*SPEED, *AUGMENTED, *policies.TASKS, *generated.TASKS, "all", "all tables", "other tables"],
        PARTS,
        NOTE,
    )


def run(args):
    pages = book(report.folder(args))
    for name in args.problems:
        if name in SPEED and "speed" in args.parts:
            pages.enter("speed", name, repr(SPEED[name][2]), rows=race(name, args.small))
        if name in AUGMENTED and "augmented" in args.parts:
            row = train_on_digits(name, args.small)
            if row is not None:
                about = ", ".join(f"{key}={value}" for key, value in NET.items())
                augmenter, copies, epochs = AUGMENTED[name]
                about += f"; {augmenter!r}, {copies} copies" if augmenter else ""
                pages.enter("augmented", name, f"{about}, max_iter={epochs}", rows=[row])
        if name in policies.TASKS and "policies" in args.parts:
            rows = policies.compare(name, args.small)
            if rows is not None:
                pages.enter("policies", name, policies.about(name), rows=rows)
        if name in generated.TASKS and "generated" in args.parts:
            pages.enter("generated", name, generated.about(name), rows=generated.compare(name, args.small))
    if "generated" in args.parts:
        entries = [entry for entry in pages.entries("generated") if entry["problem"] != "all tables"]
        if entries:
            pages.enter("generated", "all tables", "loss / loss without", rows=generated.summary(entries))
    if "stopping" in args.parts:
        about = f"{generated.STOPPING_TASKS} training rows".replace("'", "")
        pages.enter("stopping", "other tables", about, rows=generated.compare_stopping(args.small))
    if "few" in args.parts:
        pages.enter("few", "all", "100 labels", rows=few_labels(2 if args.small else 20))
