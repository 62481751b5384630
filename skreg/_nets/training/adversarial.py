"""Generative adversarial training: a generator of rows, and a discriminator that tells them from training rows."""

from typing import NamedTuple

import numpy as np
from scipy.special import expit

from ...utils._early_stopping import BestValue
from ...utils._threads import one_blas_thread
from ..base import Chain
from ..context import Context
from ..layers.activations import ACTIVATIONS, BiasActivationDropout
from ..layers.dense import Bias, Dense
from ..net import Net
from ..weights import SpectralNorm
from .averaging import Average
from .evaluation import scores
from .optimizer import GroupPenalty, Optimizer

ADAM_BETA1 = 0.5  # of Radford et al. (2016): more momentum makes the two nets circle around each other
AVERAGE_DECAY = 0.999  # of the running mean of the generator (Yazici et al. 2019), or the last tenth of few steps
POWER_ITERATIONS = 1  # of a step, as Miyato et al. (2018) have it: weights change little from one to the next
SLOWDOWN = 0.5  # share of the steps after which learning rates fall to 0, linearly
N_EVALUATIONS = 20  # of the distance to validation rows, at equal numbers of steps


class AdversarialOptions(NamedTuple):
    """How the two nets look and train.

    Attributes
    ----------
    hidden_layer_sizes : tuple of int
        Of both nets.
    n_noise : int
        Noise inputs of the generator.
    n_steps : int
    batch_size : int
    pack : int
        Rows that the discriminator judges together, so that it sees their variety (PacGAN, Lin et al. 2018).
    learning_rate : float
    """

    hidden_layer_sizes: tuple
    n_noise: int
    n_steps: int
    batch_size: int
    pack: int
    learning_rate: float


def build_net(sizes, width_out, activation, gain, hook, n_inputs, rng):
    """A perceptron; ``hook()`` makes the transformation of the weights of every layer, None for none."""
    layers = []
    for k, size in enumerate(sizes):
        layers += [Dense(size, f"hidden{k + 1}", gain, hook()), BiasActivationDropout(ACTIVATIONS[activation])]
    return Net(Chain(*layers, Dense(width_out, "output", 1.0, hook()), Bias()), (n_inputs,), rng)


class Player:
    """One of the two nets with its gradients and its optimizer."""

    def __init__(self, net):
        self.net = net
        self.context = Context(train=True, noisy=True, gradient=True)
        self.context.set_gradients(net.views(net.grad))
        self.optimizer = Optimizer(net, "adam", ADAM_BETA1)
        self.optimizer.configure(net, 0.0, dict.fromkeys(net.segment_groups, GroupPenalty()), None)

    def __call__(self, x):
        """Output for a batch, and its backward pass."""
        self.context.set_batch(None)
        self.context.begin_gradients()
        return self.net(x, self.context)

    def step(self, rate):
        self.context.end_gradients(self.net.trained)
        self.optimizer.step(self.net, rate)


def check_finite(values, n_done, rate):
    """Raise ValueError for losses and the like that are not finite."""
    if not np.isfinite(values).all():
        raise ValueError(f"the training diverged in step {n_done}: lower learning_rate={rate:g}.")


class BestGenerator:
    """The state of the running mean of a generator at which its rows were nearest to validation rows.

    Parameters
    ----------
    distance : callable
        ``distance(sample)`` is that of rows of ``sample(conditions, rng)``, which is `AdversarialPair.sample`.
    n_steps : int
        Of the training.
    patience : int or None
        Evaluations without improvement after which training stops; None for no limit.

    Attributes
    ----------
    curve : list of pair
        Steps of training, and the distance after them.
    """

    def __init__(self, distance, n_steps, patience):
        self.distance = distance
        self.due = set(np.linspace(0, n_steps, N_EVALUATIONS + 1).astype(int)[1:].tolist()) - {0}
        self.best = BestValue("distance", patience)
        self.curve = []
        self.state = None

    def evaluate(self, pair, average, n_done):
        """Look at the running mean of the generator after some steps; returns whether to stop."""
        if n_done not in self.due:
            return False
        net, now = pair.generator, pair.generator.snapshot()
        average.load_into(net)
        value = self.distance(pair.sample)
        check_finite(value, n_done, pair.options.learning_rate)
        self.curve.append((n_done, value))
        if self.best.update(value, n_done, f"after {n_done} steps"):
            self.state = net.snapshot()
        net.restore(now)
        return self.best.stopped


