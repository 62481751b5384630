"""How far a diagnosis is: a bar where rich is installed and somebody sits at a terminal, else lines on request."""

import sys


class Progress:
    """Counts sets of fits; a context manager.

    Parameters
    ----------
    verbose : bool or None
        True always shows progress, False never; None shows a bar in a terminal, where rich is installed.
    """

    def __init__(self, verbose):
        self.verbose = verbose
        self.done, self.total = 0, 1
        self._bar = self._task = None

    def __enter__(self):
        if self.verbose is not False and (self.verbose or sys.stderr.isatty()):
            self._bar = _rich_bar()
        if self._bar is not None:
            self._bar.start()
            self._task = self._bar.add_task("diagnose", total=self.total)
        return self

    def __exit__(self, *exc):
        if self._bar is not None:
            self._bar.stop()

    def expect(self, n):
        """Announce n more sets of fits."""
        self.total += n
        self._show("")

    def begin(self, what):
        """Tell what is fitted now."""
        self._show(what)
        if self._bar is None and self.verbose:
            print(f"diagnose, {self.done + 1} of about {max(self.total, self.done + 1)}: {what}", file=sys.stderr)

    def end(self):
        self.done += 1
        self._show("")

    def _show(self, what):
        if self._bar is not None:
            words = {"description": what} if what else {}
            self._bar.update(self._task, total=max(self.total, self.done), completed=self.done, **words)


def _rich_bar():
    """A bar that vanishes at its end, None where rich is not installed or stderr is no terminal."""
    try:
        from rich.console import Console
        from rich.progress import Progress as Bar
    except ImportError:
        return None
    console = Console(stderr=True)
    return Bar(console=console, transient=True) if console.is_terminal or console.is_jupyter else None
