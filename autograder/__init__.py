"""Grade exercises: run the submission apart, judge its results here, name the mistake.

What a notebook calls is fetched when first asked for, because the worker imports this package
too, and must not meet the exercises.
"""

MARKING = ("mark", "once_written")
PREDICTING = ("predict", "came_out", "came_out_as", "review", "tally")


def __getattr__(name: str):
    if name in PREDICTING:
        from autograder import predicting

        return getattr(predicting, name)
    if name in MARKING:
        from autograder.state import known_state

        with known_state():  # what the exercises make once is made as ever
            from autograder import marking, writing

        return marking.mark if name == "mark" else writing.once_written
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