class AdversarialPair:
    """A generator of rows given conditions, trained against a discriminator with spectral normalization.

    The losses are those of Goodfellow et al. (2014), of the generator the non-saturating one. Spectral normalization
    of all layers of the discriminator (Miyato et al. 2018) bounds its slope, so that no gradient penalty is needed.

    Parameters
    ----------
    n_numbers : int
        Features that are numbers; the others are one-hot levels of categories.
    levels : object
        ``n``, their number, and ``draw(logits, rng)``, which gives drawn levels, one-hot, and their backward pass.
    n_conditions : int
    options : AdversarialOptions
    rng : numpy.random.Generator
    """

    def __init__(self, n_numbers, levels, n_conditions, options, rng):
        self.options = options
        self.n_numbers, self.levels = n_numbers, levels
        self.n_features = n_features = n_numbers + levels.n
        sizes, seen = options.hidden_layer_sizes, options.pack * (n_features + n_conditions)
        inputs = options.n_noise + n_conditions
        self.generator = build_net(sizes, n_features, "relu", 2.0, tuple, inputs, rng)
        self.discriminator = build_net(
            sizes, 1, "leaky_relu", 2.0, lambda: (SpectralNorm(POWER_ITERATIONS),), seen, rng
        )
        self.discriminator.layer.trace(True)  # the generator's gradient comes through all of it

    def train(self, draw, rng, best=None):
        """Train both nets, and keep the running mean of the generator, at the end or where it was best.

        Parameters
        ----------
        draw : callable
            ``draw(n, rng)`` gives training rows (n, n_features) and their conditions (n, n_conditions).
        rng : numpy.random.Generator
        best : BestGenerator, default=None

        Returns
        -------
        losses : ndarray of shape (n_done, 2)
            Of the discriminator and of the generator.

        Raises
        ------
        ValueError
            Where losses, parameters or distances are not finite.
        """
        options = self.options
        generator, discriminator = Player(self.generator), Player(self.discriminator)
        average = Average(self.generator, lambda t: min(AVERAGE_DECAY, 1.0 - 10.0 / (t + 10.0)))
        losses = np.empty((options.n_steps, 2))
        n = options.pack * max(options.batch_size // options.pack, 1)
        # overflow makes losses infinite or NaN, which is an error below
        with one_blas_thread(), np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for step in range(options.n_steps):
                rate = options.learning_rate * min((1.0 - step / options.n_steps) / (1.0 - SLOWDOWN), 1.0)
                rows, conditions = draw(n, rng)
                out, back = generator(self._inputs(conditions, rng))
                drawn, through = self.levels.draw(out[:, self.n_numbers :], rng)
                made = np.hstack([out[:, : self.n_numbers], drawn])
                losses[step, 0] = self._discriminate(discriminator, rows, made, conditions, rate)
                losses[step, 1], d = self._judge(discriminator, made, conditions)
                check_finite(losses[step], step + 1, options.learning_rate)
                back(np.hstack([d[:, : self.n_numbers], through(d[:, self.n_numbers :])]))
                generator.step(rate)
                average(self.generator)
                if best is not None and best.evaluate(self, average, step + 1):
                    break
        if best is None:
            average.load_into(self.generator)
        else:
            self.generator.restore(best.state)
        check_finite(self.generator.theta, step + 1, options.learning_rate)
        return losses[: step + 1]

    def sample(self, conditions, rng):
        """Numbers and logits of levels for some conditions (n, n_conditions)."""
        out = scores(self.generator, self._inputs(conditions, rng))
        return out[:, : self.n_numbers], out[:, self.n_numbers :]

    def _inputs(self, conditions, rng):
        noise = rng.standard_normal((len(conditions), self.options.n_noise), dtype=np.float32)
        return np.hstack([noise, conditions.astype(np.float32)])

    def _packed(self, rows, conditions):
        both = np.hstack([rows, conditions]).astype(np.float32, copy=False)
        return both.reshape(len(rows) // self.options.pack, -1)

    def _discriminate(self, player, rows, made, conditions, rate):
        """One step of the discriminator; returns its loss."""
        real, false = self._packed(rows, conditions), self._packed(made, conditions)
        z, back = player(np.concatenate([real, false]))
        is_real = np.repeat(np.float32([1.0, 0.0]), len(real))[:, None]
        loss = np.logaddexp(0.0, np.where(is_real, -z, z)).mean()
        back((expit(z) - is_real) / np.float32(len(z)))
        player.step(rate)
        return loss

    def _judge(self, player, made, conditions):
        """The loss of the generator for the rows that it made, and its gradient by them."""
        z, back = player(self._packed(made, conditions))
        d = back(-expit(-z) / np.float32(len(z))).reshape(len(made), -1)
        return np.logaddexp(0.0, -z).mean(), d[:, : self.n_features]
