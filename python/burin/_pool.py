# SPDX-License-Identifier: Apache-2.0
"""Things that one thread uses at a time, lent to any number of threads."""

import os
import threading
import weakref
from typing import List

from ._errors import InvalidArgument


class Pool:
    """At most `most` things, made when they are needed.  take() waits for one,
    give() hands it back.

    hold() waits until every thing is back and keeps them all from takers until
    release(): so are they while the process forks, since the child may use
    only what no other thread was using.
    """

    def __init__(self, name, most, make, free):
        self.name = name
        self._most, self._make, self._free_one = most, make, free
        self._made = 0
        # One list, but while the pool is held: _free is empty then.
        self._free = self._back = []
        self._changed = threading.Condition()
        self._waiting = 0
        self._held = self._closed = False
        _pools.add(self)

    def add(self, thing):
        """One more thing that is made already; before others use the pool."""
        self._made += 1
        self._free.append(thing)

    def take(self):
        try:
            return self._free.pop()
        except IndexError:
            return self._wait_or_make()

    def give(self, thing):
        self._back.append(thing)
        # Read after the thing is there; who waits counts itself before it
        # looks, so one of the two sees the other.
        if self._waiting:
            with self._changed:
                self._changed.notify_all()

    def _wait_or_make(self):
        with self._changed:
            self._waiting += 1
            try:
                while True:
                    if self._closed:
                        raise InvalidArgument(f"{self.name} is closed")
                    if self._free:
                        try:
                            return self._free.pop()
                        except IndexError:      # another thread's
                            pass
                    if not self._held and self._made < self._most:
                        break
                    self._changed.wait()
                self._made += 1
            finally:
                self._waiting -= 1
        try:
            return self._make()
        except BaseException:
            with self._changed:
                self._made -= 1
                self._changed.notify_all()
            raise

    def hold(self):
        with self._changed:
            while self._held:
                self._changed.wait()
            self._held = True
            self._waiting += 1
            old, self._free, self._back = self._free, [], []
            # A thread that has just read _free or _back may still use the old
            # list, so it is looked at again each time.
            while True:
                while old:
                    try:
                        self._back.append(old.pop())
                    except IndexError:
                        break
                if len(self._back) == self._made:
                    break
                self._changed.wait()
            self._waiting -= 1

    def release(self):
        with self._changed:
            self._free = self._back
            self._held = False
            self._changed.notify_all()

    def close(self):
        """Free all things, each as soon as it is back."""
        self.hold()
        self.discard()
        self.release()

    def discard(self):
        """Free what is not in use, and wait for no run: for an exit, where
        threads may be in the middle of one."""
        with self._changed:
            self._closed = True
            self._free_all()
            self._changed.notify_all()

    def _free_all(self):
        things = self._back
        while things:
            self._free_one(things.pop())
            self._made -= 1

    def after_fork(self):
        """In the child, which has only the thread that held the pool."""
        self._changed = threading.Condition()
        self._waiting = 0
        self.release()


_pools: "weakref.WeakSet[Pool]" = weakref.WeakSet()
_held: List[Pool] = []
_forking = threading.RLock()


def _before_fork():
    _forking.acquire()
    for pool in list(_pools):
        pool.hold()
        _held.append(pool)


def _in_parent():
    while _held:
        _held.pop().release()
    _forking.release()


def _in_child():
    global _forking
    _forking = threading.RLock()
    while _held:
        _held.pop().after_fork()


os.register_at_fork(before=_before_fork, after_in_parent=_in_parent,
                    after_in_child=_in_child)
