"""How long each call of a submission may take, by how the calls before it went."""

from autograder.calling.outcome import TIME, Outcome

SHORT = 0.2  # seconds: still ten times a right answer
SECONDS = 5.0  # a reference answers in milliseconds; a busy machine must not cost points


def endless(so_far: list[Outcome]) -> bool:
    """Whether the first case, without which none counts, ran into the limit."""
    return bool(so_far) and so_far[0].failure == TIME


def patience(so_far: list[Outcome], seconds: float) -> float:
    """The limit for the next call.

    The first gets twice as much, since it may be the first to load a part of PyTorch; after
    one that ran into the limit all get less, for everyone's sake.
    """
    late = sum(outcome.failure == TIME for outcome in so_far)
    if late:
        return min(seconds, max(SHORT, seconds / (5 if late == 1 else 50)))
    return seconds if so_far else 2 * seconds
