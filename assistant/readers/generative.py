"""The generative reader: a model's text as it comes, each sentence checked and marked when it ends.

`[1]` stands behind a sentence that a passage bears out and opens the exact place; `[?]` behind one that none does.
Sentences that claim nothing carry no mark. What is shown is what is stored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field

from assistant.answering.citations import Lookup, citation
from assistant.answering.compose import one_line
from assistant.answering.terms import terms
from assistant.readers.framing import claims_nothing, says_no_answer
from assistant.readers.instructions import asks_about_instructions
from assistant.readers.premise import contradicting
from assistant.readers.stream import WIDE_END, End, Piece, SentenceStream, Text, disarmed
from assistant.readers.support import Cosines, Verdict, check
from assistant.types import Citation, Cited, Claim, Delta, Passage, joined

UNBORNE = "[?]"
CIRCLES = 3
"""Times that a model may say a sentence before it is stopped."""
ITEM, LEADS = re.compile(r"\s*(?:[-*•]|\d{1,3}[.)、])\s*"), re.compile(r"[:：][\s*_]*$")
"""An item of a list, and the sentence before one."""
Standing = Callable[[Claim], bool]
"""Whether a claim's spans still stand in the live passages (promise 14)."""


@dataclass
class Checked:
    """An answer being written. Feed it deltas and close it; the events together are the text with its marks."""

    question: str
    passages: Sequence[Passage]
    document: Lookup
    cosines: Cosines | None = None
    standing: Standing = lambda claim: True
    claims: list[Claim] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    refusals: int = 0  # sentences that say: the passages do not answer
    _stream: SentenceStream = field(default_factory=SentenceStream)
    _again: bool = False
    _lead: str = ""  # the sentence that introduces the list under way
    _numbers: dict[tuple[int, int, int, bool], int] = field(default_factory=dict)

    @property
    def supported(self) -> int:
        return sum(claim.supported for claim in self.claims)

    @property
    def unsupported(self) -> int:
        return len(self.claims) - self.supported

    def feed(self, text: str) -> Iterator[Delta | Cited]:
        """Character by character, so that what is shown of a text that goes in circles never depends on its cuts."""
        yield from joined(event for piece in self._characters(text) for event in self._events(piece))

    def _characters(self, text: str) -> Iterator[Sequence[Piece]]:
        for character in text:
            if self.circling:
                return
            yield self._stream.feed(character)

    @property
    def circling(self) -> bool:
        """Whether the model says the same again and again: there is no more to come of it."""
        return self._again or self._stream.repeats

    def restart(self) -> None:
        """What was said so far was no answer (a model's thinking): as if nothing had come."""
        self.claims.clear()
        self.citations.clear()
        self._numbers.clear()
        self.refusals, self._again, self._lead, self._stream = 0, False, "", SentenceStream()

    def close(self) -> Iterator[Delta | Cited]:
        """Also after a stop or a cut: a half sentence is checked like a whole one."""
        yield from self._events(self._stream.close())

    def _events(self, pieces: Sequence[Piece]) -> Iterator[Delta | Cited]:
        for piece in pieces:
            if self._again:
                return
            if isinstance(piece, Text):
                yield Delta(piece.text)
            else:
                yield from self._marked(piece)
                said = self.claims[-1].text if self.claims else ""
                self._again = sum(claim.text == said for claim in self.claims) >= CIRCLES

    def _marked(self, end: End) -> Iterator[Delta | Cited]:
        if not ITEM.match(end.sentence):
            self._lead = end.sentence if LEADS.search(end.sentence) else ""
        if says_no_answer(end.sentence):
            self.refusals += 1
            return
        if claims_nothing(end.sentence, self.question):
            return
        claim = self._claim(end)
        self.claims.append(claim)
        marks = yield from self._cited(claim)
        yield Delta(("\n\n" if end.fenced else "" if WIDE_END.search(end.sentence) else " ") + marks)

    def _cited(self, claim: Claim) -> Generator[Cited, None, str]:
        """The marks of a claim, after the citations that are new."""
        numbers: list[int] = []
        for span in claim.spans:
            key = (span.passage.id, span.start, span.end, claim.quoted)
            if key not in self._numbers:
                self._numbers[key] = len(self._numbers) + 1
                self.citations.append(citation(self._numbers[key], span, claim.quoted, self.document))
                yield Cited(self.citations[-1])
            numbers.append(self._numbers[key])
        return "".join(f"[{n}]" for n in dict.fromkeys(numbers)) or UNBORNE

    def contradicted(self, lead: str) -> Iterator[Delta | Cited]:
        """After the answer: the cited place that contradicts the question, where there is one, behind our `lead`."""
        span = contradicting(self.question, [span for claim in self.claims for span in claim.spans])
        if span is None:
            return
        claim = Claim(one_line(span.quote), (span,))
        marks = yield from self._cited(claim)
        self.claims.append(claim)
        quote = disarmed(claim.text)
        yield Delta(f"\n\n{lead} {quote}{'' if WIDE_END.search(quote) else ' '}{marks}")

    def _claim(self, end: End) -> Claim:
        """Checked against the passages it names; where these do not bear it out, against all that were sent."""
        named = [self.passages[n - 1] for n in end.cited if 0 < n <= len(self.passages)]
        for passages in (named, self.passages):
            verdict = self._check(end.sentence, passages)
            text = one_line(verdict.spans[0].quote) if verdict.quoted else end.sentence
            claim = Claim(text, verdict.spans, verdict.quoted)
            if verdict.supported and self.standing(claim):
                return claim
        return Claim(end.sentence, (), quoted=False, supported=False)

    def _check(self, sentence: str, passages: Sequence[Passage]) -> Verdict:
        orders = asks_about_instructions(self.question)
        about = [text for text in (self._lead, self.question) if terms(text)]
        return check(sentence, passages, self.cosines, orders=orders, about=about) if passages else Verdict(False)
