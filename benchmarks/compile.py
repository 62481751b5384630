"""CPU seconds that a first fit spends on compiling, kernel by kernel, with an empty cache."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

FITS = {
    "ElasticNetProx": "skreg.ElasticNetProx(0.1).fit(X, y)",
    "ElasticNetProxCV": "skreg.ElasticNetProxCV(alphas=5).fit(X, y)",
    "LabelSmoothedLogistic": "skreg.LabelSmoothedLogistic(0.01, l1_ratio=0.5).fit(X, y > 0)",
    "EarlyStoppingRegressor": "skreg.EarlyStoppingRegressor().fit(X, y)",
    "EarlyStoppingClassifier": "skreg.EarlyStoppingClassifier().fit(X, y > 0)",
    "DropoutMLPRegressor": "skreg.DropoutMLPRegressor(max_iter=2).fit(X, y)",
    "DropoutMLPClassifier": "skreg.DropoutMLPClassifier(max_iter=2).fit(X, y > 0)",
}


def configure(parser):
    parser.add_argument("fits", nargs="*", metavar="fit", help=f"of {', '.join(FITS)}; all by default")
    parser.add_argument("--top", type=int, default=12, help="how many kernels to list")
    parser.add_argument("--child", help=argparse.SUPPRESS)


def run(args):
    if args.child:
        print(json.dumps(measure(args.child)))
        return
    for name in args.fits or FITS:
        result = in_new_process(name)
        kernels = result["kernels"]
        total = sum(seconds for _, _, seconds in kernels)
        print(f"\n## {name}\n")
        print(f"First fit {result['first']:.2f} s, of which {total:.2f} s compile {len(kernels)} functions.\n")
        print("| function | types | seconds |\n|---|---|---|")
        for function, types, seconds in sorted(kernels, key=lambda kernel: -kernel[2])[: args.top]:
            print(f"| {function} | {types} | {seconds:.2f} |")


def in_new_process(name):
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, NUMBA_CACHE_DIR=folder)
        command = [sys.executable, "-m", "benchmarks", "compile", "--child", name]
        return json.loads(subprocess.check_output(command, env=environment))


def measure(name):
    """CPU seconds of the first fit, and of every function that it compiles, without the functions that those call."""
    import warnings

    import numpy as np
    from numba.core import event

    import skreg

    open_events, kernels = [], []

    class Listener(event.Listener):
        def on_start(self, event):
            open_events.append([time.process_time(), 0.0])

        def on_end(self, event):
            began, inner = open_events.pop()
            seconds = time.process_time() - began
            if open_events:
                open_events[-1][1] += seconds
            function, types = event.data["dispatcher"].py_func, ", ".join(map(str, event.data["args"]))
            kernels.append((f"{function.__module__}.{function.__qualname__}", types[:60], seconds - inner))

    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 8))
    y = X[:, 0] + rng.standard_normal(300)
    names = {"skreg": skreg, "X": X, "y": y}
    eval(FITS[name].partition("(")[0], names)  # imports
    warnings.simplefilter("ignore")
    with event.install_listener("numba:compile", Listener()):
        began = time.process_time()
        eval(FITS[name], names)
        first = time.process_time() - began
    return {"first": first, "kernels": kernels}
