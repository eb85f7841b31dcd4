"""The diagnosis: a name only where the evidence bears it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from autograder.calling.outcome import Outcome
from autograder.compare import Complaint, Kind
from autograder.diagnose.answering import answer, answers, cases, in_order, same
from autograder.diagnose.causes import cause
from autograder.diagnose.edits import edits
from autograder.diagnose.evidence import Trial
from autograder.diagnose.forms import form
from autograder.diagnose.ground import FULL
from autograder.diagnose.pairs import Relation
from autograder.diagnose.relations import relations
from autograder.diagnose.remedies import Cause
from autograder.diagnose.saying import evidence, part_called, rest
from autograder.diagnose.search import GOOD, Explanation, calls, explanations, heavy, singles
from autograder.spec import Exercise, Misconception

PARAGRAPH = "\n"  # between what is said of different parts of an answer
LIKELY = 0.5  # least score that is worth a name
AHEAD = 0.1  # by which the best has to be ahead of what says something else
EDITS, FEW_EDITS = 150, 25  # slips of the pen that are tried; fewer where each takes long
ENOUGH = 1.0  # numbers that could not be anything, at least


@dataclass(frozen=True)
class Diagnosis:
    """The mistakes whose wrong answers these are, or what the answer is to the right one.

    Not `certain` when they do not explain most of it, or something else would as well.
    `evidence` says what they explain, `rest` what they do not; `relation` stands where no
    mistake is known, and `title` is its name in short.  Of the `unseen` ones the symptom does
    not show, because of another mistake beside them.
    """

    misconceptions: tuple[Misconception, ...]
    certain: bool = True
    evidence: str = ""
    rest: str = ""
    relation: str = ""
    title: str = ""
    unseen: tuple[Misconception, ...] = ()

    @property
    def name(self) -> str:
        names = dict.fromkeys(wrong.name for wrong in self.misconceptions)
        clear = len(names) < 3 and not any(" and " in name or "," in name for name in names)
        return (" and " if clear else "; ").join(names) or self.title


def diagnose(exercise: Exercise, seed: int, outcomes: Sequence[Outcome]) -> Diagnosis | None:
    """The mistake behind the outcomes of the cases of this seed, if any is recognised."""
    if known := alike(exercise, seed, outcomes):
        return Diagnosis(tuple(known[:1]), certain=len(known) == 1)
    trial = Trial(exercise, seed, outcomes)
    if not trial.telling:
        return None
    found = explanations(trial)
    best = named(found)
    if best and (best.exact or sure(best)):
        return told(best)
    if not best and found and found[0].score >= GOOD:  # others explain nearly as much
        return told(found[0], certain=False)
    if said := unusable(trial):
        return said
    related = list(relations(trial, _whole(trial)))
    pen = slip_of_the_pen(trial) if all(relation.vague for _, relation in related) else None
    return pen or _in_words(trial, related) or (told(best, certain=False) if best else None)


def slip_of_the_pen(trial: Trial) -> Diagnosis | None:
    """The one edit of the reference that gives nearly all of this, if there is one."""
    few = heavy(trial)
    most = FEW_EDITS if few else max(EDITS // calls(trial.grounds[0].case), 2 * FEW_EDITS)
    found = singles(trial, edits(trial.exercise)[:most], few)
    best = found[0] if found else None
    return told(best) if best and best.score >= GOOD and best.proof >= ENOUGH else None


def alike(exercise: Exercise, seed: int, outcomes: Sequence[Outcome]) -> list[Misconception]:
    """The known mistakes that answer every case as these outcomes do, and not as is right."""
    of, right = cases(exercise, seed), answers(exercise, seed)

    def explains(wrong: Misconception) -> bool:
        theirs: list[Outcome] = []
        for case, mine, each in zip(of, outcomes, in_order(exercise, seed, wrong), strict=True):
            if not same(case, mine, each):
                return False
            theirs.append(each)
        return not all(same(*each) for each in zip(of, theirs, right, strict=True))

    return [wrong for wrong in exercise.misconceptions if explains(wrong)]


def told(best: Explanation, *, certain: bool = True) -> Diagnosis:
    """The diagnosis with what it explains, and what it does not."""
    certain = certain and not best.doubtful
    in_order = tuple(sorted(best.wrong, key=lambda wrong: min(_acts(best, wrong), default=0)))
    unseen = tuple(wrong for wrong in in_order if _unseen(best, wrong))
    best = replace(best, wrong=in_order)
    return Diagnosis(in_order, certain, evidence(best), rest(best), unseen=unseen)


def _acts(best: Explanation, wrong: Misconception) -> list[int]:
    """The cases in which a mistake shows, were it the only one."""
    return [n for n in best.trial.known if best.trial.match(n, (wrong,)).off.any()]


def _unseen(best: Explanation, wrong: Misconception) -> bool:
    """Whether a mistake beside others ends in an error by itself, and none came."""
    trial, acts = best.trial, _acts(best, wrong)
    alone = [answer(trial.exercise, trial.seed, n, wrong) for n in acts]
    return (
        len(best.wrong) > 1
        and bool(acts)
        and all(each.failure for each in alone)
        and not any(trial.outcomes[n].failure for n in acts)
    )


def named(found: list[Explanation]) -> Explanation | None:
    """The best explanation, if it explains enough and is ahead of all others."""
    if not found:
        return None
    best, *others = found
    rivals = [each for each in others if each.exact or not _related(each, best)]
    twins = [each for each in rivals if each.rank == best.rank and each.like(best)]
    best.doubtful = bool(twins)
    if best.exact:
        return best
    ahead = all(
        each.rank < best.rank - AHEAD or each.like(best) or best.covers(each) for each in rivals
    )
    proved = best.proof >= ENOUGH or best.complete
    return best if best.score >= LIKELY and proved and ahead else None


def sure(best: Explanation) -> bool:
    """Whether typical cases are explained, or all that the mistake would show is there."""
    full = [number for number in best.trial.telling if best.trial.full(number)]
    return best.score_of(full) >= GOOD if full else best.complete


def unusable(trial: Trial) -> Diagnosis | None:
    """Why there is no answer, or what is wrong with its form alone."""
    full = _typical(trial)
    failed = [n for n in full if trial.readings[n].whole]
    if 2 * len(failed) >= len(full) and (why := _common_cause(trial, failed)):
        return Diagnosis((), relation=why.sentence, title=why.title)
    if found := form(trial, _whole(trial)):
        return Diagnosis((), relation=f"Your result {found.sentence}.", title=found.title)
    return None


def _typical(trial: Trial) -> list[int]:
    return [n for n in trial.telling if trial.full(n)] or trial.telling[:1]


def _whole(trial: Trial) -> list[int]:
    """The typical cases in which an answer came."""
    return [n for n in _typical(trial) if not trial.readings[n].whole]


def _common_cause(trial: Trial, failed: list[int]) -> Cause | None:
    causes = [cause(trial.outcomes[n]) for n in failed]
    return causes[0] if causes and len({why and why.title for why in causes}) == 1 else None


def _in_words(trial: Trial, found: list[tuple[tuple, Relation]]) -> Diagnosis | None:
    """One sentence for each kind of relation, with the part of the answer that it is about."""
    misshapen = any(trial.readings[n].odd for n in _whole(trial))  # that comes first
    if all(relation.vague and misshapen for _, relation in found):
        return None
    by_title: dict[str, list[tuple]] = {}
    of = {relation.title: relation for _, relation in reversed(found)}
    for component, relation in found:
        by_title.setdefault(relation.title, []).append(component)
    several = any(len(g.names) > 1 for g in trial.grounds if g.weight >= FULL)
    said = []
    for title, components in by_title.items():
        what = called(trial, components[0]) if several else ""
        subject = "Your result" if what in ("", "result") else f"In your result, {what}"
        open_, guarded = of[title].sentence, of[title].guarded or of[title].sentence
        said.append((f"{subject} {open_}.", f"{subject} {guarded}."))
    sentences, without_numbers = map(PARAGRAPH.join, zip(*said[:3], strict=True))
    return Diagnosis(
        (),
        relation=Complaint(sentences, Kind.VALUES, without_numbers),
        title=" and ".join([*by_title][:3]),
    )


def called(trial: Trial, component: tuple) -> str:
    """What the judge calls a part of the answer, or else its place."""
    for ground in trial.grounds:
        if component in ground.names:
            return part_called(ground, component)
    return ""


def _related(one: Explanation, other: Explanation) -> bool:
    """Whether the two have a mistake in common."""
    return bool(set(one.wrong) & set(other.wrong))
