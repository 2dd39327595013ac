"""brewlite over HTTP: a Litestar plugin, and an app that is nothing but the plugin."""

from brewlite.serving.plugin import BrewlitePlugin, create_app
from brewlite.serving.service import Service

__all__ = ["BrewlitePlugin", "Service", "create_app"]
