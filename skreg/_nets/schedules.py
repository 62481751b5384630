"""Learning rates as functions of the share of training that is done."""

import math


def constant(share):
    return 1.0


def cosine(share):
    """From 1 to 0 along a cosine (Loshchilov & Hutter 2017, eq. 5, without restarts)."""
    return 0.5 * (1.0 + math.cos(math.pi * share))


def one_cycle(share):
    """From 1/25 up to 1 in three tenths of the time, and down to nearly 0 (Smith & Topin 2019)."""
    if share < 0.3:
        return 0.04 + 0.96 * 0.5 * (1.0 - math.cos(math.pi * share / 0.3))
    return cosine((share - 0.3) / 0.7)


def step(share):
    """A tenth after half of the time, a hundredth after three quarters (He et al. 2016, section 4.2)."""
    return 1.0 if share < 0.5 else 0.1 if share < 0.75 else 0.01


def exponential(share):
    """From 1 to 1/100, by the same factor at every step."""
    return 0.01**share


SCHEDULES = {
    "constant": constant,
    "cosine": cosine,
    "one-cycle": one_cycle,
    "step": step,
    "exponential": exponential,
}


def rate_at(step, steps, schedule, warmup):
    """The factor on the learning rate at a step: linear over the first `warmup` steps, then the schedule."""
    if step < warmup:
        return (step + 1.0) / (warmup + 1.0)
    return SCHEDULES[schedule]((step - warmup) / max(steps - warmup, 1))
