"""Grade one submission of one exercise: cases in, verdicts out."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from autograder.calling.attempt import Around, attempt, attempt_all
from autograder.calling.outcome import Outcome
from autograder.calling.patience import SECONDS
from autograder.calling.remarks import SHADOWED
from autograder.cases import draw, on_accelerator
from autograder.compare import Complaint, Kind
from autograder.diagnose import answers, diagnose
from autograder.report import Report, Verdict
from autograder.report.unfolded import unfolded
from autograder.rounding import closest, neighbours
from autograder.spec import Case, Exercise
from autograder.state import known_state

PRACTICE = 0  # the seed that everybody may know
Run = Callable[[Sequence[Mapping[str, Any]]], Sequence[Outcome]]

FAILURES = {"missing": Kind.MISSING, "not attempted": Kind.MISSING}  # all others: RAISED


@known_state()
def grade(
    exercise: Exercise,
    run: Run,
    seed: int = PRACTICE,
    *,
    secret: bool = False,
    practice: bool = False,
) -> Report:
    """Run a submission on every case and judge it against the reference.

    With `secret` the report does not give away what the results should have been; in
    `practice` it shows of each case what went in, what came out and what should have.
    """
    cases = draw(exercise, seed)
    *outcomes, traced = run([*(case.inputs for case in cases), exercise.trace.inputs])
    right = answers(exercise, seed)
    for case, outcome in zip(cases, right, strict=True):
        if outcome.failure or outcome.changed:
            raise RuntimeError(f"{exercise.id}: the reference fails {case.name!r}: {outcome}")
    verdicts = tuple(
        Verdict(
            case.name,
            rule(case, outcome, expected.result, exercise, seed, number),
            besides=case.besides,
        )
        for number, (case, outcome, expected) in enumerate(
            zip(cases, outcomes, right, strict=True)
        )
    )
    if practice and not secret:
        verdicts = tuple(map(unfolded, verdicts, cases, outcomes, right))
    attempted = any(outcome.failure != ("not attempted", "") for outcome in outcomes)
    failed = not all(verdict.passed for verdict in verdicts)
    return Report(
        exercise,
        verdicts,
        attempted=attempted,
        diagnosis=diagnose(exercise, seed, outcomes) if attempted and failed else None,
        remarks=_once_each(
            said
            for outcome in outcomes
            for said in outcome.remarks
            if failed or not said.startswith(SHADOWED)
        ),
        traced=traced,
        secret=secret,
        practice=practice,
    )


def refused(exercise: Exercise, stale: str) -> Report:
    """The report on a function that is not what its cell says: it is not marked."""
    verdicts = [
        Verdict(case.name, Complaint(stale, Kind.MISSING), besides=case.besides)
        for case in draw(exercise, PRACTICE)
    ]
    return Report(exercise, tuple(verdicts), attempted=False, stale=stale, practice=True)


def rule(
    case: Case, outcome: Outcome, expected: Any, exercise: Exercise, seed: int, number: int
) -> str:
    """The complaint about the outcome of a case, unless rounding explains the difference."""
    complaint = judge(case, outcome, expected)
    if not complaint or complaint.kind is not Kind.VALUES:
        return complaint
    near = [each.result for each in neighbours(exercise, seed, number) if not each.failure]
    return complaint if judge(case, outcome, closest(outcome.result, expected, near)) else ""


def judge(case: Case, outcome: Outcome, expected: Any) -> str:
    """The complaint about one outcome: what went wrong, what was changed, what is off."""
    if outcome.failure:
        missing = outcome.failure[0] == "missing"
        return Complaint(
            outcome.error if missing else f"your function {outcome.error}",
            FAILURES.get(outcome.failure[0], Kind.RAISED),
        )
    complaint = case.judge(outcome.result, expected)
    if complaint and not isinstance(complaint, Complaint):  # a judge may speak plainly
        complaint = Complaint(complaint, Kind.VALUES, "the result is wrong")
    if outcome.changed and not (complaint and complaint.kind < Kind.MODIFIED):
        names = " and ".join(f"`{name}`" for name in outcome.changed)
        return Complaint(
            f"your function changed its input {names}, which belongs to the caller; "
            "only read it, or work on a copy",
            Kind.MODIFIED,
        )
    return complaint


def _once_each(remarks: Iterable[str]) -> tuple[str, ...]:
    """The first remark of each kind: what was printed may differ from case to case."""
    return tuple({said[:9]: said for said in reversed([*remarks])}.values())[::-1]


@known_state()
def elsewhere(
    exercise: Exercise,
    submission: Callable,
    seed: int = PRACTICE,
    *,
    around: Around = nullcontext,
) -> str:
    """What this machine's accelerator has to say, as a remark that costs no points."""
    case = on_accelerator(exercise, seed)
    if case is None:
        return ""
    right = attempt(exercise.target, case.inputs)
    complaint = judge(case, attempt(submission, case.inputs, around=around), right.result)
    return complaint and f"{case.name.capitalize()}, where it costs no points: {complaint}."


def run_here(
    submission: Callable,
    seconds: float = SECONDS,
    *,
    idle: bool = True,
    around: Around = nullcontext,
) -> Run:
    """Call the submission in this process: for quick feedback, not for marks."""
    return lambda inputs: attempt_all(
        submission, list(inputs), seconds, idle=idle, around=around
    )
