"""``brewlite doctor``: is everything there, and what to do where it is not."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from functools import partial
from importlib import metadata

import click
from msgspec import Struct
from rich.markup import escape

from brewlite.cli.output import console, print_json
from brewlite.cli.site import open_site, site_options
from brewlite.errors import BadSettings, BrewliteError
from brewlite.weights import DEFAULT_ENCODER, DEFAULT_RANKER


class Finding(Struct, frozen=True, kw_only=True):
    """One thing looked at."""

    what: str
    ok: bool
    detail: str


@click.command()
@site_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def doctor(config: str | None, db: str | None, adapter: str | None, as_json: bool) -> None:
    """Check the installation, the weights and, with --db, one site.

    Exit code 1 when something is missing.

    \b
    Example:
      brewlite doctor --db site.db
    """
    findings = list(_examine(config, db, adapter))
    if as_json:
        print_json(findings)
    else:
        for finding in findings:
            mark = "[green]ok  [/green]" if finding.ok else "[red]mend[/red]"
            console.print(f"{mark} {escape(f'{finding.what}: {finding.detail}')}")
    if not all(finding.ok for finding in findings):
        raise SystemExit(1)


def _examine(config: str | None, db: str | None, adapter: str | None) -> Iterator[Finding]:
    yield _look("brewlite", lambda: f"{metadata.version('brewlite')} on Python {platform.python_version()}")
    yield _look("processor", _processor)
    for name in (DEFAULT_RANKER, DEFAULT_ENCODER):
        yield _look(f"weights {name}", partial(_weights, name))
    if db is not None or config is not None:
        yield _look("site", lambda: _site(config, db, adapter))
        yield _look("site's model", lambda: _site_model(config, db, adapter))


def _look(what: str, probe: Callable[[], str]) -> Finding:
    try:
        return Finding(what=what, ok=True, detail=probe())
    except BrewliteError as error:
        return Finding(what=what, ok=False, detail=str(error))


def _processor() -> str:
    import torch

    bf16 = getattr(torch.cpu, "_is_avx512_bf16_supported", bool)()
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    return f"{torch.get_num_threads()} threads, {'bfloat16 in hardware' if bf16 else 'no bfloat16: float32'}, {gpu}"


def _weights(name: str) -> str:
    from brewlite import weights

    return str(weights.locate(name))


def _site(config: str | None, db: str | None, adapter: str | None) -> str:
    with open_site(config, db, adapter, ranker="none") as site:
        counts = site.store.counts()
        kept, _ = site.store.vectors("item", site.encoder.name) if site.encoder is not None else ([], None)
        return (
            f"adapter {site.adapter.name}, {counts.items} items ({len(kept)} with vectors), "
            f"{counts.users} visitors, {counts.events} events"
        )


def _site_model(config: str | None, db: str | None, adapter: str | None) -> str:
    from pathlib import Path

    from brewlite.recommender.opening import learned_ranker
    from brewlite.weights import locate

    with open_site(config, db, adapter) as site:
        name, learned = site.model_name, learned_ranker(site.store)
    if name is not None and name == str(learned) and not Path(name).is_dir():
        raise BadSettings(f"what the site has learned is gone from {name}: put it back, or `brewlite train --rollback`")
    return "none" if name is None else str(locate(name))
