"""A report as text, for a terminal or a log: the same, in the same order."""

from autograder.report.findings import PRACTICE_NOTE, Findings
from autograder.report.ladder import ladder

NEW_LINE, INSIDE = "\n", "\n    "  # a value of several lines stays under its name


def text(findings: Findings) -> str:
    """The lead, what else there is to say, how many cases are right, and what is beside it."""
    lines = [*_said(findings), findings.tally]
    if findings.attempted and not findings.folded:
        lines += [f"  {'✓' if v.passed else '✗'} {v.case}" for v in findings.verdicts]
    if trace := findings.trace:
        lines.append("Worked by hand:")
        lines += [f"  {what}: {value.replace(NEW_LINE, INSIDE)}" for what, value in trace]
    lines += [*findings.remarks, *findings.notes]
    lines += [PRACTICE_NOTE] * (findings.practice and findings.attempted)
    return "\n".join(lines + [findings.beside.progress] * bool(findings.beside.progress))


def _said(findings: Findings) -> list[str]:
    said = [findings.lead, *findings.sentences]
    said += [f"{number}. {step}" for number, step in enumerate(ladder(findings), 1)]
    if findings.sections and not ladder(findings):
        said.append(f"See {' and '.join(f'“{section}”' for section in findings.sections)}.")
    said += [findings.beside.compared[2]] * bool(findings.beside.compared[2])
    sentence, heading = findings.beside.onward
    return said + [f"{sentence} “{heading}”."] * bool(sentence)
