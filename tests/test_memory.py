"""Freed memory stays with the process while it ranks and trains."""

from __future__ import annotations

import platform
import resource
import subprocess
import sys

import pytest
from click.testing import CliRunner

from brewlite.cli import main
from brewlite.memory import keep_freed_memory

PROGRAM = """
import ctypes, resource, sys
import torch
torch.set_num_threads(1)
# glibc's own first setting, held: else it learns from what is freed, and the heap's layout decides.
assert ctypes.CDLL(None).mallopt(-3, 128 * 1024) == 1
from brewlite.memory import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory(2048)
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def use():
    for _ in range(10):
        [torch.ones(4_000_000) for _ in range(6)]  # 16 MB each
use()
before = faults()
use()
print(faults() - before)
"""


def faulted(how: str) -> int:
    """Pages faulted in by sixty blocks of 16 MB, six alive at a time, when as many were before."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="not glibc")
def test_what_was_freed_is_used_again():
    pages = 60 * 16_000_000 // resource.getpagesize()
    assert faulted("leave") > 0.9 * pages
    assert faulted("keep") < 0.1 * pages


def test_the_commands_keep_freed_memory(monkeypatch: pytest.MonkeyPatch):
    asked: list[int] = []
    module = sys.modules["brewlite.cli.main"]  # by name: `brewlite.cli.main` is the command as well
    monkeypatch.setattr(module, "keep_freed_memory", asked.append)
    assert CliRunner().invoke(main, ["bench", "quality", "--list"]).exit_code == 0
    assert asked == [256]


def test_it_says_whether_the_allocator_knows_how():
    assert keep_freed_memory(2048) is (platform.libc_ver()[0] == "glibc")
