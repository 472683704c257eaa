# ruff: noqa: E501 - texts are tables: a row is a line
"""The generative reader: the same marked text however the model's text is cut, and no claim without a mark."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.readers.framing import claims_nothing, says_no_answer
from assistant.readers.generative import Checked
from assistant.readers.stream import End, SentenceStream
from assistant.types import Cited, Delta
from tests.memory import MemoryStore

QUESTION = "How tall is the Eiffel Tower?"
STORE = MemoryStore(
    {"tower.txt": "The Eiffel Tower was finished in 1889. It is 330 metres tall.", "长城.txt": "长城全长约21196公里。"}
)
PARTS = st.sampled_from(
    [
        "It is 330 metres tall", "It is 331 metres tall", "The Eiffel Tower was finished in 1889", "长城全长约21196公里", "长城很长",
        "Here is what I found:", "The passages do not answer this question", "Sure!", ".", "。", " ", " ", "\n", "\n\n", "- ", "[1]", " [2]",
        " [9]", "|", "| a | b |\n", "|---|---|\n", "```\n", "<b>", "![x](http://e)", "[?]", "“", "”",
    ]
)  # fmt: skip
TEXTS = st.lists(PARTS, max_size=14).map("".join)
MARK = re.compile(r"\[(?:\d+|\?)\]")


def written(pieces: list[str]) -> tuple[str, Checked]:
    made = Checked(QUESTION, STORE.all, STORE.document)
    events = [event for part in pieces for event in made.feed(part)] + list(made.close())
    assert [event.citation for event in events if isinstance(event, Cited)] == made.citations
    return "".join(event.text for event in events if isinstance(event, Delta)), made


@settings(max_examples=60, deadline=None)
@given(TEXTS, st.data())
def test_any_cut_gives_the_same_marked_text(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=8)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    whole, made = written([text])
    again, other = written(pieces)
    assert (again, other.claims, other.citations) == (whole, made.claims, made.citations)


@settings(max_examples=80, deadline=None)
@given(TEXTS)
def test_every_sentence_that_claims_something_carries_a_mark(text: str) -> None:
    shown, made = written([text])
    if made.circling:
        return
    stream = SentenceStream()
    ends = [piece for piece in [*stream.feed(text), *stream.close()] if isinstance(piece, End)]
    claims = [e for e in ends if not says_no_answer(e.sentence) and not claims_nothing(e.sentence, QUESTION)]
    assert len(made.claims) == len(claims)
    places = [found.start() for found in re.finditer(r"(?:\[(?:\d+|\?)\])+", shown)]
    assert len(places) == len(claims)
    for claim in made.claims:
        assert claim.supported == bool(claim.spans)
    assert {int(n) for n in re.findall(r"\[(\d+)\]", shown)} == {citation.n for citation in made.citations}
    for citation in made.citations:
        assert STORE.parsed[citation.document].text[citation.start : citation.end] == citation.quote


def test_a_model_that_goes_in_circles_is_stopped_and_what_it_said_is_marked() -> None:
    shown, made = written(["It is 331 metres tall. " * 20])
    assert shown == "It is 331 metres tall. [?] It is 331 metres tall. [?] It is 331 metres tall. [?]"
    assert made.circling
    shown, made = written(["a footnote is " * 40])
    assert made.circling
    assert shown == "a footnote is " * 4 + "a [?]"


def test_a_number_that_no_passage_has_is_ignored_and_another_passage_may_bear_it_out() -> None:
    assert written(["It is 330 metres tall [9]."])[0] == "It is 330 metres tall. [1]"
    shown, made = written(["It is 330 metres tall [2]."])
    assert (shown, made.citations[0].document) == ("It is 330 metres tall. [1]", "tower.txt")


def test_items_of_one_word_belong_to_the_lead_of_their_list() -> None:
    store = MemoryStore(
        {"a.txt": "The museum shows tea sets and porcelain.", "b.txt": "Its mayor likes porcelain and jazz."}
    )

    def marked(text: str, question: str) -> tuple[str, set[str]]:
        made = Checked(question, store.all, store.document)
        said = "".join(e.text for e in [*made.feed(text), *made.close()] if isinstance(e, Delta))
        return said, {citation.document for citation in made.citations}

    items = "- porcelain\n- jazz"
    assert marked(items, "What does the museum show?") == ("- porcelain [1]\n- jazz [?]", {"a.txt"})
    assert marked(f"The mayor likes:\n{items}", "Tell me all of them, please.") == (
        "The mayor likes: [1]\n- porcelain [2]\n- jazz [1]",
        {"b.txt"},
    )
    assert marked(items, "Which rivers cross Berlin?") == ("- porcelain [?]\n- jazz [?]", set())
