# SPDX-License-Identifier: Apache-2.0
"""Time the same models on burin and its peers: one process for each system,
and samples from all of them in turn, so that other load on the machine affects
all.  Writes SHAPE-THREADSt.json, .md and .svg.

    peers.py --build DIR [--quick] [--threads 2] [--shape 8x128] ...
"""

import argparse
import datetime
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile

import pinned
import report

HERE = os.path.dirname(os.path.abspath(__file__))

# System -> environment, in the order of the table.
SYSTEMS = {"burin": "runtimes", "onnxruntime": "runtimes",
           "openvino": "runtimes", "deepsparse": "deepsparse",
           "torch-dense": "torch", "torch-csr": "torch", "torch-bsr": "torch",
           "tvm-dense": "tvm", "tvm-bsr": "tvm"}
# Environment -> versions of Python it can be installed on, disk space in GB.
PYTHONS = {"runtimes": (("3.11", "3.12", "3.13"), 1),
           "deepsparse": (("3.11",), 1), "torch": (("3.11",), 10),
           "tvm": (("3.10",), 1)}
# These do not use sparsity: measured on the dense model only.
DENSE_ONLY = ("torch-dense", "tvm-dense")
# These equal DENSE_ONLY if nothing is pruned: measured on pruned models only.
PRUNED_ONLY = ("torch-csr", "torch-bsr", "tvm-bsr")
# Systems of this environment load quickly: with the first two files they are
# started several times to measure load time and memory.
QUICK = "runtimes"


def options(argv):
    p = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    p.add_argument("--build", required=True, help="burin's build folder")
    p.add_argument("--work", help="models, environments; default "
                   "BUILD/bench/peers.d")
    p.add_argument("--results", help="folder of SHAPE-THREADSt.*; default, "
                   "and always with --quick, WORK")
    p.add_argument("--model", help="a dense model whose weights have the names "
                   "of bench/make-bert; default BERT-base")
    p.add_argument("--opset", type=int, default=13,
                   help="opset of the default model")
    p.add_argument("--blocks", default="16x1,8x1,32x1",
                   help="empty: the dense model alone")
    p.add_argument("--sparsity", default="0.95,0.9,0.85")
    p.add_argument("--shape", default="1x128", help="batch x sequence")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--rounds", type=int, default=9)
    p.add_argument("--systems", default=",".join(SYSTEMS), help="a suffix "
                   ":bf16 or :int8 (a file that onnxruntime.quantization has "
                   "quantized dynamically) is its precision, behind that @N "
                   "overrides --threads: burin,burin:int8,burin@2")
    p.add_argument("--starts", type=int, default=5, help="processes "
                   "started to measure load time of the quick systems")
    p.add_argument("--prefix", default="", help="command to start workers "
                   "with, such as: chrt -f 50 taskset -c 1")
    p.add_argument("--resume", action="store_true", help="keep the runs "
                   "in the JSON of the results and measure only those that "
                   "it lacks")
    p.add_argument("--quick", action="store_true", help="3 rounds of burin "
                   "and ONNX Runtime on two files, as a test of this script")
    o = p.parse_args(argv)
    if o.quick:
        o.rounds, o.systems = 3, "burin,onnxruntime"
        o.starts = 1
        o.blocks, o.sparsity = "16x1", "0.95"
    o.build = os.path.abspath(o.build)
    o.work = os.path.abspath(o.work or f"{o.build}/bench/peers.d")
    results = o.work if o.quick else o.results or o.work
    o.out = f"{results}/{o.shape}-{o.threads}t"
    o.systems = o.systems.split(",")
    unknown = [s for s in o.systems if base(s) not in SYSTEMS]
    if unknown:
        p.error(f"{unknown[0]}: unknown system; wanted one of {list(SYSTEMS)}")
    for s in o.systems:
        if precision(s) not in ("fp32", "bf16", "int8"):
            p.error(f"{s}: unknown precision; wanted fp32, bf16 or int8")
    return o


def base(system):
    """The system without its :PRECISION@N."""
    return system.partition("@")[0].partition(":")[0]


def precision(system):
    return system.partition("@")[0].partition(":")[2] or "fp32"


def say(text):
    print(text, file=sys.stderr, flush=True)


def output(*command):
    return subprocess.run(command, check=True, capture_output=True,
                          text=True).stdout


# ---- models ------------------------------------------------------------------

