"""Binding an address and running an app on it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Any

import uvicorn
from litestar import Litestar

from brewlite.errors import BadSettings


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any free one. Raises BadSettings when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen(128)
    except (OSError, OverflowError, UnicodeError) as error:
        bound.close()
        why = getattr(error, "strerror", None) or str(error)
        raise BadSettings(f"cannot listen on {host}:{port}: {why}; choose another --host or --port") from error
    return bound


def address_of(bound: socket.socket) -> str:
    """``http://127.0.0.1:8000``."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run(app: Litestar, bound: socket.socket, *, ready: Callable[[str], None], json_logs: bool = False) -> bool:
    """Serve ``app`` until it is told to stop; False when it could not start.

    ``ready`` gets the address as soon as requests are answered.
    """

    class Announced(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started and not self.should_exit:
                ready(address_of(bound))

    server = Announced(uvicorn.Config(app, log_config=log_config(json_logs), lifespan="on"))
    with contextlib.suppress(KeyboardInterrupt), bound:
        asyncio.run(server.serve([bound]))
    return server.started


def log_config(json_logs: bool) -> dict[str, Any]:
    """What is logged: warnings of ours and uvicorn's, and with ``json_logs`` every request as well."""
    plain = {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}
    as_json = {"()": "brewlite.serving.logs.JsonFormatter"}
    level = "INFO" if json_logs else "WARNING"
    logger = {"handlers": ["out"], "level": level, "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": as_json if json_logs else plain},
        "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "line", "stream": "ext://sys.stderr"}},
        "loggers": dict.fromkeys(("brewlite", "brewlite_listing_site", "uvicorn", "uvicorn.access"), logger),
    }
