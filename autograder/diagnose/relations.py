"""What the answer is to the right one, where no mistake is known that explains it.

Each relation is asked of one component of the answer, over all typical cases in which it is
wrong, and told only if it holds in every one of them.
"""

from collections.abc import Iterator

from autograder.diagnose.by_digits import imprecise, narrow, rounded
from autograder.diagnose.by_place import by_rows, in_the_mean, ordered, part_right, shifted
from autograder.diagnose.by_value import constant, cut_off, function_of, moved, scaled
from autograder.diagnose.evidence import Trial
from autograder.diagnose.pairs import Ask, Pair, Relation, pairs_of

ASKED: tuple[Ask, ...] = (
    cut_off, constant, scaled, function_of, moved, rounded, ordered, shifted, part_right,
    by_rows, in_the_mean, imprecise,
)  # fmt: skip
OF_SMALL: tuple[Ask, ...] = (rounded, narrow, cut_off, part_right, imprecise)  # little is off
VAGUE = (part_right, by_rows, in_the_mean, imprecise)


def relations(trial: Trial, numbers: list[int]) -> Iterator[tuple[tuple, Relation]]:
    """The relation of each component that is wrong in these cases, where there is one."""
    names = dict.fromkeys(name for n in numbers for name in trial.grounds[n].names)
    for component in names:
        pairs = pairs_of(trial, component, numbers)
        if not pairs:
            continue
        small = all(pair.near(pair.got, pair.should, 1e-2) for pair in pairs)
        for ask in OF_SMALL if small else ASKED:
            if found := ask(trial, pairs):
                found = found._replace(vague=found.vague or ask in VAGUE)
                yield component, _limited(trial, component, pairs, found)
                break


def _limited(trial: Trial, component: tuple, pairs: list[Pair], found: Relation) -> Relation:
    """The relation with the cases that it is about, where others of the kind are right."""
    wrong = {pair.number for pair in pairs}
    right = [
        n for n in trial.known
        if trial.full(n) and n not in wrong and component in trial.grounds[n].names
        and not trial.grounds[n].loose and not trial.readings[n].whole
    ]  # fmt: skip
    if not right or found.everywhere:
        return found
    names = [f"“{trial.grounds[n].case.name}”" for n in sorted(wrong)]
    of = " and ".join(names[:2]) if len(names) < 3 else f"{names[0]} and {len(names) - 1} more"
    return found._replace(sentence=f"{found.sentence} on {of}, and right on the others")
