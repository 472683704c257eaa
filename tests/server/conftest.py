"""A real vLLM: the packaged model served once for all, and tiny random models for what ends badly.

THICKSHELL_VLLM_PYTHON names the Python that has it (`make test-server` makes one); without any these tests are skipped.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.errors import NotAvailable
from assistant.generators.endpoint import Endpoint
from assistant.generators.openai import ServedModel, ServerGenerator
from assistant.models import serving, smollm
from assistant.models.running import Running, running
from assistant.models.vllm_command import Engine, engine, interpreter
from tests.models.tiny import build

END_OF_TURN = 2
"""A token of the packaged model's tokenizer."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.server)
            item.add_marker(pytest.mark.timeout(1200))  # on busy cores a start takes minutes


@pytest.fixture(scope="session")
def vllm() -> Engine:
    try:
        return engine(interpreter())
    except NotAvailable as error:
        pytest.skip(f"no vLLM: {error}")


@pytest.fixture(scope="session")
def small() -> Path:
    """The packaged model's folder."""
    try:
        return smollm.folder()
    except NotAvailable as error:
        pytest.skip(f"no packaged model: {error}")


@pytest.fixture(scope="session")
def served_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def served(vllm: Engine, small: Path, served_home: Path) -> Iterator[Running]:
    """The packaged model on vLLM, under a supervisor of its own process, as `thickshell models serve` starts it."""
    home = served_home
    launch, profile = serving.launch_of(home, "packaged")
    launch = serving.checked(replace(launch, context=2048, cache_memory="256M"))
    supervisor = serving.start(home, launch, profile.name if profile else "")
    try:
        serving.follow(home, supervisor, lambda now: print(now.state, now.phase))
        found = running(home)
        assert found is not None
        yield found
    finally:
        serving.stop(home)


@pytest.fixture(scope="session")
def model(served: Running) -> ServerGenerator:
    return ServerGenerator(ServedModel(Endpoint(served.url, served.key), served.name, folder=Path(served.folder)))


@pytest.fixture(scope="session")
def tiny(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two layers of random weights with the packaged model's tokenizer."""
    return random_model(tmp_path_factory.mktemp("tiny"), small, 2048)


@pytest.fixture(scope="session")
def tireless(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with room for an answer of minutes on any machine; greedy, it never ends one by itself."""
    return random_model(tmp_path_factory.mktemp("tireless"), small, 1 << 16, never=(END_OF_TURN,))


def random_model(folder: Path, small: Path, positions: int, never: tuple[int, ...] = ()) -> Path:
    build(
        folder,
        "llama",
        never=never,
        vocab_size=49152,
        hidden_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,  # heads of 64: vLLM's attention on a CPU takes none of 16
        num_key_value_heads=1,
        max_position_embeddings=positions,
        tie_word_embeddings=True,
        bos_token_id=1,
        eos_token_id=END_OF_TURN,
    )
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copyfile(small / name, folder / name)
    return folder
