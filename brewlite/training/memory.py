"""Keeping freed memory: a step makes and frees hundreds of tensors of tens of megabytes.

glibc hands blocks of that size back to the system at once, and the next one is faulted in page by page, zeroed: on
packed lists up to half of a step's time was spent in the kernel (lab notes).
"""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
"""Parameters of mallopt(3), as malloc.h numbers them."""
_LARGEST = 32 * 2**20
"""The highest threshold that glibc takes: larger blocks are mapped each time."""
_KEPT = 2**31 - 1


def keep_freed_memory() -> bool:
    """Let this process keep what it frees, up to 2 GB; whether the system's allocator knows how (glibc does)."""
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # musl
        return False
    wanted = ((_MMAP_THRESHOLD, _LARGEST), (_TRIM_THRESHOLD, _KEPT), (_TOP_PAD, 64 * 2**20))
    return False not in {mallopt(name, value) == 1 for name, value in wanted}
