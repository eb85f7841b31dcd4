"""A report that a learner likes to read: as text, as HTML, and as data."""

from dataclasses import dataclass, replace
from html import escape
from typing import Any

from torch import Tensor

from autograder.attempt import Outcome, attempt
from autograder.compare import RETURNED, Complaint, kind_of, number
from autograder.diagnose import Diagnosis
from autograder.plain import SHOWN
from autograder.spec import Exercise
from autograder.state import known_state

PRACTICE_NOTE = "Practice cases. Grading draws others of the same kind."


@dataclass(frozen=True)
class Verdict:
    """The ruling on one case."""

    case: str
    complaint: str  # "" when the case passed

    @property
    def passed(self) -> bool:
        return not self.complaint


@dataclass(frozen=True)
class Report:
    """All verdicts on one submission, and what went wrong if we recognise it.

    `notes` come from whoever handed the submission in (what had to be repaired); `traced` is
    the outcome on the exercise's tiny example, shown once `with_trace` is asked for.
    """

    exercise: Exercise
    verdicts: tuple[Verdict, ...]
    attempted: bool = True
    diagnosis: Diagnosis | None = None
    remarks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    traced: Outcome | None = None
    with_trace: bool = False
    secret: bool = False
    practice: bool = False

    @property
    def score(self) -> float:
        """Points earned, shared equally by the cases; none without the first, typical one."""
        passed = [verdict.passed for verdict in self.verdicts]
        share = sum(passed) / len(passed) if passed[0] else 0.0
        return round(self.exercise.points * share, 2)

    @property
    def passed(self) -> bool:
        return all(verdict.passed for verdict in self.verdicts)

    @property
    def headline(self) -> str:
        points = f"{self.score:g} of {self.exercise.points:g} points"
        if not self.attempted:
            return f"{self.exercise.name}: not attempted ({points})"
        return f"{self.exercise.name}: {points}"

    @property
    def first_complaint(self) -> str:
        """The failed case whose complaint helps most, and the complaint."""
        failed = [verdict for verdict in self.verdicts if not verdict.passed]
        if not failed or not self.attempted:
            return ""
        first = min(failed, key=lambda verdict: verdict.complaint.kind)
        said = first.complaint.guarded if self.secret else first.complaint
        return f"On “{first.case}”: {said}{'' if said.endswith(('?', '.')) else '.'}"

    @property
    def rule(self) -> str:
        """Why there are no points although cases passed, where that is so."""
        if not self.attempted or self.score or not any(v.passed for v in self.verdicts):
            return ""
        return "No case counts without the first one, which is the typical one."

    @property
    def idea(self) -> tuple[str, str]:
        """What the diagnosis says, and the heading that it points to."""
        if not self.diagnosis:
            return "", ""
        wrongs = self.diagnosis.misconceptions
        begin = "Looks like" if self.diagnosis.certain else "Looks most like"
        texts = [f"{begin}: {self.diagnosis.name}."]
        texts += [f"{wrong.symptom} {wrong.hint}" for wrong in wrongs]
        return " ".join(texts), wrongs[0].section or self.exercise.section

    @property
    @known_state()  # it is computed when it is looked at, among the learner's own settings
    def trace(self) -> list[tuple[str, str]]:
        """The tiny example worked by hand, with what the submission made of it at the end."""
        if not self.with_trace or self.traced is None or self.traced.failure:
            return []
        inputs = self.exercise.trace.inputs
        right, yours = (
            shown(attempt(self.exercise.target, inputs).result),
            shown(self.traced.result),
        )
        if right == yours:  # it would show nothing that went wrong
            return []
        return [
            *((name, shown(value)) for name, value in inputs.items()),
            *self.exercise.trace.steps(),
            ("should come out", right),
            ("yours", yours),
        ]

    def data(self) -> dict[str, Any]:
        """Everything that the report says, as plain data."""
        idea, section = self.idea
        return {
            "exercise": self.exercise.id,
            "score": self.score,
            "points": self.exercise.points,
            "attempted": self.attempted,
            "cases": [
                {
                    "name": verdict.case,
                    "passed": verdict.passed,
                    "complaint": str(
                        verdict.complaint.guarded
                        if self.secret and isinstance(verdict.complaint, Complaint)
                        else verdict.complaint
                    ),
                }
                for verdict in self.verdicts
            ],
            "rule": self.rule,
            "complaint": self.first_complaint,
            "diagnosis": [wrong.name for wrong in self.diagnosis.misconceptions]
            if self.diagnosis
            else [],
            "certain": self.diagnosis.certain if self.diagnosis else None,
            "idea": idea,
            "section": section,
            "trace": self.trace,
            "remarks": list(self.remarks),
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        lines = [self.headline]
        if self.attempted:
            lines += [f"  {'✓' if v.passed else '✗'} {v.case}" for v in self.verdicts]
        lines += [said for said in (self.rule, self.first_complaint) if said]
        idea, section = self.idea
        if idea:
            lines.append(f"{idea} See “{section}”.")
        if self.trace:
            lines.append("Worked by hand:")
            lines += [f"  {what}: {value}" for what, value in self.trace]
        lines += [*self.remarks, *self.notes]
        lines += [PRACTICE_NOTE] * (self.practice and self.attempted)
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        good = self.passed and self.attempted
        edge = "#009E73" if good else "#E69F00" if self.attempted else "#999999"
        parts = [f"<p><strong>{escape(self.headline)}</strong></p>"]
        if self.attempted:
            rows = "".join(
                f'<li style="list-style:none">{_tick(v.passed)} {escape(v.case)}</li>'
                for v in self.verdicts
            )
            parts.append(f'<ul style="margin:0.2em 0;padding-left:0.4em">{rows}</ul>')
        parts += [
            f"<p>{_coded(said)}</p>" for said in (self.rule, self.first_complaint) if said
        ]
        idea, section = self.idea
        if idea:
            head, _, rest = idea.partition(". ")
            parts.append(
                f"<p><strong>{_coded(head)}.</strong> {_coded(rest)} "
                f'See <a href="#{anchor(section)}">{escape(section)}</a>.</p>'
            )
        if self.trace:
            rows = "".join(
                f'<tr><td style="text-align:left">{escape(what)}</td>'
                f'<td style="text-align:left"><code>{escape(value)}</code></td></tr>'
                for what, value in self.trace
            )
            parts.append(f"<p>Worked by hand:</p><table>{rows}</table>")
        parts += [f"<p><em>{_coded(each)}</em></p>" for each in (*self.remarks, *self.notes)]
        if self.practice and self.attempted:
            parts.append(f'<p style="opacity:0.7"><small>{PRACTICE_NOTE}</small></p>')
        return (
            f'<div role="status" style="border-left:4px solid {edge};padding:0.1em 0.9em">'
            f"{''.join(parts)}</div>"
        )

    def noting(self, *notes: str) -> "Report":
        return replace(self, notes=(*self.notes, *notes))


class Score(float):
    """The points, as nbgrader reads them; shown to people as the report they come from.

    nbgrader takes the text of a marking cell's value as its score, and anything but a plain
    number of its own choosing as full marks; so the text is exactly the number.
    """

    report: Report

    def __new__(cls, report: Report) -> "Score":
        score = super().__new__(cls, report.score)
        score.report = report
        return score

    def _repr_mimebundle_(self, **_) -> dict[str, Any]:
        return {
            "text/plain": repr(float(self)),
            "text/html": self.report._repr_html_(),
            "application/vnd.steady-gradients.report+json": self.report.data(),
        }


def anchor(heading: str) -> str:
    """The id that JupyterLab and nbconvert give to a heading."""
    return escape(heading.replace(" ", "-"))


def shown(value: Any) -> str:
    """A small value, as it is written in a worked example; of a large one, the beginning."""
    text = _written(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _written(value: Any) -> str:
    if isinstance(value, Tensor):
        return _written(value.tolist())
    if isinstance(value, float):
        return number(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, dict):
        value = _numbers_in(value)
        return "{" + ", ".join(f"{key}: {_written(part)}" for key, part in value.items()) + "}"
    if value is None or isinstance(value, int | str | bool):
        return repr(value)
    return getattr(value, "name", None) or kind_of(value)


def _numbers_in(held: dict) -> dict:
    """Of what was written into, the numbers; and a result only if it is something else."""
    if "hooks" in held and isinstance(held.get("tensors"), dict):
        return held["tensors"]
    if "asks for gradients" in held:
        return {key: held[key] for key in ("values", "gradient") if held.get(key) is not None}
    written = [part.get("values") for part in held.values() if isinstance(part, dict)]
    result = held.get(RETURNED)
    again = any(_equal(result, values) for values in written)
    return {k: v for k, v in held.items() if k != RETURNED or not (again or v is None)}


def _equal(one: Any, other: Any) -> bool:
    tensors = isinstance(one, Tensor) and isinstance(other, Tensor)
    return tensors and one.dtype == other.dtype and one.equal(other)


def _tick(passed: bool) -> str:
    colour, mark, word = ("#009E73", "✓", "passed") if passed else ("#D55E00", "✗", "failed")
    return f'<span style="color:{colour}" role="img" aria-label="{word}">{mark}</span>'


def _coded(text: str) -> str:
    """Escaped, with `names` in back quotes shown as code."""
    parts = escape(text).split("`")
    if len(parts) % 2 == 0:  # an odd quote out: leave the text as it is
        return escape(text)
    return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))
