"""Tables of reports: in columns as text, and in HTML for light and dark pages."""

import math
import textwrap
from html import escape

import numpy as np

WIDTH = 100  # characters of reports as text
MIN_LAST_COLUMN = 30

# Colours come from the page, so that the report is as light or dark as what it stands in; long names break, and what is
# still too wide scrolls inside the report.
STYLE = """\
<style>
.skreg-report { color: inherit; font-size: 0.9em; line-height: 1.4; max-width: 62em; }
.skreg-report p { margin: 0.3em 0; }
.skreg-report h4 { margin: 0.9em 0 0.2em; }
.skreg-report .skreg-small { font-size: 0.9em; opacity: 0.8; }
.skreg-report .skreg-scroll { overflow-x: auto; }
.skreg-report table { border-collapse: collapse; border: 0; margin: 0.3em 0; color: inherit; }
.skreg-report td, .skreg-report th { text-align: left; vertical-align: top; padding: 0.25em 1em 0.25em 0; border: 0;
  border-bottom: 1px solid rgba(128, 128, 128, 0.35); background: transparent; color: inherit; white-space: normal;
  overflow-wrap: anywhere; min-width: 4.5em; max-width: 26em; }
.skreg-report td:first-child, .skreg-report th:first-child { min-width: 1em; }
.skreg-report code { background: rgba(128, 128, 128, 0.15); padding: 0.1em 0.3em; border-radius: 3px; color: inherit; }
.skreg-badge { border-radius: 1em; padding: 0.1em 0.7em; margin-left: 0.4em; color: #fff; }
.skreg-good { background: #00795a; } .skreg-bad { background: #b34700; } .skreg-none { background: #5b5b5b; }
</style>"""


def in_digits(number):
    """A large number rounded to two digits, written out."""
    return f"{float(f'{number:.2g}'):,.0f}"


def in_code(value):
    """A value as code; large and small powers of ten as 1e5, not 100000.0."""
    value = value.item() if isinstance(value, np.generic) else value
    if not isinstance(value, float) or value == 0.0 or 1e-3 <= abs(value) < 1e4 or not math.isfinite(value):
        return repr(value)
    digits, _, power = f"{value:e}".partition("e")
    short = f"{digits.rstrip('0').rstrip('.')}e{int(power)}"
    return short if float(short) == value else repr(value)


def wrapped(text, indent=4):
    """Lines of at most a hundred characters; the later ones are indented."""
    lead = text[: len(text) - len(text.lstrip())]
    return textwrap.wrap(
        text.strip(), WIDTH, initial_indent=lead, subsequent_indent=" " * indent, break_on_hyphens=False
    )


def table_text(rows, head=None):
    """Lines of a table in columns, the last one wrapped."""
    rows = [list(row) for row in rows]
    rows = rows if head is None else [list(head), *rows]
    widths = [max(len(row[j]) for row in rows) for j in range(len(rows[0]))]
    margin = sum(widths[:-1]) + 2 * (len(widths) - 1)
    lines = []
    for row in rows:
        first = "  ".join(cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False))
        last = textwrap.wrap(row[-1], max(WIDTH - margin - 2, MIN_LAST_COLUMN)) or [""]
        lines += [f"{first}  {last[0]}".rstrip(), *(" " * margin + more for more in last[1:])]
    return lines


def table_html(rows, head=None, code=None):
    """An HTML table, its cells escaped; cells of the column `code` are set as code."""
    body = "".join("<tr>" + "".join(_cell(j, cell, code) for j, cell in enumerate(row)) + "</tr>" for row in rows)
    top = "" if head is None else "<tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in head) + "</tr>"
    return f'<div class="skreg-scroll"><table>{top}{body}</table></div>'


def _cell(place, cell, code):
    words = f"<code>{escape(cell)}</code>" if place == code and cell else escape(cell)
    return f"<td>{words}</td>"
