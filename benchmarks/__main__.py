"""`python -m benchmarks <family>`: each family is a module with `configure(parser)` and `run(args)`."""

import argparse

from . import (
    augment,
    cnn,
    compile,
    diagnose,
    effects,
    goals,
    images,
    linear,
    logistic,
    mlp,
    mnist,
    penalties,
    recommender,
    report,
    rnn,
    scale,
    tabular,
    transfer,
    transformer,
    uci,
    uncertainty,
)

FAMILIES = {
    "augment": augment,
    "cnn": cnn,
    "diagnose": diagnose,
    "compile": compile,
    "effects": effects,
    "goals": goals,
    "images": images,
    "linear": linear,
    "logistic": logistic,
    "mlp": mlp,
    "mnist": mnist,
    "penalties": penalties,
    "recommender": recommender,
    "rnn": rnn,
    "scale": scale,
    "tabular": tabular,
    "transfer": transfer,
    "transformer": transformer,
    "uci": uci,
    "uncertainty": uncertainty,
}


def render(_):
    for module in FAMILIES.values():
        if module not in (compile, goals):  # the one only prints, the other reads the pages
            module.book(report.RESULTS).render()


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    families = parser.add_subparsers(required=True, metavar="family")
    for name, module in FAMILIES.items():
        text = module.__doc__.replace("%", "%%")  # argparse formats it
        family = families.add_parser(name, help=text, description=module.__doc__)
        module.configure(family)
        family.set_defaults(run=module.run)
    pages = families.add_parser("render", help="Write all pages anew from their results, without measuring anything.")
    pages.set_defaults(run=render)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
