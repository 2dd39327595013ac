"""One thread with a short queue: whoever must not be used by two threads at once lives in one."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

Answer = TypeVar("Answer")


class Busy(Exception):
    """The queue is full."""


class Worker:
    """Runs calls one after the other on a thread of its own, first come, first served.

    A call whose future is cancelled while it waits gives its place up and is never run.
    """

    def __init__(self, name: str, waiting: int) -> None:
        self._limit = waiting
        self._calls: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._wake = threading.Condition()
        self._stopping = False
        # A daemon: a process that ends does not wait for a model that is still reading.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, call: Callable[[], Answer]) -> Future[Answer]:
        """Queue ``call``. Raises Busy when as many as may wait do so already, or after :meth:`stop`."""
        future: Future[Answer] = Future()
        with self._wake:
            if self._stopping or self._waiting() >= self._limit:
                raise Busy
            self._calls.append((future, call))
            self._wake.notify()
        return future

    def waiting(self) -> int:
        """How many calls wait for their turn."""
        with self._wake:
            return self._waiting()

    def stop(self, patience: float = 5.0) -> None:
        """Cancel what waits, and give the call that runs ``patience`` seconds to end."""
        with self._wake:
            self._stopping = True
            for future, _ in self._calls:
                future.cancel()
            self._wake.notify()
        self._thread.join(patience)

    def _waiting(self) -> int:
        self._calls = deque(entry for entry in self._calls if not entry[0].cancelled())
        return len(self._calls)

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._calls and not self._stopping:
                    self._wake.wait()
                if not self._calls:
                    return
                future, call = self._calls.popleft()
            if future.set_running_or_notify_cancel():
                _fulfil(future, call)


def _fulfil(future: Future[Any], call: Callable[[], Any]) -> None:
    try:
        answer = call()
    except BaseException as error:  # whoever waits for the answer decides what an error means
        future.set_exception(error)
    else:
        future.set_result(answer)
