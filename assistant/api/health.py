"""Whether the server lives, and whether its models are loaded."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse

from assistant.api.house import House
from assistant.api.needs import HouseDep, MetricsDep
from assistant.api.problems import refusals

router = APIRouter(tags=["watching"], responses=refusals(401, 403))


@router.get("/healthz")
def healthz() -> dict[str, str]:
    return {"status": "alive"}


@router.get("/readyz", responses={503: {"description": "Models are still being loaded."}})
def readyz(house: HouseDep) -> JSONResponse:
    ready = is_ready(house)
    return JSONResponse({"status": "ready" if ready else "getting ready"}, 200 if ready else 503)


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(counted: MetricsDep) -> PlainTextResponse:
    """Counts and times in the form of Prometheus."""
    return PlainTextResponse(counted.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def is_ready(house: House) -> bool:
    """A house that does not say is taken as ready: its models load on first use."""
    return bool(getattr(house, "ready", True))
