"""Keeping freed memory: a pass or a step makes and frees hundreds of tensors of megabytes.

glibc hands blocks of that size back to the system at once, and the next one is faulted in page by page, zeroed: a
twentieth of a ranker's pass, and up to half of a training's step, is spent in the kernel for it (lab notes).
"""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
"""Parameters of mallopt(3), as malloc.h numbers them."""
_LARGEST = 32 * 2**20
"""The highest threshold that glibc takes: larger blocks are mapped each time."""


def keep_freed_memory(most: int) -> bool:
    """Let this process keep up to ``most`` MiB of what it frees; whether the system's allocator knows how (glibc's).

    It holds for the whole process until the next call, so it is the commands' and a training's to make, not the
    library's.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # musl
        return False
    wanted = (
        (_MMAP_THRESHOLD, _LARGEST),
        (_TRIM_THRESHOLD, min(most * 2**20, 2**31 - 1)),
        (_TOP_PAD, 64 * 2**20),
    )
    return False not in {mallopt(name, value) == 1 for name, value in wanted}
