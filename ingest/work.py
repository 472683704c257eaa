"""One run of the worker: takes queued jobs, reads files in parser processes, stores, embeds.

Threads: `workers` readers (each waits for a parser process, then cleans and splits), the caller's, which takes jobs and
stores what the readers give, and one that embeds.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

from assistant.errors import Cancelled, NotAvailable, StorageError, UnreadableFile
from assistant.seams import Embedder, WordIndex
from assistant.settings import Settings
from ingest import passwords
from ingest.catalog.database import Catalog
from ingest.detect import detect
from ingest.embedding import Embedding, sentence_of, waiting_documents
from ingest.files import FileStore
from ingest.jobs import Queue, Task
from ingest.pool import ParserPool
from ingest.prepare import estimated_tokens, prepare
from ingest.recovery import recover
from ingest.storing import Parsed, parsed, store, withdraw

log = logging.getLogger(__name__)
IDLE = 0.3
"""Seconds between two looks at an empty queue."""
STORED_TOGETHER, STORED_AFTER = 64, 1.0
"""Most documents of one commit, and the most seconds that one waits for others: a commit costs about 0.1 s."""
AHEAD = 48
"""Files taken from the queue together, so that readers never wait for the catalog."""
RETRY = (1.0, 5.0, 15.0, 30.0)
"""Seconds to wait after each failed commit or call of the encoder in a row; the last one repeats."""
GIVE_UP = 6
"""Failed commits in a row after which the jobs fail with the sentence."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What a worker works with."""

    catalog: Catalog
    pool: ParserPool
    embedder: Embedder
    words: WordIndex
    settings: Settings