def models(o):
    """A list of {"path", "block", "sparsity", "starts"}, the dense model
    first."""
    dense = o.model
    if not dense:
        dense = f"{o.work}/bert-base-{o.opset}.onnx"
        if not os.path.exists(dense):
            output(f"{o.build}/bench/make-bert", "--opset", str(o.opset),
                   dense)
    all_models = [{"path": dense, "block": "1x1", "sparsity": 0.0}]
    for block in filter(None, o.blocks.split(",")):
        for sparsity in o.sparsity.split(","):
            all_models.append({"path": f"{o.scratch}/pruned.onnx",
                               "block": block, "sparsity": float(sparsity)})
    for i, model in enumerate(all_models):
        model["starts"] = o.starts > 0 and i < 2
    return all_models


def quantize(o, python, model):
    """Write model["int8"], the file in integers, and compile its kernels."""
    model["int8"] = f"{o.scratch}/int8.onnx"
    output(python, "-c", "import sys\n"
           "from onnxruntime.quantization import quantize_dynamic\n"
           "quantize_dynamic(sys.argv[1], sys.argv[2])",
           model["path"], model["int8"])
    output(f"{o.build}/burin", "warm", model["int8"])


def prepare(o, dense, model):
    """Write the file, compile burin's kernels, and set model["gflop"], the
    operations that the zeros leave."""
    burin = f"{o.build}/burin"
    if model["sparsity"]:
        output(burin, "prune", dense, "--random", "--block", model["block"],
               "--sparsity", str(model["sparsity"]), "-o", model["path"])
    output(burin, "warm", model["path"])
    if any(precision(s) == "bf16" for s in o.systems):
        output(burin, "warm", "--precision=bf16", model["path"])
    layers = json.loads(output(burin, "inspect", model["path"],
                               "--json"))["layers"]
    batch, seq = map(int, o.shape.split("x"))
    weights = sum(x["rows"] * x["cols"] * x["nonzero_fraction"]
                  for x in layers)
    # Q K^T and P V, for every encoder layer, which has six matrices.
    attention = 4 * seq * seq * layers[0]["rows"] * (len(layers) // 6)
    model["gflop"] = (2 * weights * seq + attention) * batch / 1e9


# ---- workers -----------------------------------------------------------------

class Worker:
    """A process of worker.py.  .first is its first reply, .samples its times
    in ms."""

    def __init__(self, o, system, python, model, log):
        threads = system.partition("@")[2]
        what = precision(system)
        command = [*o.prefix.split(), python, f"{HERE}/worker.py",
                   base(system),
                   model["int8" if what == "int8" else "path"],
                   *o.shape.split("x"), threads or str(o.threads),
                   model["block"], what]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=log, text=True)
        self.samples = []
        self.first = self.read()

    def read(self):
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        return {"error": f"died with status {self.process.wait()}"}

    def ask(self, line):
        try:
            print(line, file=self.process.stdin, flush=True)
        except BrokenPipeError:
            pass
        return self.read()

    def end(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def measure(o, pythons, model):
    """system -> results, or {"error"}."""
    results, workers, firsts = {}, {}, {}
    with open(f"{o.work}/workers.log", "a", encoding="utf-8") as log:
        for system in starts(o, model):
            w = Worker(o, system, pythons[SYSTEMS[base(system)]], model, log)
            firsts.setdefault(system, []).append(w.first)
            w.end()
        for system in wanted(o, model):
            say(f"  {system}")
            w = Worker(o, system, pythons[SYSTEMS[base(system)]], model, log)
            if "error" in w.first:
                results[system] = w.first
                w.end()
            else:
                workers[system] = w
        for _ in range(o.rounds):
            for system in list(workers):
                reply = workers[system].ask("run")
                if "error" in reply:
                    results[system] = reply
                    workers.pop(system).end()
                else:
                    workers[system].samples.append(reply["ms"])
        for system, w in workers.items():
            results[system] = {**w.first, **starting(firsts.get(system)),
                               **check(o, system, w),
                               "ms": statistics.median(w.samples),
                               "samples_ms": w.samples}
        for w in workers.values():
            w.end()
    return results


def wanted(o, model):
    skip = DENSE_ONLY if model["sparsity"] else PRUNED_ONLY
    return [s for s in o.systems
            if base(s) not in skip and SYSTEMS[base(s)] not in o.missing]


def starts(o, model):
    """Systems to start, in order, to measure the load time.  The first start
    of each only brings its files into the page cache."""
    quick = [s for s in wanted(o, model)
             if SYSTEMS[base(s)] == QUICK and "@" not in s]
    return quick * (o.starts + 1) if model["starts"] else []


def starting(firsts):
    """Medians of the first replies but one; {} if one is an error."""
    if not firsts or any("error" in f for f in firsts):
        return {}
    loads = [f["load_s"] for f in firsts[1:]]
    return {"load_s": statistics.median(loads), "loads_s": loads,
            "rss_mb": statistics.median(f["rss_mb"] for f in firsts[1:])}


def check(o, system, worker):
    """The largest difference from the output of the first system."""
    file = f"{o.scratch}/output.npy"
    if not os.path.exists(file):
        worker.ask(f"save {file}")
        return {"difference": 0.0}
    return worker.ask(f"check {file}")


# ---- the machine -------------------------------------------------------------

def peak(o):
    """GFLOP/s of one core, measured now."""
    text = output(f"{o.build}/bench/kernels", "--blocks", "16x1",
                  "--sparsity", "0.95", "--sizes", "64x64", "--m", "16")
    return float(re.match(r"peak ([0-9.]+)", text).group(1))


def machine(o):
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        cpu = re.search(r"model name\s*: (.*)", f.read())
    return {"cpu": cpu.group(1) if cpu else platform.machine(),
            "cores": os.cpu_count(), "kernel": platform.release(),
            "load": os.getloadavg()[0], "peak_gflops": peak(o)}


def environments(o):
    pythons = {}
    for name in dict.fromkeys(SYSTEMS[base(s)] for s in o.systems):
        say(f"environment {name}")
        try:
            pythons[name] = pinned.make(
                f"{o.work}/{name}", f"{HERE}/{name}.txt", *PYTHONS[name])
        except pinned.Missing as e:
            o.missing[name] = str(e)
    return pythons


def environment(o):
    """Variables for burin, and to stop other systems from using the
    network."""
    cache = f"{o.work}/cache"
    os.makedirs(cache, mode=0o700, exist_ok=True)
    os.environ.update(
        BURIN_LIB=f"{o.build}/.libs/libburin.so",
        BURIN_CC=f"{o.build}/burin-cc", BURIN_CACHE_DIR=cache,
        BURIN_JIT_MODULE=f"{o.build}/.libs/burin-jit.so",
        NM_DISABLE_ANALYTICS="1", HF_HUB_OFFLINE="1",
        PYTHONDONTWRITEBYTECODE="1")


def compare(o, pythons):
    result = {"date": datetime.date.today().isoformat(), "shape": o.shape,
              "threads": o.threads, "rounds": o.rounds,
              "prefix": o.prefix,
              "model": os.path.basename(o.model or "BERT-base"),
              "machine": machine(o), "runs": []}
    all_models = models(o)
    if o.resume and os.path.exists(f"{o.out}.json"):
        with open(f"{o.out}.json", encoding="utf-8") as f:
            result = json.load(f)
    done = {(run["block"], run["sparsity"]) for run in result["runs"]}
    for model in all_models:
        if (model["block"], model["sparsity"]) in done:
            continue
        say(f"{model['block']} {model['sparsity']:.0%}")
        prepare(o, all_models[0]["path"], model)
        if any(precision(s) == "int8" for s in o.systems):
            quantize(o, pythons["runtimes"], model)
        model["results"] = measure(o, pythons, model)
        result["runs"].append({k: v for k, v in model.items()
                               if k not in ("path", "int8", "starts")})
        for name in os.listdir(o.scratch):
            os.remove(f"{o.scratch}/{name}")
    result["machine"]["peak_gflops_after"] = peak(o)
    result["missing"] = {s: o.missing[SYSTEMS[base(s)]] for s in o.systems
                         if SYSTEMS[base(s)] in o.missing}
    return result


def main(argv):
    o = options(argv)
    o.missing = {}
    for folder in (o.work, os.path.dirname(o.out)):
        os.makedirs(folder, exist_ok=True)
    environment(o)
    pythons = environments(o)
    with tempfile.TemporaryDirectory(dir=o.work) as o.scratch:
        result = compare(o, pythons)
    report.write(o.out, result)
    with open(f"{o.out}.md", encoding="utf-8") as f:
        print(f.read())


if __name__ == "__main__":
    main(sys.argv[1:])
