"""A report as plain data."""

from typing import Any

from autograder.diagnose import Diagnosis
from autograder.report.findings import Findings
from autograder.report.ladder import ladder
from autograder.report.verdicts import Verdict


def data(findings: Findings) -> dict[str, Any]:
    """Everything that the report says."""
    idea, section = findings.idea
    return {
        "exercise": findings.exercise.id,
        "score": findings.score,
        "points": findings.exercise.points,
        "attempted": findings.attempted,
        "lead": findings.lead,
        "cases": [_case(findings, verdict) for verdict in findings.verdicts],
        "rule": findings.rule,
        "complaint": findings.first_complaint,
        **_diagnosis(findings),
        "idea": idea,
        "section": section,
        "trace": findings.trace,
        "remarks": list(findings.remarks),
        "notes": list(findings.notes),
        **_beside(findings),
    }


def _case(findings: Findings, verdict: Verdict) -> dict[str, Any]:
    said = {
        "name": verdict.case,
        "passed": verdict.passed,
        "complaint": findings.said(verdict.complaint),
    }
    if not findings.opens(verdict):
        return said
    inputs = dict(verdict.inputs)
    return said | {"inputs": inputs, "got": verdict.got, "expected": verdict.expected}


def _diagnosis(findings: Findings) -> dict[str, Any]:
    found = findings.diagnosis
    known = found or Diagnosis(())
    return {
        "diagnosis": [wrong.name for wrong in known.misconceptions],
        "certain": found.certain if found else None,
        "evidence": findings.said(known.evidence),
        "rest": findings.said(known.rest),
        "relation": findings.said(known.relation),
    }


def _beside(findings: Findings) -> dict[str, Any]:
    """What is said of right answers, and beside all of them in practice."""
    return {
        "known": findings.known,
        "pace": findings.beside.pace,
        "compared": list(findings.beside.compared),
        "ladder": [step.sentence for step in ladder(findings)],
        "onward": list(findings.beside.onward),
        "progress": findings.beside.progress,
    }
