"""Grade exercises: run the submission apart, judge its results here, name the mistake.

A notebook needs two names, `mark` and `once_written`.  They are fetched when first asked for,
because the worker imports this package too, and must not meet the exercises.
"""


def __getattr__(name: str):
    if name in ("mark", "once_written"):
        from autograder.state import known_state

        with known_state():  # what the exercises make once is made as ever
            from autograder import marking, writing

        marking.watch_cells()
        return marking.mark if name == "mark" else writing.once_written
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