class Run:
    """From recovery to the end. `stop` is asked often; `until_idle`: ends when nothing is left that can go on."""

    def __init__(self, tools: Tools, stop: Callable[[], bool], *, until_idle: bool) -> None:
        self._tools, self._asked_to_stop, self._until_idle = tools, stop, until_idle
        self._files = FileStore(tools.catalog.home)
        self._queue = Queue(tools.catalog)
        self._embedding = Embedding(tools.catalog, tools.embedder, self._queue)
        self._embedding_error: Exception | None = None
        self._ended, self._wake = threading.Event(), threading.Event()
        self._results: SimpleQueue[Parsed] = SimpleQueue()
        self._reading: list[Future[None]] = []
        self._hidden = False

    def work(self) -> None:
        """Blocks until idle or stopped; where it waits for idleness, raises what kept the encoder from working."""
        recover(self._tools.catalog, self._tools.words)
        with self._embedder_thread(), self._readers() as readers:
            while not self._stopping():
                began = self._fill(readers)
                batch = self._gather(readers)
                self._store(batch)
                self._withdraw()
                if not (began or batch or self._reading or self._results.qsize()):
                    self._purge()
                    if self._until_idle and self._nothing_left():
                        break
                    self._ended.wait(IDLE)
        if self._until_idle and self._embedding_error is not None and not self._asked_to_stop():
            raise self._embedding_error

    def _stopping(self) -> bool:
        return self._ended.is_set() or self._asked_to_stop()

    @contextlib.contextmanager
    def _readers(self) -> Iterator[ThreadPoolExecutor]:
        """The readers' threads; at the end they put back what they have not read, and what they have is stored."""
        with ThreadPoolExecutor(self._tools.settings.workers, thread_name_prefix="ingest-reader") as readers:
            try:
                yield readers
            finally:
                self._ended.set()
        while batch := self._given(0.0):
            self._store(batch)

    @contextlib.contextmanager
    def _embedder_thread(self) -> Iterator[None]:
        thread = threading.Thread(target=self._embed, name="ingest-embedding", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            self._wake.set()
            thread.join()

    # --- taking and storing -----------------------------------------------------------------------------------------
    def _nothing_left(self) -> bool:
        """No job is queued, and the encoder has nothing to do or cannot work."""
        if self._queue.waiting():
            return False
        if self._embedding_error is not None:
            return True
        return self._embedding.complete and not waiting_documents(self._tools.catalog)

    def _fill(self, readers: ThreadPoolExecutor) -> bool:
        """Keeps the readers busy with tasks ahead; whether any was taken."""
        self._reading = [future for future in self._reading if not future.done()]
        if len(self._reading) > AHEAD // 4 or self._results.qsize() >= STORED_TOGETHER:
            return False
        tasks = self._queue.take(AHEAD)
        self._reading += [readers.submit(self._read, task) for task in tasks]
        return bool(tasks)

    def _gather(self, readers: ThreadPoolExecutor) -> list[Parsed]:
        """What the readers give, until there is enough for one commit, nothing more to read, or too long a wait."""
        batch = self._given(IDLE if self._reading else 0.0)
        until = time.monotonic() + STORED_AFTER
        while batch and self._reading and len(batch) < STORED_TOGETHER and time.monotonic() < until:
            self._fill(readers)
            batch += self._given(0.05)
        return sorted(batch, key=lambda item: item.task.job)

    def _given(self, seconds: float) -> list[Parsed]:
        """Results that are there, waiting up to some seconds for the first."""
        batch: list[Parsed] = []
        with contextlib.suppress(Empty):
            batch.append(self._results.get(timeout=seconds) if seconds else self._results.get_nowait())
            while len(batch) < STORED_TOGETHER:
                batch.append(self._results.get_nowait())
        return batch

    def _store(self, batch: list[Parsed]) -> None:
        """Stores a batch. A full disk: waits and tries again, then its jobs fail. Any other fault: one by one."""
        problem: Exception | None = None
        for attempt in range(GIVE_UP):
            if not batch:
                return
            try:
                if attempt:
                    self._tools.words.remove([item.task.document for item in batch], purge=False)
                self._hidden = store(self._tools.catalog, self._tools.words, batch) or self._hidden
                self._wake.set()
                log.info("%d documents are searchable by words", len(batch))
                return
            except (StorageError, OSError) as error:
                problem = error
                log.warning("storing waits: %s", describe(error))
                if not self._pause(RETRY[min(attempt, len(RETRY) - 1)]):
                    return  # the rows say `parsing`: the next worker reads these files again
            except Exception as error:
                problem = error
                log.error("storing: %s", describe(error))
                break
        self._store_singly(batch, problem)

    def _store_singly(self, batch: list[Parsed], problem: Exception | None) -> None:
        if len(batch) > 1 and not isinstance(problem, StorageError | OSError):
            for item in batch:
                self._store([item])
            return
        sentence = str(problem) if isinstance(problem, StorageError) else internal("stored", problem)
        for item in batch:
            self._surely(lambda item=item: self._queue.fail(item.task, sentence))  # type: ignore[misc]

    def _purge(self) -> None:
        """Takes words of older versions off the disk when there is nothing else to do: it may take seconds."""
        if self._hidden:
            with contextlib.suppress(StorageError, OSError):
                self._tools.words.purge()
                self._hidden = False

    def _withdraw(self) -> None:
        if cancelled := self._queue.cancelled():
            withdraw(self._tools.catalog, self._tools.words, sorted(cancelled))

    # --- reading ----------------------------------------------------------------------------------------------------
    def _read(self, task: Task) -> None:
        """In a reader's thread: a file becomes passages, or its job ends with a sentence."""
        try:
            if self._stopping() or task.job in self._queue.cancelled():
                raise Cancelled("Reading the file was stopped; add it again.")
            with self._queue.in_hand(task):
                item = self._parsed(task)
            self._results.put(item)
        except Cancelled:
            back = self._stopping()
            self._surely(lambda: self._queue.put_back([task]) if back else self._queue.cancel(task))
        except (UnreadableFile, StorageError) as error:
            log.info("job %d: %s", task.job, error.code or type(error).__name__)
            sentence = str(error)
            self._surely(lambda: self._queue.fail(task, sentence))
        except Exception as error:
            log.error("job %d: %s", task.job, describe(error))
            sentence = internal("read", error)
            self._surely(lambda: self._queue.fail(task, sentence))

    def _parsed(self, task: Task) -> Parsed:
        path = self._files.path(task.sha256)
        if not path.is_file():
            raise UnreadableFile("The stored file is missing; upload it again.")
        home = self._tools.catalog.home
        password = passwords.take(home, task.job)
        try:
            document = self._tools.pool.parse(
                path,
                detect(path, task.name),
                password=password,
                progress=lambda page, pages: self._queue.read(task.job, page, pages),
                cancelled=lambda: self._stopping() or task.job in self._queue.cancelled(),
            )
        except Cancelled:
            if password is not None and self._stopping():
                passwords.hold(home, task.job, password)
            raise
        return parsed(task, prepare(document, self._count, self._tools.settings.passage_tokens))

    def _count(self, texts: Sequence[str]) -> list[int]:
        try:
            return self._tools.embedder.count(texts)
        except NotAvailable:
            return estimated_tokens(texts)

    def _surely(self, write: Callable[[], None]) -> None:
        """Writes to the catalog, trying again while the disk is full; given up only when the worker stops."""
        attempt = 0
        while True:
            try:
                return write()
            except StorageError as error:
                log.warning("writing waits: %s", describe(error))
                if not self._pause(RETRY[min(attempt, len(RETRY) - 1)]):
                    return None  # the row says `parsing`: the next worker takes it up
                attempt += 1

    # --- embedding --------------------------------------------------------------------------------------------------
    def _embed(self) -> None:
        failures = 0
        while not self._stopping():
            try:
                self._wake.clear()
                worked = self._embedding.step(self._stopping)
                self._embedding_error, failures = None, 0
                if not worked:
                    self._wake.wait(IDLE)
            except Exception as error:
                log.warning("embedding waits: %s", describe(error))
                with contextlib.suppress(StorageError):
                    self._queue.say_of_waiting(sentence_of(error))
                self._embedding_error = error
                self._pause(RETRY[min(failures, len(RETRY) - 1)])
                failures += 1

    def _pause(self, seconds: float) -> bool:
        """Waits; False where the worker was asked to stop meanwhile."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._stopping():
            time.sleep(0.05)
        return not self._stopping()


def internal(what: str, error: Exception | None) -> str:
    kind = type(error).__name__
    then = "try again, and report it with the log if it stays so."
    return f"The file could not be {what} (internal error {kind}); {then}"


def describe(error: BaseException) -> str:
    """An exception without its message, which may hold text of a document: its kind and where it came from."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    return f"{type(error).__name__} at " + " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(frames))
