"""Putting the routes into an app: someone else's, or one of our own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from litestar import Litestar, Router
from litestar.config.app import AppConfig
from litestar.di import Provide
from litestar.plugins import InitPlugin
from msgspec import structs

from brewlite.adapter import Adapter
from brewlite.ranker import Ranker
from brewlite.recommender import Recommender
from brewlite.serving.bodies import StrictRequest
from brewlite.serving.document import describe, openapi
from brewlite.serving.problems import HANDLERS
from brewlite.serving.routes import Health, Recommendations, Writes
from brewlite.serving.service import Service
from brewlite.settings import ServingConfig, Settings, load_settings

Opener = Callable[[], Recommender]


class BrewlitePlugin(InitPlugin):
    """Adds brewlite's routes to a Litestar app, and runs the model on a thread of its own while the app is up.

    Args:
        source: an open Recommender, which stays the caller's to close; Settings, or a function that opens a
            Recommender, which the plugin then opens at startup and closes at shutdown.
        path: where the routes stand.
        health_path: where ``/live`` and ``/ready`` stand; None for an app that has its own.
        config: limits; None: those of the settings, or the defaults.
    """

    def __init__(
        self,
        source: Recommender | Settings | Opener,
        path: str = "/v1",
        health_path: str | None = "/health",
        config: ServingConfig | None = None,
    ) -> None:
        self._source = source
        self._path = path
        self._health_path = health_path
        self.config = config or (source.serving if isinstance(source, Settings) else ServingConfig())
        self._service: Service | None = None

    @property
    def service(self) -> Service:
        """What answers, for handlers of your own. There while the app is up.

        Raises:
            RuntimeError: the app has not started, or has ended.
        """
        if self._service is None:
            raise RuntimeError("brewlite's service is there between startup and shutdown of the app only")
        return self._service

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Called by Litestar: adds the routes and the lifespan."""
        app_config.lifespan = [*(app_config.lifespan or []), self._up]
        app_config.route_handlers.append(self._router(self._path, Recommendations, Writes))
        if self._health_path is not None:
            app_config.route_handlers.append(self._router(self._health_path, Health))
        return app_config

    def _router(self, path: str, *controllers: type) -> Router:
        return Router(
            path,
            route_handlers=list(controllers),
            dependencies={"service": Provide(lambda: self.service, sync_to_thread=False)},
            exception_handlers=HANDLERS,
            request_class=StrictRequest,
            request_max_body_size=self.config.max_body_bytes,
            signature_namespace={"Service": Service},
        )

    @asynccontextmanager
    async def _up(self, app: Litestar) -> AsyncIterator[None]:
        if app.openapi_config is not None:
            describe(app.openapi_schema)
        recommender = self._source if isinstance(self._source, Recommender) else self._open()
        self._service = Service(recommender, self.config)
        self._service.start()
        try:
            yield
        finally:
            await asyncio.to_thread(self._service.stop)
            self._service = None
            if recommender is not self._source:
                recommender.close()

    def _open(self) -> Recommender:
        if isinstance(self._source, Settings):
            return open_recommender(self._source)
        assert not isinstance(self._source, Recommender)
        return self._source()


def open_recommender(settings: Settings) -> Recommender:
    """The recommender that ``settings`` describe."""
    return Recommender.open(settings.db or "site.db", settings.adapter, config=settings.recommender)


def create_app(
    db: str | Path | Recommender | None = None,
    adapter: str | Path | Adapter | None = None,
    *,
    ranker: str | Ranker | None = "default",
    settings: Settings | None = None,
    path: str = "/v1",
) -> Litestar:
    """An app with brewlite's routes, its health and, under ``/schema``, its OpenAPI document.

    Args:
        db: a path or SQLAlchemy URL, or an open Recommender; None: the settings'.
        adapter: as in :meth:`Recommender.open`.
        ranker: as in :meth:`Recommender.open`.
        settings: None: ``brewlite.toml`` in the working folder and ``BREWLITE_*`` variables.
        path: where the routes stand.

    The model loads while the app is already up; ``/health/ready`` tells when it is there.
    """
    settings = load_settings() if settings is None else settings
    settings = structs.replace(settings, db=str(db) if isinstance(db, (str, Path)) else settings.db)

    def opened() -> Recommender:
        chosen = adapter or settings.adapter
        return Recommender.open(settings.db or "site.db", chosen, ranker=ranker, config=settings.recommender)

    source = db if isinstance(db, Recommender) else opened
    return Litestar(
        plugins=[BrewlitePlugin(source, path=path, config=settings.serving)],
        exception_handlers=HANDLERS,
        openapi_config=openapi(),
        # Whoever runs the app says how it logs.
        logging_config=None,
    )
