"""Opening a file: compressed or not, in which encoding, and how far it has been read."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from brewlite.errors import BadSource

_CHUNK = 1 << 16
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class SourceFile:
    """A file that exists and holds something."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            if path.is_dir():
                raise BadSource(f"{path} is a folder: name a file in it")
            self._size = path.stat().st_size
            with path.open("rb") as file:
                magic = file.read(4)
        except FileNotFoundError:
            raise BadSource(f"no file {path}: check the path") from None
        except OSError as error:
            raise BadSource(f"{path} cannot be read: {error.strerror or error}") from error
        if not magic:
            raise BadSource(f"{path} is empty")
        if magic == b"PK\x03\x04":
            raise BadSource(f"{path} is a zip file or a workbook: unpack it, or save the sheet as CSV")
        self._compressed = magic[:2] == b"\x1f\x8b"
        self._raw: BinaryIO | None = None

    def share(self) -> float | None:
        """How much of the file has been read, 0 to 1."""
        if self._raw is None:
            return None
        return 1.0 if self._raw.closed else self._raw.tell() / self._size

    def chunks(self) -> Iterator[bytes]:
        """The content, uncompressed. Raises BadSource when it cannot be uncompressed."""
        with self.path.open("rb") as raw:
            self._raw = raw
            file = gzip.GzipFile(fileobj=raw) if self._compressed else raw
            try:
                while chunk := file.read(_CHUNK):
                    yield chunk
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                raise BadSource(f"{self.path} is damaged ({error}): copy or download it again") from error

    def content(self) -> bytes:
        """The whole content."""
        return b"".join(self.chunks())

    def text(self, encoding: str | None) -> str:
        """The whole content as text."""
        content = self.content()
        return content.decode(self.checked_encoding(encoding))

    def lines(self, encoding: str) -> Iterator[str]:
        """Lines with their ends. ``encoding`` comes from :meth:`checked_encoding`."""
        decoder = codecs.getincrementaldecoder(encoding)()
        rest = ""
        for chunk in self.chunks():
            # What follows the last line feed waits for the next chunk; so does a \r that may be half of a \r\n.
            done, feed, rest = (rest + decoder.decode(chunk)).rpartition("\n")
            yield from io.StringIO(done + feed, newline="")
        yield from io.StringIO(rest + decoder.decode(b"", final=True), newline="")

    def checked_encoding(self, encoding: str | None) -> str:
        """``encoding``, or the one found, after all of the file has been decoded with it once.

        A wrong encoding is so found before the first row is used, and not in row 30,000.
        """
        chosen = encoding or self._found_encoding()
        decoder = text_decoder(chosen)
        line, blank = 1, True
        for chunk in self.chunks():
            try:
                text = decoder.decode(chunk)
            except UnicodeDecodeError as error:
                raise self._wrong_encoding(chosen, line + error.object[: error.start].count(b"\n"), error) from error
            except UnicodeError as error:  # utf-16 or utf-32 that does not say which end comes first
                other = f"{chosen}-le or {chosen}-be" if chosen.startswith("utf") else "utf-8"
                raise BadSource(f"{self.path} is not {chosen}: {error}; try --encoding {other}") from error
            if "\0" in text:
                order = "utf-16-be" if text.startswith("\0") else "utf-16-le"
                raise BadSource(f"{self.path} holds NUL characters: it is no text, or try --encoding {order}")
            line, blank = line + text.count("\n"), blank and not text.strip("\ufeff \t\r\n")
        if blank:
            raise BadSource(f"{self.path} is empty")
        return chosen

    def _found_encoding(self) -> str:
        head = next(self.chunks(), b"")[:4]
        return next((name for mark, name in _BOMS if head.startswith(mark)), "utf-8")

    def _wrong_encoding(self, encoding: str, line: int, error: UnicodeDecodeError) -> BadSource:
        byte = error.object[error.start]
        other = "latin-1" if encoding.startswith("utf-8") else "utf-8"
        return BadSource(
            f"{self.path} is not {encoding}: byte 0x{byte:02x} in line {line} does not belong there; "
            f"try --encoding {other}"
        )


def text_decoder(encoding: str) -> codecs.IncrementalDecoder:
    """A decoder of ``encoding``. Raises BadSource where none is called that, or it is none of text (``base64``)."""
    try:
        if codecs.lookup(encoding)._is_text_encoding:
            return codecs.getincrementaldecoder(encoding)()
    except LookupError:
        pass
    raise BadSource(f"no text encoding is called {encoding!r}: try utf-8, latin-1, cp1252 or utf-16") from None


def is_database_file(path: Path) -> bool:
    """Whether ``path`` is an SQLite file."""
    try:
        with path.open("rb") as file:
            return file.read(16) == b"SQLite format 3\0"
    except OSError:
        return False
