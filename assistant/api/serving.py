"""Running the application: one process, this machine's own address."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from assistant.errors import Conflict

if TYPE_CHECKING:
    from assistant.api.house import House


def serve(house: House, say: Callable[[str], None] = print) -> None:
    """Serves the page until interrupted. UsageError: the address is not this machine's; Conflict: the port is taken."""
    from assistant.api.security import require_loopback

    require_loopback(house.settings.host)
    listening = listen(house.settings.host, house.settings.port)
    port = listening.getsockname()[1]
    import uvicorn

    from assistant.api.app import create_app

    app = create_app(house)
    shown = f"[{house.settings.host}]" if ":" in house.settings.host else house.settings.host
    say(f"thickshell is at http://{shown}:{port} (Ctrl+C stops it).")
    log_at(house.settings.log_level)
    level = "warning" if house.settings.log_level == "info" else house.settings.log_level
    # Addresses hold names of corpora and documents, so the access log stays off.
    config = uvicorn.Config(app, log_level=level, access_log=False, timeout_graceful_shutdown=3, server_header=False)
    uvicorn.Server(config).run(sockets=[listening])


def log_at(level: str) -> None:
    """Our own modules say as much as asked; libraries, whose debug lines may quote documents, only their warnings."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for room in ("assistant", "ingest"):
        logging.getLogger(room).setLevel(level.upper())


def listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise Conflict(
            f"Port {port} of {host} cannot be used ({error.strerror}); choose another with --port."
        ) from error
    return listening
