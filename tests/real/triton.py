# SPDX-License-Identifier: Apache-2.0
"""Check the backend in a Triton Inference Server.  Prints TAP.

    triton.py SERVER BUILD WORK
"""

import concurrent.futures
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import numpy as np
import onnx
import onnxruntime as ort
from onnx import numpy_helper

TYPES = {"int64": "INT64", "float32": "FP32"}


class Server:
    """A server over a folder of models, which are loaded when asked for."""

    def __init__(self, program, build, folder, models):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/v2/"
        self.log = os.path.join(folder, "server.log")
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [program, "--model-repository", models, "--backend-directory",
                 os.path.join(folder, "backends"), "--http-address",
                 "127.0.0.1", "--http-port", str(port), "--allow-grpc",
                 "false", "--allow-metrics", "false", "--model-control-mode",
                 "explicit"], stdout=log, stderr=log)
        for _ in range(600):
            try:
                self.get("health/ready")
                return
            except (urllib.error.URLError, ConnectionError):
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
        raise RuntimeError("the server is not ready: " + self.said()[-500:])

    def get(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(self.url + path, data, 60) as r:
            return json.loads(r.read() or b"{}")

    def load(self, name):
        self.get(f"repository/models/{name}/load", {})

    def unload(self, name):
        self.get(f"repository/models/{name}/unload", {})

    def infer(self, model, feeds):
        answer = self.get(f"models/{model}/infer", {"inputs": [
            {"name": k, "shape": list(v.shape),
             "datatype": TYPES[str(v.dtype)], "data": v.ravel().tolist()}
            for k, v in feeds.items()]})
        y = answer["outputs"][0]
        return np.array(y["data"], np.float32).reshape(y["shape"])

    def said(self):
        with open(self.log) as f:
            return f.read()

    def stop(self):
        self.process.terminate()
        return self.process.wait(60)


class Test:
    def __init__(self, program, build, work):
        self.build, self.program = build, program
        self.folder = os.path.join(work, "triton.d")
        self.models = os.path.join(self.folder, "models")
        shutil.rmtree(self.folder, ignore_errors=True)
        backend = os.path.join(self.folder, "backends/burin")
        os.makedirs(backend)
        os.makedirs(self.models)
        shutil.copy(os.path.join(build, ".libs/libtriton_burin.so"), backend)

    def start(self):
        self.server = Server(self.program, self.build, self.folder,
                             self.models)

    def add(self, name, version, source, config=""):
        path = os.path.join(self.models, name, str(version))
        os.makedirs(path)
        shutil.copy(source, os.path.join(path, "model.onnx"))
        with open(os.path.join(self.models, name, "config.pbtxt"), "w") as f:
            f.write('backend: "burin"\n' + config)

    def pruned(self):
        """A small BERT in 16x1 blocks, and the same with other weights."""
        dense, paths = os.path.join(self.folder, "dense.onnx"), []
        subprocess.run([os.path.join(self.build, "bench/make-bert"),
                        "--layers", "2", "--hidden", "128", "--heads", "2",
                        "--vocab", "200", dense], check=True)
        for i in range(2):
            paths.append(os.path.join(self.folder, f"{i}.onnx"))
        subprocess.run([os.path.join(self.build, "burin"), "prune", dense,
                        "--block=16x1", "--sparsity=0.9", "-o", paths[0]],
                       check=True, stdout=subprocess.DEVNULL)
        model = onnx.load(paths[0])
        for w in model.graph.initializer:
            if len(w.dims) == 2:
                w.CopyFrom(numpy_helper.from_array(
                    numpy_helper.to_array(w) * np.float32(1.25), w.name))
        onnx.save(model, paths[1])
        return paths


def feeds_of(batch, tokens, seed=0):
    ids = np.random.default_rng(seed).integers(0, 200, (batch, tokens))
    return {"input_ids": ids, "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids)}


def expected(path, feeds):
    options = ort.SessionOptions()
    options.log_severity_level = 3
    return ort.InferenceSession(path, options).run(None, feeds)[0]


def differs(got, want):
    if got.shape != want.shape:
        return [f"shape {got.shape}, wanted {want.shape}"]
    worst = float(np.abs(got - want).max())
    return [] if worst < 1e-3 else [f"differs by {worst}"]


def refused(call, text):
    try:
        call()
    except urllib.error.HTTPError as e:
        line = e.read().decode()
        return [] if text in line else [f"{text!r} is not in {line}"]
    return [f"no error: {text}"]


def configuration(t):
    """An empty configuration is completed from the model."""
    t.server.load("bert")
    c = t.server.get("models/bert/config")
    got = [c["max_batch_size"], "dynamic_batching" in c,
           [(v["name"], v["data_type"], v["dims"]) for v in c["input"]],
           [(v["name"], v["data_type"], v["dims"]) for v in c["output"]]]
    want = [4, True, [(n, "TYPE_INT64", [-1]) for n in feeds_of(1, 1)],
            [("last_hidden_state", "TYPE_FP32", [-1, 128])]]
    return [] if got == want else [str(got)]


def answers(t):
    problems = []
    for i, shape in enumerate([(1, 1), (1, 7), (3, 16), (4, 33), (1, 128)]):
        feeds = feeds_of(*shape, seed=i)
        problems += differs(t.server.infer("bert", feeds),
                            expected(t.paths[0], feeds))
    return problems


def batches(t):
    """Requests of one shape run together, others do not; each gets its own
    answer."""
    t.add("delayed", 1, t.paths[0], "max_batch_size: 8\ndynamic_batching "
          "{ max_queue_delay_microseconds: 200000 }\n")
    t.server.load("delayed")
    feeds = [feeds_of(1 + i % 2, 9 if i < 8 else 5, i) for i in range(12)]
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        got = list(pool.map(lambda f: t.server.infer("delayed", f), feeds))
    problems = []
    for y, f in zip(got, feeds):
        problems += differs(y, expected(t.paths[0], f))
    stats = t.server.get("models/delayed/stats")["model_stats"][0]
    if stats["inference_count"] != 18:
        problems.append(f"{stats['inference_count']} rows, wanted 18")
    if stats["execution_count"] >= 12:
        problems.append("no two requests ran together")
    return problems


def without_batches(t):
    """Dims are the model's, and an answer is as large as the run decides."""
    t.add("plain", 1, t.paths[0], "max_batch_size: 0\ninput [" + ", ".join(
        f'{{ name: "{n}" data_type: TYPE_INT64 dims: [ -1, -1 ] }}'
        for n in feeds_of(1, 1)) + "]\n")
    t.server.load("plain")
    feeds = feeds_of(5, 6)
    return differs(t.server.infer("plain", feeds),
                   expected(t.paths[0], feeds))


def bad_requests(t):
    """Refused with a reason, after which the model still answers."""
    good, table, long = feeds_of(1, 4), feeds_of(1, 4), feeds_of(1, 600)
    table["input_ids"] = table["input_ids"] + 1000
    uneven = dict(good, attention_mask=np.ones((1, 5), np.int64))
    floats = dict(good, input_ids=np.zeros((1, 4), np.float32))
    problems = refused(lambda: t.server.infer("bert", table), "burin: ")
    problems += refused(lambda: t.server.infer("bert", long), "burin: ")
    problems += refused(lambda: t.server.infer("bert", uneven), "burin: ")
    problems += refused(lambda: t.server.infer("bert", floats), "input_ids")
    problems += refused(lambda: t.server.infer(
        "bert", {"input_ids": good["input_ids"]}), "expected 3 inputs")
    return problems + differs(t.server.infer("bert", good),
                              expected(t.paths[0], good))


def bad_models(t):
    """A model that cannot be loaded says why; others run on."""
    text = os.path.join(t.folder, "text.onnx")
    with open(text, "w") as f:
        f.write("no model")
    wrong = 'input [ { name: "%s" data_type: %s dims: [ %s ] } ]\n'
    cases = [
        ("garbage", text, "", "burin: "),
        ("option", t.paths[0], 'parameters { key: "thread" value '
         '{ string_value: "2" } }\n', "thread"),
        ("value", t.paths[0], 'parameters { key: "threads" value '
         '{ string_value: "x" } }\n', "threads"),
        ("few", t.paths[0], wrong % ("input_ids", "TYPE_INT64", "-1"),
         "has 1 inputs, the model 3"),
    ]
    problems = []
    for name, path, config, reason in cases:
        t.add(name, 1, path, config)
        problems += refused(lambda: t.server.load(name), reason)
    feeds = feeds_of(1, 3)
    return problems + differs(t.server.infer("bert", feeds),
                              expected(t.paths[0], feeds))


def new_version(t):
    """Other weights with the same zeros take the place of the old ones while
    clients ask: each answer is that of one of them, nothing is compiled."""
    feeds = feeds_of(2, 12)
    want = [expected(p, feeds) for p in t.paths]
    stop, problems, seen = [], [], set()

    def client():
        while not stop:
            y = t.server.infer("bert", feeds)
            fits = [i for i in range(2) if not differs(y, want[i])]
            seen.update(fits)
            if not fits:
                problems.append("an answer of no version")

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        clients = [pool.submit(client) for _ in range(4)]
        time.sleep(0.5)
        t.add("bert", 2, t.paths[1])
        t.server.load("bert")
        time.sleep(0.5)
        stop.append(True)
        for c in clients:
            c.result()
    if seen != {0, 1}:
        problems.append(f"answers of versions {seen}")
    lines = [line for line in t.server.said().splitlines()
             if "bert/2/" in line and "kernels compiled" in line]
    if not lines or ", 0 kernels compiled" not in lines[-1]:
        problems.append(f"compiled for new weights: {lines}")
    return problems + differs(t.server.infer("bert", feeds), want[1])


def again(t):
    """Unload, load, and end."""
    t.server.unload("bert")
    problems = refused(lambda: t.server.infer("bert", feeds_of(1, 2)), "bert")
    t.server.load("bert")
    feeds = feeds_of(1, 2)
    problems += differs(t.server.infer("bert", feeds),
                        expected(t.paths[1], feeds))
    code = t.server.stop()
    return problems + ([] if code == 0 else [f"the server ended with {code}"])


CASES = (configuration, answers, batches, without_batches, bad_requests,
         bad_models, new_version, again)


def main():
    t = Test(*sys.argv[1:4])
    t.paths = t.pruned()
    t.add("bert", 1, t.paths[0])
    t.start()
    print(f"1..{len(CASES)}", flush=True)
    try:
        for i, case in enumerate(CASES, 1):
            try:
                problems = case(t)
            except Exception as e:  # the others shall still run
                problems = [f"{type(e).__name__}: {e}"]
            name = case.__name__.replace("_", " ")
            print(f"{'not ' if problems else ''}ok {i} - triton: {name}")
            for p in problems:
                print(f"# {p}", flush=True)
    finally:
        t.server.process.kill()


main()
