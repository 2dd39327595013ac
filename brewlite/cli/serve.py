"""``brewlite serve``: the HTTP service."""

from __future__ import annotations

import click

from brewlite.cli.output import console
from brewlite.cli.site import open_site, site_options, site_settings


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
    from brewlite.serving import create_app
    from brewlite.serving.server import bind, run
    from brewlite.weights import locate

    settings = site_settings(config, db, adapter)
    bound = bind(host or settings.serving.host, settings.serving.port if port is None else port)
    with bound, open_site(config, db, adapter, ranker=ranker) as recommender:
        if recommender.model_name is not None:
            locate(recommender.model_name)  # a missing model is better told now than degraded to later
        app = create_app(recommender, settings=settings)
        if not run(app, bound, json_logs=json_logs, ready=lambda address: console.print(f"serving at {address}")):
            raise SystemExit(1)
