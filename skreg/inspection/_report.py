"""A diagnosis as text and as HTML: the same lines, twice."""

from html import escape

from ._evaluate import mean
from ._layout import STYLE, table_html, table_text, wrapped
from ._measure import SHARES
from ._verdict import NAMES, NOTHING, UNDECIDED, share_words, words_for

MORE_TIME = "To decide, diagnose again with more time (time_budget)."
NO_REFERENCE = "To decide, compare it with models of another kind: no reference takes these data."
NOTHING_TO_TRY = "Nothing to try that these numbers would justify."


def score_rows(d):
    """Rows of the table of scores: what, its score, and what it is compared with; all scores are of the same folds."""
    m = d._measured
    rows = [
        _head(d, len(m.baseline)),
        ("constant prediction", _score(m.floor), ""),
        (f"{d._name}, training rows", f"{d.scores['training']:.4g}", ""),
        (f"{d._name}, held-out rows", _score(m.baseline), f"{m.first_above} over the constant"),
        ("gap", "", f"{d.gap}{_share_lost(d)}"),
        *_compared_rows(d, len(m.baseline)),
    ]
    half = m.learning.get(SHARES[0])
    if half is not None:
        rows.append(
            ("half of the training rows", _score(half), f"{m.growth} with twice the rows{_counts(m, m.growth)}")
        )
    if d.overconfidence is not None:
        rows.append(("confidence above accuracy", "", str(d.overconfidence)))
    return rows


def repeated_rows(d):
    """The same for what was repeated on further folds; empty where nothing was."""
    m = d._measured
    if m.again_base is None:
        return []
    return [
        _head(d, len(m.again_base)),
        ("constant prediction", _score(m.again_floor), ""),
        (f"{d._name}, held-out rows", _score(m.again_base), f"{m.above} over the constant"),
        *_compared_rows(d, len(m.again_base)),
    ]


def _head(d, k):
    return f"{d.scoring}, mean of {k} fold{'s' * (k > 1)}", "score", "difference, 95 % interval"


def _score(fits):
    return f"{mean(fits):.4g}"


def _compared_rows(d, n_folds):
    """Rows of the alternatives that are compared on so many folds."""
    m = d._measured
    linear = "linear, standardized, penalty by CV" if m.is_linear else NAMES["linear"]
    named = [(linear if name == "linear" else NAMES[name], one, "") for name, one in m.references.items()]
    named += [(name, one, "") for name, one in m.tried.items()]
    for word, side in (("more", m.stronger), ("less", m.weaker)):
        if side is not None:
            ends = min(d.regularization_curve), max(d.regularization_curve)
            last = ", the last value tried" if side.value in ends and side.gain.mean > 0.0 else ""
            named.append((f"{word} regularization, {words_for(m, side)}", side, last))
    return [
        (what, _score(one.fits), f"{one.gain}{_counts(m, one.gain)}{last}")
        for what, one, last in named
        if len(one.fits) == n_folds
    ]


def _share_lost(d):
    if d.verdict == NOTHING:  # a share of noise
        return ""
    if not d._measured.has_learned:
        return ", nothing is learned"
    return f", {share_words(d.lost)} of what it learns" if d.lost > 0.0 else ", nothing is lost"


def _counts(m, difference):
    if m.counts(difference):
        return ", better"
    return ", worse" if m.counts(difference.reversed) else ""


def data_words(d):
    """Rows, features and classes, and what was left out."""
    m, words = d._measured, []
    words.append(f"{m.folds.n_train} training rows a fold")
    if m.facts.n_features:
        words.append(f"{m.facts.n_features} features")
    if m.shares:
        (label, share), n = next(iter(m.shares.items())), len(m.shares)
        words.append(f"{n} classes, the rarest ({label}) with {share:.1%} of the rows")
    if m.facts.n_correlated:
        words.append(f"{m.facts.n_correlated} features correlated above 0.9 with another")
    if m.n_unfinished:
        words.append(f"{m.n_unfinished} of {len(m.baseline)} fits ended before they had converged")
    return ", ".join(words)


def as_text(d):
    head = [f"{d._name}: {d.verdict}", *wrapped(f"  {_sentence(d.reason)}", 2), ""]
    rows, again = score_rows(d), repeated_rows(d)
    between = [("", "", "")] if again else []
    lines = head + [f"  {line}".rstrip() for line in table_text([*rows, *between, *again])]
    lines += wrapped(f"  Data: {data_words(d)}.", 8)
    if d.skipped:
        lines += wrapped(f"  Left out: {', '.join(d.skipped)}.", 12)
    if d.findings:
        lines += ["", "Found in the data"]
        for finding in d.findings:
            lines += wrapped(f"  - {finding.name}: {finding.why}.", 4) + wrapped(f"    {_sentence(finding.advice)}", 4)
    lines.append("")
    if not d.suggestions:
        return "\n".join([*lines, _nothing_to_try(d)])
    lines.append("To try next, in this order (try_next fits them)")
    for number, s in enumerate(d.suggestions, 1):
        lines += wrapped(f"  {number}. {s.technique}: {s.change}", 5)
        lines += wrapped(f"     {gain_words(s)}; {s.why}.", 5)
    return "\n".join(lines)


def gain_words(suggestion):
    return "not measured yet" if suggestion.gain is None else f"gain {suggestion.gain}"


def _nothing_to_try(d):
    if d.verdict != UNDECIDED:
        return NOTHING_TO_TRY
    return NO_REFERENCE if d._measured.without_reference else MORE_TIME


def _sentence(words):
    return f"{words[:1].upper()}{words[1:]}."


def as_html(d):
    colors = {"fitting well": "good", "overfitting": "bad", "underfitting": "bad"}
    badge = f'<span class="skreg-badge skreg-{colors.get(d.verdict, "none")}">{escape(d.verdict)}</span>'
    parts = [f"<p><b>{escape(d._name)}</b> {badge}</p><p>{escape(_sentence(d.reason))}</p>"]
    for table in filter(None, (score_rows(d), repeated_rows(d))):
        parts.append(table_html(table[1:], table[0]))
    parts.append(f"<p class='skreg-small'>Data: {escape(data_words(d))}.</p>")
    if d.skipped:
        parts.append(f"<p class='skreg-small'>Left out: {escape(', '.join(d.skipped))}.</p>")
    if d.findings:
        rows = [(f.name, f"{f.why}.", _sentence(f.advice)) for f in d.findings]
        parts.append("<h4>Found in the data</h4>" + table_html(rows, ("finding", "numbers", "what to do")))
    if d.suggestions:
        rows = [
            (str(k), s.technique, s.change, gain_words(s).removeprefix("gain "), s.why)
            for k, s in enumerate(d.suggestions, 1)
        ]
        parts.append("<h4>To try next</h4>" + table_html(rows, ("", "technique", "set", "gain", "why"), code=2))
    else:
        parts.append(f"<p>{_nothing_to_try(d)}</p>")
    return f"{STYLE}<div class='skreg-report'>{''.join(parts)}</div>"
