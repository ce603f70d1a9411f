# SPDX-License-Identifier: Apache-2.0
"""Check the execution provider for ONNX Runtime.  Prints TAP.

    ort_ep.py BUILD WORK VERSION...     under each version, in WORK/ort-VERSION
    ort_ep.py BUILD WORK --one          under the version that Python finds
    ort_ep.py BUILD WORK --order HOW    one order of calls, for --one
"""

import gc
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time

import numpy as np
import onnx
import onnxruntime as ort

import compare
import derive
import models
import ort_graphs

NAME, CPU = "BurinExecutionProvider", "CPUExecutionProvider"
ORDERS = ("unregister first", "unregister last", "again and again", "fork")


def register(build):
    ort.set_default_logger_severity(3)
    ort.register_execution_provider_library(
        "burin", os.path.join(os.path.abspath(build), ".libs/burin-ort.so"))


def must_fail(call, text):
    """Problems unless call raises an error of burin with text in it."""
    try:
        call()
    except Exception as e:
        return [] if "burin: " in str(e) and text in str(e) else [str(e)]
    return [f"no error: {text}"]


def session_of(path, burin=None, optimize=True, config=()):
    """burin: options of the provider; None: without it."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.record_ep_graph_assignment_info",
                                     "1")
    if not optimize:
        options.graph_optimization_level = (
            ort.GraphOptimizationLevel.ORT_DISABLE_ALL)
    for key, value in dict(config).items():
        options.add_session_config_entry(key, value)
    providers = [CPU] if burin is None else [(NAME, burin), CPU]
    return ort.InferenceSession(path, options, providers=providers,
                                enable_fallback=0)


def claimed(session):
    """How many nodes each fused one has."""
    return [len(part.get_nodes())
            for part in session.get_provider_graph_assignment_info()
            if part.ep_name == NAME]


def both(path, feed, burin, parts=None, optimize=True, atol=1e-4):
    """Problems of a model under the provider against ONNX Runtime alone;
    parts: how many claims, None: the whole graph in one."""
    got = session_of(path, burin, optimize)
    want = session_of(path, None, optimize)
    nodes = sum(len(p.get_nodes())
                for p in got.get_provider_graph_assignment_info())
    here = claimed(got)
    problems = []
    if (here != [nodes]) if parts is None else (len(here) != parts):
        problems.append(f"claimed {here} of {nodes} nodes")
    for o, a, b in zip(want.get_outputs(), got.run(None, feed),
                       want.run(None, feed)):
        if a.dtype != b.dtype or a.shape != b.shape:
            problems.append(f"{o.name}: {a.dtype}{a.shape}, wanted "
                            f"{b.dtype}{b.shape}")
        elif not np.allclose(a, b, rtol=1e-3, atol=atol):
            problems.append(f"{o.name}: off by {np.abs(a - b).max()}")
    return problems


def floats(*shape, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal(shape).astype(np.float32)


def held():
    """Bytes, files and threads of this process."""
    gc.collect()
    with open("/proc/self/statm") as f:
        pages = int(f.read().split()[1])
    return (pages * os.sysconf("SC_PAGE_SIZE"),
            len(os.listdir("/proc/self/fd")),
            len(os.listdir("/proc/self/task")))


class Suite:
    def __init__(self, build, work):
        self.build, self.work = build, work
        self.command = os.path.join(build, "burin")
        self.minilm = models.minilm(work)
        self.pruned = self.file("pruned-16x1.onnx")
        compare.burin(self.command, "prune", self.minilm, "--block", "16x1",
                      "--sparsity", "0.9", "-o", self.pruned)

    def file(self, name):
        folder = os.path.join(self.work, "ort")
        os.makedirs(folder, exist_ok=True)
        return os.path.join(folder, name)

    def tokens(self, *shape):
        return models.tokens(session_of(self.minilm), shape)

    # Every function from here on is a test; the text is its name.

    def dense(self):
        """a model without zeros is left alone"""
        return both(self.minilm, self.tokens(1, 128), {}, 0, atol=0)

    def dense_all(self):
        """claim=all takes it nevertheless"""
        return both(self.minilm, self.tokens(3, 50), {"claim": "all"})

    def none(self):
        """claim=none takes nothing"""
        return both(self.pruned, self.tokens(1, 128), {"claim": "none"}, 0,
                    atol=0)

    def sparse(self):
        """a pruned model is claimed as a whole"""
        return [p for shape in ((1, 128), (3, 7), (2, 200))
                for p in both(self.pruned, self.tokens(*shape), {})]

    def command_line(self):
        """its outputs are those of burin run"""
        feed = self.tokens(3, 50)
        out = compare.run_burin(self.command, self.pruned, feed,
                                self.file("io"))
        session = session_of(self.pruned, {})
        return [f"{o.name} differs"
                for o, got in zip(session.get_outputs(),
                                  session.run(None, feed))
                if not np.allclose(got, np.load(
                    os.path.join(out, f"{o.name}.npy")), rtol=0, atol=1e-5)]

    def two_threads(self):
        """options reach burin: two threads, the same bits"""
        feed = self.tokens(2, 64)
        one, two = (session_of(self.pruned, {"threads": n}).run(None, feed)
                    for n in "12")
        return [] if all(map(np.array_equal, one, two)) else ["other bits"]

    def two_parts(self):
        """what burin lacks is run by ONNX Runtime, the rest is claimed"""
        path = ort_graphs.two_parts(self.file("parts.onnx"))
        return [p for n in (12, 1, 40)
                for p in both(path, {"x": floats(n, 2, 512)}, {}, 2)]

    def body(self):
        """an If is claimed with its bodies"""
        path = ort_graphs.body(self.file("body.onnx"))
        return [p for c in (True, False)
                for p in both(path, {"x": floats(5, 512),
                                     "c": np.array(c)}, {})]

    def body_alone(self):
        """a body that stays may use what a claimed part makes"""
        path = ort_graphs.body(self.file("body-alone.onnx"),
                               "LpNormalization")
        return [p for c in (True, False)
                for p in both(path, {"x": floats(5, 512),
                                     "c": np.array(c)}, {}, 1)]

    def loop(self):
        """a Loop, and an output whose shape is known after the run"""
        path = ort_graphs.loop(self.file("loop.onnx"))
        return [p for n in (3, 0, 7)
                for p in both(path, {"x": floats(4, 512),
                                     "n": np.array(n)}, {})]

    def lists(self):
        """attributes that are lists of strings and of numbers"""
        path = ort_graphs.lstm(self.file("lstm.onnx"))
        return both(path, {"x": floats(5, 2, 16)}, {"claim": "all"})

    def forms(self):
        """attributes, values left out and element types of all kinds"""
        path = ort_graphs.forms(self.file("forms.onnx"))
        feed = {"x": floats(2, 4, 8, 8), "ints": np.array([7], np.int32),
                "half": floats(9).astype(np.float16),
                "scalar": np.array(3, np.float32)}
        return both(path, feed, {"claim": "all"}, optimize=False)

    def optimized(self):
        """a model of ONNX Runtime's transformer optimizer"""
        path = self.file("optimized.onnx")
        derive.main("optimized", self.pruned, path)
        return both(path, self.tokens(3, 50), {})

    def quantized(self):
        """quantized models: pruned, and dense where integers are fast"""
        integers = bool(re.search(r"(?=.*avx512_vnni)(?=.*avx512vbmi)",
                                  open("/proc/cpuinfo").read()))
        problems = []
        for kind, model, wanted in (
                ("dynamic", self.pruned, True),
                ("dynamic", self.minilm, integers),
                ("qdq", self.pruned, integers), ("qdq", self.minilm, False)):
            path = self.file(f"{kind}.onnx")
            derive.main(kind, model, path)
            problems += self.close_to_floats(path, model, kind, wanted)
        return problems

    # A step more or less in one activation changes others: the results are
    # as close to those before quantizing as ONNX Runtime's are.
    def close_to_floats(self, path, model, kind, wanted):
        feed = self.tokens(1, 128)
        session = session_of(path, {})
        if bool(claimed(session)) != wanted:
            return [f"{path} {kind}: claimed {claimed(session)}"]
        got, other, want = (s.run(None, feed)[0].ravel().astype(float)
                            for s in (session,
                                      session_of(path, optimize=False),
                                      session_of(model)))
        cosine, theirs = (v @ want / np.linalg.norm(v) /
                          np.linalg.norm(want) for v in (got, other))
        return [] if not wanted or cosine > theirs - 0.005 else [
            f"{path} {kind}: cosine {cosine}, ONNX Runtime {theirs}"]

    def external(self):
        """weights in a file of their own"""
        path = ort_graphs.mlp(self.file("mlp-external.onnx"), external=True)
        return both(path, {"x": floats(3, 512)}, {})

    def empty(self):
        """a batch of nothing"""
        path = ort_graphs.mlp(self.file("mlp.onnx"))
        return both(path, {"x": floats(0, 512)}, {})

    def concurrent(self):
        """16 threads run one session"""
        path = ort_graphs.two_parts(self.file("parts.onnx"))
        session, alone = session_of(path, {}), session_of(path)
        feeds = [{"x": floats(1 + i, 2, 512, seed=i)} for i in range(16)]
        want = [alone.run(None, f)[0] for f in feeds]
        problems = []

        def work(first):
            for k in range(20):
                i = (first + k) % 16
                got = session.run(None, feeds[i])[0]
                if not np.allclose(got, want[i], atol=1e-4):
                    problems.append(f"thread {first}: result {i} is wrong")

        threads = [threading.Thread(target=work, args=(i,))
                   for i in range(16)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        return problems

    def context(self):
        """an EPContext model runs without compiling, from any folder"""
        path = ort_graphs.two_parts(self.file("parts.onnx"))
        made, moved = self.file("made"), self.file("moved")
        for folder in (made, moved):
            shutil.rmtree(folder, ignore_errors=True)
        os.mkdir(made)
        path = shutil.copy(path, made)
        session = session_of(path, {}, config={"ep.context_enable": "1"})
        feed = {"x": floats(12, 2, 512)}
        want = session.run(None, feed)[0]
        os.rename(made, moved)
        got = ordered(self.build, self.work, "context")
        if got:
            return got
        here = np.load(os.path.join(moved, "got.npy"))
        return [] if np.array_equal(want, here) else ["other bits"]

    def context_again(self):
        """a context folder that is written again keeps nothing old"""
        folder = self.file("again")
        shutil.rmtree(folder, ignore_errors=True)
        os.mkdir(folder)
        target = os.path.join(folder, "m_ctx.onnx")
        config = {"ep.context_enable": "1", "ep.context_file_path": target}
        seen = []
        for make in (ort_graphs.mlp, ort_graphs.body, ort_graphs.mlp):
            if os.path.exists(target):
                os.remove(target)
            session_of(make(self.file("again.onnx")), {}, config=config)
            seen.append(sorted(
                os.path.relpath(os.path.join(at, f), folder)
                for at, _, files in os.walk(folder) for f in files
                if not f.endswith(".lock")))
        return [] if seen[0] == seen[2] != seen[1] else [str(seen)]

    def profile(self):
        """steps of burin are in ONNX Runtime's profile, within their node"""
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        options.enable_profiling = True
        options.profile_file_prefix = self.file("profile")
        session = ort.InferenceSession(
            self.pruned, options, providers=[(NAME, {}), CPU],
            enable_fallback=0)
        for shape in ((1, 128), (2, 7)):
            session.run(None, self.tokens(*shape))
        path = session.end_profiling()
        session.run(None, self.tokens(1, 128))
        with open(path) as f:
            events = json.load(f)
        os.remove(path)
        nodes = [e for e in events if e["cat"] == "Node" and
                 e["args"].get("provider") == NAME and
                 e["name"].endswith("kernel_time")]
        steps = [e for e in events if e["cat"] == "Kernel" and
                 e["args"].get("provider") == NAME]
        inside = [[s for s in steps if n["ts"] <= s["ts"] and
                   s["ts"] + s["dur"] <= n["ts"] + n["dur"] + 20]
                  for n in nodes]
        problems = [] if len(nodes) == 2 and all(inside) and sum(
            map(len, inside)) == len(steps) else [
            f"{len(nodes)} nodes, {len(steps)} steps, "
            f"{[len(i) for i in inside]} inside"]
        kinds = {s["args"]["op_name"] for s in steps}
        return problems + ([] if "bsr_dense" in kinds else [str(kinds)])

    def context_errors(self):
        """an EPContext model that is not whole is refused in a line"""
        moved = os.path.join(self.work, "ort", "moved")
        kept = onnx.load(os.path.join(moved, "parts_ctx.onnx"))
        problems = []
        for key, value, text in (
                ("ep_cache_context", b"../x", "wanted a folder"),
                ("ep_cache_context", b"none", "model.onnx"),
                ("embed_mode", 1, "embed_mode 0 is wanted")):
            model = onnx.ModelProto.FromString(kept.SerializeToString())
            for node in model.graph.node:
                for a in node.attribute:
                    if a.name == key:
                        a.CopyFrom(onnx.helper.make_attribute(key, value))
            path = os.path.join(moved, "changed.onnx")
            onnx.save(model, path)
            problems += must_fail(lambda: session_of(path, {}), text)
        path = ort_graphs.mlp(self.file("mlp.onnx"))
        problems += must_fail(lambda: session_of(path, {}, config={
            "ep.context_enable": "1", "ep.context_embed_mode": "1",
            "ep.context_file_path": self.file("embed_ctx.onnx")}),
            "ep.context_embed_mode=1")
        return problems

    def leaks(self):
        """sessions leave nothing behind: memory, files, threads"""
        path = ort_graphs.mlp(self.file("mlp.onnx"))
        feed = {"x": floats(3, 512)}
        count = int(os.environ.get("LEAK_SESSIONS", 60))
        seen = []
        for _ in range(count):
            session_of(path, {"threads": "2"}).run(None, feed)
            seen.append(held())
        # What is kept for good is there after the first third.
        first, last = seen[count // 3], seen[-1]
        grown = last[0] - first[0]
        problems = [] if grown < 8 << 20 else [f"{grown} bytes more"]
        return problems + ([] if last[1:] <= first[1:] else [
            f"files, threads: {first[1:]}, at the end {last[1:]}"])

    def errors(self):
        """errors are those of burin"""
        wanted = {
            ("claim", "some"): "claim is 'some', wanted auto, all or none",
            ("threads", "many"): "threads",
            ("colour", "red"): "colour",
            ("warm", "1"): "option warm has no use",
        }
        device, = (d for d in ort.get_ep_devices() if d.ep_name == NAME)
        problems = []
        for (key, value), text in wanted.items():
            options = ort.SessionOptions()
            options.add_provider_for_devices([device], {key: value})
            try:
                ort.InferenceSession(self.minilm, options,
                                     enable_fallback=0)
                problems.append(f"{key}={value} is no error")
            except Exception as e:
                if "burin: " not in str(e) or text not in str(e):
                    problems.append(f"{key}={value}: {e}")
        return problems

    def times(self):
        """a pruned model is faster than without the provider"""
        feed = self.tokens(1, 128)
        sessions = [session_of(self.pruned, {}), session_of(self.pruned)]
        samples = ([], [])
        for _ in range(15):
            for s, to in zip(sessions, samples):
                s.run(None, feed)
                start = time.perf_counter()
                s.run(None, feed)
                to.append((time.perf_counter() - start) * 1e3)
        burin, cpu = map(statistics.median, samples)
        print(f"# minilm-l6 16x1 at 0.9, 1x128, one thread: with burin "
              f"{burin:.2f} ms, without {cpu:.2f} ms")
        return [] if burin < cpu else ["it is not"]


def load_context(build, folder):
    """Without a compiler and with an empty cache; 1: kernels are lacking."""
    cache = os.path.join(folder, "cache")
    register(build)
    ort.set_default_logger_severity(2)      # prints the warning
    session = session_of(os.path.join(folder, "parts_ctx.onnx"), {
        "cache_dir": cache, "compile": "off"})
    got = session.run(None, {"x": floats(12, 2, 512)})[0]
    np.save(os.path.join(folder, "got.npy"), got)
    return 0 if len(claimed(session)) == 2 else 1


def order(build, work, how):
    """Calls in an unusual order; a crash is seen by the parent."""
    if how == "context":
        return load_context(build, os.path.join(work, "ort", "moved"))
    register(build)
    path = ort_graphs.mlp(os.path.join(work, "ort", "order.onnx"))
    feed = {"x": floats(3, 512)}
    want = session_of(path).run(None, feed)[0]
    session = session_of(path, {})
    good = [bool(claimed(session))]

    def run(s):
        good.append(np.allclose(s.run(None, feed)[0], want, atol=1e-4))

    def drop():
        ort.unregister_execution_provider_library("burin")

    if how == "unregister first":
        run(session)
        drop()
        run(session)
    elif how == "fork":
        child = os.fork()
        run(session)
        if not child:
            run(session_of(path, {}))
            os._exit(0 if all(good) else 1)
        good.append(os.waitpid(child, 0)[1] == 0)
    else:
        run(session)
        del session
        gc.collect()
        drop()
        for _ in range(5 if how == "again and again" else 0):
            register(build)
            session = session_of(path, {})
            run(session)
            del session
            drop()
    return 0 if all(good) else 1


def one(build, work):
    register(build)
    suite = Suite(build, work)
    for name, test in vars(Suite).items():
        if test.__doc__ and not name.startswith("_"):
            point(test.__doc__, test.__get__(suite))
    for how in ORDERS:
        point(how, lambda: ordered(build, work, how))


def ordered(build, work, how):
    r = subprocess.run([sys.executable, __file__, build, work, "--order",
                        how], capture_output=True, text=True)
    return r.stderr.splitlines() + [f"status {r.returncode}"] \
        if r.returncode or "not compiled" in r.stderr else []


def point(name, test):
    try:
        problems = test()
    except Exception as e:
        problems = [f"{type(e).__name__}: {e}"]
    print(f"{'not ok' if problems else 'ok'} - {ort.__version__}: {name}")
    for line in problems:
        print("# " + str(line).replace("\n", " "))
    sys.stdout.flush()


def main(build, work, *args):
    if args[0] == "--order":
        return order(build, work, args[1])
    if args[0] == "--one":
        return one(build, work)
    tests = sum(bool(t.__doc__) for t in vars(Suite).values()
                if callable(t)) + len(ORDERS)
    print(f"1..{tests * len(args)}", flush=True)
    for version in args:
        environment = dict(os.environ, PYTHONPATH=os.path.join(
            os.path.abspath(work), f"ort-{version}"))
        subprocess.run([sys.executable, __file__, build, work, "--one"],
                       env=environment, check=False)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
