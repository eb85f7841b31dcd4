"""First answers to predictions and review questions, as the progress file keeps them.

They are read with care: the file may be old, edited or damaged.
"""

from collections.abc import Mapping
from typing import Any

ANSWERS = (
    "predictions"  # the kind of the progress file: what was chosen, and whether it is right
)
REVIEW = "review_"  # what the names of review questions begin with


def key_of(chapter: str, name: str, *, review: bool = False) -> str:
    """What the answer to a chapter's question is kept under."""
    return f"{chapter}/{REVIEW * review}{name}"


def settled(found: Mapping[str, Any], chapter: str, *, review: bool = False) -> list[bool]:
    """Whether each prediction of a chapter that is settled was right, or each review answer."""
    return [
        made["right"]
        for key, made in found.items()
        if key.startswith(f"{chapter}/")
        and key.removeprefix(f"{chapter}/").startswith(REVIEW) == review
        and isinstance(made, dict)
        and isinstance(made.get("right"), bool)
    ]
