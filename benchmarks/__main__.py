"""`python -m benchmarks <family>`: each family is a module with `configure(parser)` and `run(args)`."""

import argparse

from . import augment, linear, logistic, mlp, mnist, tabular, uci

FAMILIES = {
    "augment": augment,
    "linear": linear,
    "logistic": logistic,
    "mlp": mlp,
    "mnist": mnist,
    "tabular": tabular,
    "uci": uci,
}


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    families = parser.add_subparsers(required=True, metavar="family")
    for name, module in FAMILIES.items():
        family = families.add_parser(name, help=module.__doc__, description=module.__doc__)
        module.configure(family)
        family.set_defaults(run=module.run)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
