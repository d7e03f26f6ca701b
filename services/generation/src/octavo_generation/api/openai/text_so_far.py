"""How pieces of a text that may be said twice, in part, or by another attempt become one text that is only ever added to. Pure.

Pieces come with the attempt that made them and a number that counts within it (`octavo_jobs.context`). A number that is missing means
that a piece was lost: from then on nothing is passed on until the whole text is known. A later attempt begins from the start; while it
says what was said before, nothing is passed on, and then what it adds.
"""

from __future__ import annotations


class Diverged(Exception):
    """What was passed on already is not how the text goes; it cannot be taken back."""


class TextSoFar:
    """Of one answer. `sent` is what was passed on."""

    def __init__(self) -> None:
        self.sent = ""
        self._told = ""
        self._attempt = 0
        self._seq = 0
        self._whole = True

    def hear(self, attempt: int, seq: int, text: str) -> str:
        """What to pass on of the event `seq` of `attempt`; events without text count too (""). Raises `Diverged`."""
        if (attempt, seq) <= (self._attempt, self._seq):
            return ""
        if attempt > self._attempt:
            self._attempt, self._seq, self._told, self._whole = attempt, 0, "", True
        self._whole = self._whole and seq == self._seq + 1
        self._seq = seq
        if not text or not self._whole:
            return ""
        self._told += text
        if self.sent.startswith(self._told):
            return ""
        if not self._told.startswith(self.sent):
            raise Diverged
        new = self._told[len(self.sent) :]
        self.sent = self._told
        return new

    def restart(self, attempt: int, seq: int) -> None:
        """The event `seq` of `attempt` says that the text begins again within the attempt: what was told counts as told by another."""
        if (attempt, seq) > (self._attempt, self._seq):
            self._attempt, self._seq, self._told, self._whole = attempt, seq, "", True

    def rest(self, result: str) -> str:
        """What is missing of the whole text. Raises `Diverged`; white space at the end that a result leaves out is no difference."""
        if result.startswith(self.sent):
            new = result[len(self.sent) :]
            self.sent = result
            return new
        if self.sent.rstrip() != result.rstrip():
            raise Diverged
        return ""
