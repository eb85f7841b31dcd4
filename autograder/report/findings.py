"""What a report says, in the order in which it helps: first what went wrong, or what is known.

How it looks, as text or as HTML, is decided elsewhere.
"""

import re

from autograder.diagnose import PARAGRAPH, Diagnosis
from autograder.report.facts import Facts, ended

PRACTICE_NOTE = "Practice cases; where someone grades, others of the same kind are drawn."
FROM_BEFORE = (
    "What counts is what the cell says, so a `{}` from before is not marked. Mend the cell, "
    "run it, then mark again."
)


class Findings(Facts):
    """The facts in words."""

    @property
    def lead(self) -> str:
        """What helps most, to be read first: the diagnosis, or else the first complaint."""
        if not self.attempted:
            return self.stale or f"`{self.exercise.name}` is not written yet."
        if self.passed:
            return f"`{self.exercise.name}` is right."
        if self._named:
            return self._named[0]
        return ended(_in_two(self.first_complaint)[0])

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is said after the lead, a paragraph each."""
        if not self.attempted:
            return (FROM_BEFORE.format(self.exercise.name),) if self.stale else ()
        if self.passed:
            return tuple(filter(None, [self.known, self.beside.pace]))
        first, also = _in_two(self.first_complaint)
        said = [*self._named[1:], *self._explained, *self._evidence]
        said += [f"{ended(first)} {also}".rstrip() if self._named else also, self.rule]
        return tuple(filter(None, said))

    @property
    def _evidence(self) -> tuple[str, str]:
        """What the diagnosis explains, and what it does not."""
        found = self.diagnosis
        return (self.said(found.evidence), self.said(found.rest)) if found else ("", "")

    @property
    def known(self) -> str:
        """What someone who wrote this knows now; nothing of one who has not."""
        if not (self.passed and self.attempted):
            return ""
        return self.beside.learned or f"This was so that you can {self.exercise.goal}."

    @property
    def _named(self) -> tuple[str, ...]:
        """What the diagnosis calls it; what it is to the right answer, where that is all."""
        found = self.diagnosis
        if not found:
            return ()
        if not found.misconceptions:
            said = self.said(found.relation)
            return tuple(map(ended, said.split(PARAGRAPH))) if said else ()
        begin = "Looks like" if found.certain else "Looks most like"
        return (f"{begin}: {found.name}.",)

    @property
    def explained(self) -> str:
        """All that the diagnosis explains, in one."""
        return " ".join(self._explained)

    @property
    def _explained(self) -> list[str]:
        """What can be seen of each misconception, and which idea is missing."""
        found = self.diagnosis or Diagnosis(())
        told = {
            wrong.name: wrong.hint if wrong in found.unseen else f"{wrong.symptom} {wrong.hint}"
            for wrong in found.misconceptions
        }
        if len(told) == 1:
            return [*told.values()]
        return [f"“{name}”: {said}" for name, said in told.items()]

    @property
    def sections(self) -> tuple[str, ...]:
        """The headings under which the missing idea is derived."""
        if self.passed or not self.attempted:
            return ()
        wrongs = self.diagnosis.misconceptions if self.diagnosis else ()
        named = [wrong.section or self.exercise.section for wrong in wrongs]
        return tuple(dict.fromkeys(named or [self.exercise.section]))

    @property
    def idea(self) -> tuple[str, str]:
        """What the diagnosis says, and the heading that it points to."""
        if not self._named:
            return "", ""
        return " ".join([*self._named, *self._explained]), self.sections[0]


def _in_two(complaint: str) -> tuple[str, str]:
    """What a complaint is about; and what it says of one's own line, or of the other parts."""
    if found := re.fullmatch(r"(.*?) \(in your line (\d+): (.*)\)\.", complaint, re.DOTALL):
        return found[1], f"In your line {found[2]}: `{found[3]}`."
    first, *also = re.split(r"; (?=(?:also wrong|right): )", complaint, maxsplit=1)
    return first, "".join(also)[:1].upper() + "".join(also)[1:]
