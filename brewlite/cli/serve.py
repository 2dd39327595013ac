"""``brewlite serve``: the HTTP service, and how a server is bound and run."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import click

from brewlite.cli.output import console
from brewlite.cli.site import site_options, site_settings
from brewlite.errors import BadSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from litestar import Litestar


@click.command()
@site_options
@click.option("--host", help="Address to listen on. Default: 127.0.0.1, this machine only.")
@click.option("--port", type=click.IntRange(0, 65535), help="0: any free one. Default: 8000.")
@click.option("--ranker", help="A model's name or folder, or `none` for the first stage alone.")
@click.option("--json-logs", is_flag=True, help="One JSON object a line, for machines.")
def serve(
    config: str | None,
    db: str | None,
    adapter: str | None,
    host: str | None,
    port: int | None,
    ranker: str | None,
    json_logs: bool,
) -> None:
    """Serve a site's recommendations over HTTP.

    The OpenAPI document stands under /schema, health under /health/live and /health/ready. There are no accounts:
    keep it behind your own server, on this machine or in your own network.

    \b
    Example:
      brewlite serve --db site.db --port 8000
      brewlite serve --db site.db --host 0.0.0.0 --port 0 --ranker none --json-logs
    """
    from pathlib import Path

    settings = site_settings(config, db, adapter)
    where = str(settings.db)
    if "://" not in where and not Path(where).is_file():
        raise BadSettings(f"no database at {where}: make it with `brewlite init --db {where} --adapter realestate`")
    from brewlite.serving import create_app

    app = create_app(ranker=ranker or "default", settings=settings)
    bound = bind(host or settings.serving.host, settings.serving.port if port is None else port)
    run(app, bound, json_logs=json_logs, ready=lambda address: console.print(f"serving {where} at {address}"))


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises BadSettings when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except (OSError, UnicodeError) as error:
        bound.close()
        why = getattr(error, "strerror", None) or str(error)
        raise BadSettings(f"cannot listen on {host}:{port}: {why}; choose another --host or --port") from error
    bound.listen(128)
    return bound


def address_of(bound: socket.socket) -> str:
    """``http://127.0.0.1:8000``."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run(app: Litestar, bound: socket.socket, *, ready: Callable[[str], None], json_logs: bool = False) -> None:
    """Serve ``app`` until it is told to stop; ``ready`` gets the address as soon as requests are answered."""
    import asyncio

    import uvicorn

    class Announced(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started and not self.should_exit:
                ready(address_of(bound))

    logging = log_config(json_logs)
    server = Announced(uvicorn.Config(app, log_config=logging, log_level="info", lifespan="on"))
    try:
        asyncio.run(server.serve([bound]))
    except KeyboardInterrupt:
        pass
    finally:
        bound.close()
    if not server.started:
        raise SystemExit(1)


def log_config(json_logs: bool) -> dict[str, Any]:
    """What is logged: warnings of ours and uvicorn's, and with ``json_logs`` every request as well."""
    plain = {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}
    as_json = {"()": "brewlite.serving.logs.JsonFormatter"}
    level = "INFO" if json_logs else "WARNING"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": as_json if json_logs else plain},
        "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "line", "stream": "ext://sys.stderr"}},
        "loggers": {
            "brewlite": {"handlers": ["out"], "level": level, "propagate": False},
            "uvicorn": {"handlers": ["out"], "level": level, "propagate": False},
            "uvicorn.access": {"handlers": ["out"], "level": level, "propagate": False},
        },
    }
