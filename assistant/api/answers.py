"""Answers under way. The work belongs to the server: browsers start it, watch it, stop it, and may come and go."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace

from assistant.api.house import House, private_corpus
from assistant.api.metrics import Metrics
from assistant.api.problems import sentence_of
from assistant.api.turns import Turns
from assistant.errors import Cancelled, Conflict, NotFound
from assistant.types import Answer, Delta, Done, Event, JobInfo, Question, Reading, Revised, Searching

AT_ONCE = 4
"""Questions of the embedded brain computed at the same time; those of a model mostly wait for their server."""
POLL_SECONDS = 0.1
WORDS_SECONDS = 0.05
"""Shortest time between two looks at an answer that is being written: each is the whole text so far."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What a watcher sees. `stage`: waiting, files, searching, reading, writing, then the message's final state."""

    message: str
    stage: str
    text: str = ""
    detail: str = ""  # the file being read
    done: int = 0  # its page, or passages read
    total: int = 0
    version: int = 0

    @property
    def closed(self) -> bool:
        return self.stage in {"done", "stopped", "failed"}


@dataclass(frozen=True, slots=True)
class Wish:
    """How a question is to be answered: where to look, by which tier, brain and persona ("": the defaults)."""

    corpora: tuple[str, ...]
    only: tuple[str, ...] = ()
    tier: int = 3
    brain: str = ""
    persona: str = ""

    def question(self, text: str) -> Question:
        return Question(
            text=text,
            corpora=self.corpora,
            only=self.only,
            tier=self.tier,
            asked=text,
            brain=self.brain,
            persona=self.persona,
        )


@dataclass
class Running:
    """One answer under way. Changed by its worker thread alone; watchers wait on `changed` in their own loops."""

    conversation: str
    question: Question
    now: Progress
    stop: threading.Event = field(default_factory=threading.Event)
    watchers: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def show(self, stage: str, **changes: object) -> None:
        with self.lock:
            self.now = replace(self.now, stage=stage, version=self.now.version + 1, **changes)  # type: ignore[arg-type]
            watchers = list(self.watchers)
        for loop, changed in watchers:
            try:
                loop.call_soon_threadsafe(changed.set)
            except RuntimeError:  # the watcher's loop has closed: nobody is left to tell
                with self.lock:
                    self.watchers.discard((loop, changed))

    async def watch(self) -> AsyncIterator[Progress]:
        """Every change from now on; several quick changes may come as one. Ends with the closed state."""
        changed = asyncio.Event()
        me = (asyncio.get_running_loop(), changed)
        with self.lock:
            self.watchers.add(me)
        try:
            while True:
                changed.clear()
                now = self.now
                yield now
                if now.closed:
                    return
                if now.stage == "writing":
                    await asyncio.sleep(WORDS_SECONDS)
                await changed.wait()
        finally:
            with self.lock:
                self.watchers.discard(me)


class Answers:
    """Starts, finds and stops answers; at most one per conversation."""

    def __init__(self, house: House, turns: Turns, metrics: Metrics) -> None:
        self._house = house
        self._turns = turns
        self._metrics = metrics
        self._running: dict[str, Running] = {}
        self._lock = threading.Lock()

    def ask(self, conversation: str, text: str, parent: str | None, wish: Wish) -> tuple[str, str]:
        """Stores a question and begins its answer; the ids of both. As `start`: what is refused is not stored."""
        return self._begin(conversation, lambda: self._house.chats.ask(conversation, text, parent), wish)

    def start(self, conversation: str, question: str, wish: Wish) -> str:
        """Begins an answer below a stored question; its message id. Conflict while another is under way.

        Busy where too many questions wait already."""
        return self._begin(conversation, lambda: question, wish)[1]

    def _begin(self, conversation: str, stored: Callable[[], str], wish: Wish) -> tuple[str, str]:
        self._turns.take()
        try:
            with self._lock:
                if conversation in self._running:
                    raise Conflict("An answer is being written in this conversation. Wait for it, or stop it.")
                question = stored()
                text = str(self._house.chats.message(question)["content"])
                message = self._house.chats.begin(question)
                running = Running(conversation, wish.question(text), Progress(message, "waiting"))
                self._running[conversation] = running
        except BaseException:
            self._turns.give()
            raise
        self._turns.run(lambda: self._work(running, question))
        return question, message

    def running(self, conversation: str) -> Running | None:
        return self._running.get(conversation)

    def stop(self, conversation: str) -> bool:
        """Asks the answer under way to stop; False where there is none."""
        running = self._running.get(conversation)
        if running is None:
            return False
        running.stop.set()
        return True

    def close(self) -> None:
        for running in list(self._running.values()):
            running.stop.set()

    def _work(self, running: Running, question: str) -> None:
        stage, message = "failed", running.now.message
        try:
            answer = self._answer(running, question)
            stage = "stopped" if answer is None or answer.receipt.get("stopped") else "done"
            self._house.chats.finish(message, answer, stage)
        except Cancelled:
            stage = "stopped"
            self._close(message, "stopped")
        except Exception as error:
            self._close(message, "failed", below(running.now.text, str(sentence_of(error, "an answer"))))
        finally:
            with self._lock:
                self._running.pop(running.conversation, None)
            running.show(stage)

    def _answer(self, running: Running, question: str) -> Answer | None:
        self._wait_for_files(running)
        asked = replace(running.question, history=self._house.chats.history(question))
        for event in self._metrics.watched(asked, self._house.assistant.ask(asked, running.stop.is_set)):
            if isinstance(event, Done):
                return event.answer
            self._note(running, event)
        return None

    def _note(self, running: Running, event: Event) -> None:
        if isinstance(event, Searching):
            running.show("searching")
        elif isinstance(event, Reading):
            running.show("reading", done=len(event.hits))
        elif isinstance(event, Delta):
            self._house.chats.append(running.now.message, event.text)
            running.show("writing", text=running.now.text + event.text)
        elif isinstance(event, Revised):
            self._house.chats.take_back(running.now.message)
            running.show("writing", text="")

    def _close(self, message: str, state: str, sentence: str = "") -> None:
        """The stored answer must not stay open; where its conversation was deleted meanwhile, there is none."""
        with contextlib.suppress(NotFound):
            if sentence:
                self._house.chats.append(message, sentence)
            self._house.chats.finish(message, None, state)

    def _wait_for_files(self, running: Running) -> None:
        """Attached files are read before the question is; those that fail stay behind with their own sentence."""
        corpus = private_corpus(running.conversation)
        if corpus not in running.question.corpora:
            return
        while jobs := [job for job in self._house.library.jobs(corpus) if waits(job)]:
            if running.stop.is_set():
                raise Cancelled("Stopped.")
            job = jobs[0]
            running.show("files", detail=job.document, done=job.page, total=job.pages)
            time.sleep(POLL_SECONDS)


def below(written: str, sentence: str) -> str:
    """A sentence that ends an unfinished answer: a paragraph of its own where something was written."""
    return f"\n\n{sentence}" if written else sentence


def waits(job: JobInfo) -> bool:
    """Whether a question has to wait for this file: it cannot be searched even by words yet."""
    return job.open and job.state != "words"
