"""A report as a piece of HTML that every viewer of notebooks shows.

No script, no style sheet, no outside file: where a viewer takes the styles away, the order and
the words remain.  Text keeps the page's own colour, so that it can be read on light and dark
alike; the colours of our own stand behind black signs, or in the edge (Okabe and Ito, 2008).
"""

from html import escape

from autograder.links import anchor
from autograder.markup import coded
from autograder.report.beside import side_by_side
from autograder.report.entries import MARK
from autograder.report.findings import PRACTICE_NOTE, Findings
from autograder.report.ladder import ladder
from autograder.report.verdicts import Verdict

RIGHT, WRONG, NEITHER = "#009E73", "#D55E00", "#808080"
ROOM = 40_000  # letters for what went in and came out, so that a notebook stays light
EDGE = "border-left:4px solid {};padding:0.1em 0 0.1em 0.9em;overflow-wrap:anywhere"
LEAD = "font-size:1.2em;line-height:1.35;margin:0.3em 0"
SIGN = (
    "background-color:{};color:#000;border-radius:3px;padding:0 0.25em;display:inline-block;"
    "min-width:1em;text-align:center"
)
ROWS = "width:auto;margin:0.3em 0 0.6em 1em"  # JupyterLab would have it wider
ROW = "display:flex;flex-wrap:wrap;column-gap:0.6em"  # side by side where there is room
NAME = "width:auto;min-width:{}ch;font-weight:bold"  # all of a list alike: their values line up
VALUE = "flex:1 1 18em;min-width:0;white-space:pre-wrap;margin:0"
BESIDE = "margin:0.2em 0"
CASES = "margin:0.3em 0"
STEPS = "margin:0.2em 0 0.6em;padding-left:2em"
LIST = "list-style:none;margin:0.2em 0;padding-left:0.4em"


def html(findings: Findings) -> str:
    """The lead, large; what else there is to say; the cases; what is beside it."""
    right = findings.passed and findings.attempted
    edge = RIGHT if right else WRONG if findings.attempted else NEITHER
    parts = [
        f'<p role="status" style="{LEAD}"><strong>{coded(findings.lead)}</strong></p>',
        *(f"<p>{coded(said)}</p>" for said in findings.sentences),
        _links(findings),
        _cases(findings) if findings.attempted else f"<p>{escape(findings.tally)}</p>",
        _trace(findings),
        side_by_side(*findings.beside.compared),
        *(f"<p><em>{coded(each)}</em></p>" for each in (*findings.remarks, *findings.notes)),
        _beside(findings),
    ]
    name = f"Report on {findings.headline}"
    return (
        f'<div role="group" aria-label="{escape(name)}" style="{EDGE.format(edge)}">'
        f"{''.join(parts)}</div>"
    )


def _links(findings: Findings) -> str:
    """What comes next; or what helps, beginning with where the missing idea is derived."""
    sentence, heading = findings.beside.onward
    if sentence:
        return f"<p>{coded(sentence)} {_link(heading)}.</p>"
    if ladder(findings):
        return _ladder(findings)
    sections = " and ".join(map(_link, findings.sections))
    return f"<p>See {sections}.</p>" if sections else ""


def _link(heading: str) -> str:
    return f'<a href="#{escape(anchor(heading))}">{escape(heading)}</a>'


def _cases(findings: Findings) -> str:
    """How many are right, and the list of them: open where it says more than their number."""
    opened = "" if findings.folded else " open"
    rows = "".join(f"<li>{case}</li>" for case in _each_case(findings))
    return (
        f'<details{opened} style="{CASES}"><summary>{escape(findings.tally)}</summary>'
        f'<ul role="list" style="{LIST}">{rows}</ul></details>'
    )


def _each_case(findings: Findings) -> list[str]:
    """The cases in order; what went in and came out while there is room, wrong ones first."""
    room, cases = ROOM, {}
    for verdict in sorted(findings.verdicts, key=lambda verdict: verdict.passed):
        details = _listed(_rows(verdict)) if findings.opens(verdict) else ""
        room -= len(details)
        cases[id(verdict)] = _case(verdict, findings, details if room >= 0 else "")
    return [cases[id(verdict)] for verdict in findings.verdicts]


def _case(verdict: Verdict, findings: Findings, details: str) -> str:
    """One case by name; unfolded, its complaint and the details."""
    name = f"{_sign(verdict.passed)} {escape(verdict.case)}"
    complaint = findings.said(verdict.complaint)
    inside = f"<p>{coded(complaint)}</p>{details}" if complaint else details
    return f"<details><summary>{name}</summary>{inside}</details>" if inside else name


def _rows(verdict: Verdict) -> list[tuple[str, str]]:
    given = [(f"`{name}`", value) for name, value in verdict.inputs]
    yours = "yours" if verdict.expected else "result"
    results = [("should come out", verdict.expected), (yours, verdict.got)]
    return given + [(what, value) for what, value in results if value]


def _trace(findings: Findings) -> str:
    trace = findings.trace
    return f"<p>Worked by hand:</p>{_listed(trace)}" if trace else ""


def _ladder(findings: Findings) -> str:
    """What helps someone who is stuck, one step after the other."""
    steps = "".join(
        f"<li>{coded(step.sentence)}{' and '.join(map(_link, step.headings))}</li>"
        for step in ladder(findings)
    )
    return f'<p style="{BESIDE}">If you are stuck:</p><ol style="{STEPS}">{steps}</ol>'


def _listed(rows: list[tuple[str, str]]) -> str:
    """Names and values side by side; below each other where there is little room."""
    wide = NAME.format(min(max([14, *(len(name) for name, _ in rows)]), 32))
    lines = "".join(
        f'<div style="{ROW}"><dt style="{wide}">{coded(name)}</dt>'
        f'<dd style="{VALUE}"><samp>{_value(value)}</samp></dd></div>'
        for name, value in rows
    )
    return f'<dl style="{ROWS}">{lines}</dl>'


def _value(text: str) -> str:
    return MARK.sub(r"<mark>\1</mark>", escape(text))


def _beside(findings: Findings) -> str:
    note = PRACTICE_NOTE if findings.practice and findings.attempted else ""
    said = [each for each in (findings.beside.progress, note) if each]
    return "".join(f'<p style="{BESIDE}"><small>{coded(each)}</small></p>' for each in said)


def _sign(passed: bool) -> str:
    colour, sign, word = (RIGHT, "✓", "passed") if passed else (WRONG, "✗", "failed")
    return f'<span style="{SIGN.format(colour)}" role="img" aria-label="{word}">{sign}</span>'
