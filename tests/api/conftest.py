"""One house and one client for the tests of a module: the whole application without Gradio's page, which has tests of
its own in a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from assistant.api import app as application
from assistant.settings import Settings
from assistant.wiring import House, build

HERE = "http://127.0.0.1:7860"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = build(Settings(home=tmp_path_factory.mktemp("home"), encoder="hashed", max_upload_mb=1))
    yield made
    made.close()


@pytest.fixture(scope="module")
def client(house: House) -> Iterator[TestClient]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("assistant.ui.mount", lambda app, settings: app)
        app: FastAPI = application.create_app(house)
    with TestClient(app, base_url=HERE) as running:
        yield running
