# SPDX-License-Identifier: Apache-2.0
import gc
import os
import subprocess
import sys
import tempfile
import threading
import time

import numpy as np
import pytest

import burin
import onnx_file


def in_threads(n, work):
    """work(i) in n threads; what they raised."""
    raised = []

    def run(i):
        try:
            work(i)
        except BaseException as e:
            raised.append(e)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(n)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return raised


@pytest.fixture
def large():
    """A session whose run takes a millisecond or so."""
    data, w = onnx_file.product(1024, 1024)
    with burin.InferenceSession(data) as s:
        s.w = w
        yield s


def inputs(i, n=32):
    return np.random.default_rng(i).standard_normal(
        (n + i, 1024)).astype(np.float32)


@pytest.mark.parametrize("sessions", [1, 2, 16])
def test_sixteen_threads_on_one_session(sessions):
    data, _ = onnx_file.product(1024, 256)
    with burin.InferenceSession(data, sessions=sessions) as s:
        want = [s.run(None, {"x": inputs(i)})[0] for i in range(16)]

        def work(i):
            for k in range(20):
                j = (i + k) % 16
                y, = s.run(None, {"x": inputs(j)})
                np.testing.assert_array_equal(y, want[j])

        assert in_threads(16, work) == []


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core")
def test_threads_use_both_cores(large):
    x = {"x": inputs(0, 256)}
    large.run(None, x)

    def work(_):
        for _ in range(20):
            large.run(None, x)

    used = []
    for _ in range(5):
        cpu, wall = time.process_time(), time.perf_counter()
        assert in_threads(4, work) == []
        used.append((time.process_time() - cpu) /
                    (time.perf_counter() - wall))
    # More than one core can give in any moment; a busy machine gives less.
    assert max(used) > 1.1 or os.getloadavg()[0] > 3


def test_close_waits_for_runs(large):
    x = {"x": inputs(0, 256)}
    started = threading.Event()

    def work(_):
        started.set()
        with pytest.raises(burin.InvalidArgument, match="is closed"):
            while True:
                large.run(None, x)

    thread = threading.Thread(target=in_threads, args=(4, work))
    thread.start()
    started.wait()
    large.close()
    thread.join(60)
    assert not thread.is_alive()


def test_update_while_others_run():
    a, b = (onnx_file.product(64, 64, seed)[0] for seed in (0, 9))
    x = np.ones((8, 64), np.float32)
    stop = threading.Event()
    with tempfile.TemporaryDirectory() as d, \
            burin.InferenceSession(a) as s:
        for name, data in (("a", a), ("b", b)):
            with open(f"{d}/{name}", "wb") as f:
                f.write(data)
        first, = s.run(None, {"x": x})
        s.update(f"{d}/b")
        both = (first, s.run(None, {"x": x})[0])

        def work(i):
            if i == 0:
                for k in range(50):
                    s.update(f"{d}/{'ab'[k % 2]}")
                stop.set()
            while not stop.is_set():
                y, = s.run(None, {"x": x})
                assert any(np.array_equal(y, b) for b in both)

        assert in_threads(4, work) == []


def held():
    """Bytes, files and threads of this process."""
    gc.collect()
    with open("/proc/self/statm") as f:
        pages = int(f.read().split()[1])
    return (pages * os.sysconf("SC_PAGE_SIZE"),
            len(os.listdir("/proc/self/fd")),
            len(os.listdir("/proc/self/task")))


def test_sessions_leave_nothing_behind():
    data, _ = onnx_file.product(256, 256, zeros=0.9)
    count = int(os.environ.get("LEAK_SESSIONS", 45))
    seen = []
    for _ in range(count):
        with burin.InferenceSession(data, threads=2) as s:
            s.run(None, {"x": inputs(0)[:, :256]})
        seen.append(held())
    first, last = seen[count // 3], seen[-1]
    assert last[0] - first[0] < 8 << 20
    assert last[1:] <= first[1:]


def in_child(work):
    """The exit status of a forked child that does work()."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("threads", [1, 2])
def test_forks_while_threads_run(threads):
    data, _ = onnx_file.product(1024, 256)
    x = {"x": inputs(0)}
    with burin.InferenceSession(data, threads=threads) as s:
        want, = s.run(None, x)
        stop = threading.Event()

        def run(_):
            while not stop.is_set():
                np.testing.assert_array_equal(s.run(None, x)[0], want)

        def child():
            assert in_threads(4, lambda _: np.testing.assert_array_equal(
                s.run(None, x)[0], want)) == []
            s.close()

        def fork(_):
            try:
                for _ in range(5):
                    assert in_child(child) == 0
            finally:
                stop.set()

        assert in_threads(5, lambda i: run(i) if i > 1 else fork(i)) == []
        np.testing.assert_array_equal(s.run(None, x)[0], want)


def test_exit_while_daemon_threads_run(tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(onnx_file.product(512, 512)[0])
    r = subprocess.run([sys.executable, "-c", f"""
import threading, time
import numpy as np
import burin
s = burin.InferenceSession({str(path)!r})
x = {{"x": np.ones((64, 512), np.float32)}}
def work():
    while True:
        s.run(None, x)
for _ in range(4):
    threading.Thread(target=work, daemon=True).start()
time.sleep(0.3)
"""], capture_output=True, text=True)
    assert r.returncode == 0, r.stderr
