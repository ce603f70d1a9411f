# SPDX-License-Identifier: Apache-2.0
"""The systems of worker.py, one function each.  Its arguments are the path of
the model, the inputs, the number of threads, and the block in which the weights
were pruned.  It returns {"version", "run"} and sometimes "note"; run() returns
last_hidden_state.  All compute in float32, except on a file of integers, and in
bf16 where they get that precision.  They get fixed shapes if they accept them.
The two systems that turns.py compares also take the names of the outputs, of
which run() returns the first, and return "call": the same run without copying
the outputs.
"""

import importlib
import os
import shutil
import tempfile

SPARSE = 0.6            # layers with more zeros than this count as pruned

IMPORTS = {"burin": ["numpy"], "onnxruntime": ["onnxruntime"],
           "openvino": ["openvino"], "deepsparse": ["deepsparse"],
           "torch_dense": ["onnx", "torch"], "torch_csr": ["onnx", "torch"],
           "torch_bsr": ["onnx", "torch"],
           "tvm_dense": ["onnx", "tvm.relay"],
           "tvm_bsr": ["onnx", "tvm.relay"]}


def modules(name):
    """Import the modules of a system, which is not part of its load time."""
    for module in IMPORTS[name.replace("-", "_")]:
        importlib.import_module(module)


# ---- burin, through its C interface -----------------------------------------

def burin(model, inputs, threads, block, outputs=("last_hidden_state",),
          shared=None, **settings):
    """shared: outputs that lie in the buffers of inputs, by name of the input,
    which is a view [:, :, :tokens] of its buffer."""
    import ctypes as c
    import numpy as np

    class Error(c.Structure):
        _fields_ = [("code", c.c_int), ("msg", c.c_char * 1020)]

    class Tensor(c.Structure):
        _fields_ = [("name", c.c_char_p), ("dtype", c.c_int),
                    ("rank", c.c_int), ("dims", c.c_int64 * 8),
                    ("data", c.c_void_p), ("nbytes", c.c_size_t)]

    class Output(c.Structure):
        _fields_ = [("name", c.c_char_p), ("buffer", c.c_void_p),
                    ("room", c.c_size_t), ("data", c.c_void_p),
                    ("dtype", c.c_int), ("rank", c.c_int),
                    ("dims", c.c_int64 * 8), ("nbytes", c.c_size_t)]

    dtypes = {"float32": 1, "uint8": 2, "int8": 3, "int32": 6, "int64": 7,
              "bool": 9, "float16": 10, "float64": 11}
    lib = c.CDLL(os.environ["BURIN_LIB"])
    lib.burin_version.restype = c.c_char_p
    lib.burin_options_new.restype = c.c_void_p
    err = Error()

    def call(function, *args):
        if function(*args, c.byref(err)) < 0:
            raise RuntimeError(err.msg.decode())

    options = c.c_void_p(lib.burin_options_new())
    for key, value in {"threads": threads, **settings}.items():
        call(lib.burin_options_set, options, key.encode(),
             str(value).encode())
    loaded, session = c.c_void_p(), c.c_void_p()
    call(lib.burin_model_load, model.encode(), options, c.byref(loaded))
    call(lib.burin_session_new, loaded, options, c.byref(session))
    lib.burin_options_free(options)
    for name, output in (shared or {}).items():
        call(lib.burin_session_share, session, name.encode(), output.encode(),
             c.c_int64(inputs[name].base.shape[2]))
    given = (Tensor * len(inputs))(*(
        Tensor(name.encode(), dtypes[x.dtype.name], x.ndim,
               (c.c_int64 * 8)(*x.shape), x.ctypes.data,
               (x if x.flags.c_contiguous else x.base).nbytes)
        for name, x in inputs.items()))
    wanted = (Output * len(outputs))(*(Output(x.encode()) for x in outputs))
    sizes = c.c_size_t(len(given)), c.c_size_t(len(wanted))

    def once():
        call(lib.burin_run, session, given, sizes[0], wanted, sizes[1])

    def run():
        once()
        y = wanted[0]
        dtype = next(np.dtype(d) for d, n in dtypes.items() if n == y.dtype)
        data = (c.c_char * y.nbytes).from_address(y.data or 0)
        return np.frombuffer(data, dtype).reshape(y.dims[:y.rank])

    return {"version": lib.burin_version().decode(), "run": run,
            "call": once}


# ---- runtimes that read ONNX ------------------------------------------------

def onnxruntime(model, inputs, threads, block,
                outputs=("last_hidden_state",)):
    import onnxruntime as ort
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = ort.InferenceSession(model, options,
                                   providers=["CPUExecutionProvider"])
    outputs = list(outputs)
    places = session.io_binding()
    for name, x in inputs.items():
        places.bind_ortvalue_input(name, ort.OrtValue.ortvalue_from_numpy(x))
    for name, y in zip(outputs, session.run(outputs, inputs)):
        places.bind_ortvalue_output(name,
                                    ort.OrtValue.ortvalue_from_numpy(y))
    return {"version": ort.__version__,
            "run": lambda: session.run(outputs, inputs)[0],
            "call": lambda: session.run_with_iobinding(places)}


def openvino(model, inputs, threads, block, precision="f32"):
    import openvino as ov
    core = ov.Core()
    net = core.read_model(model)
    net.reshape({name: list(x.shape) for name, x in inputs.items()})
    request = core.compile_model(net, "CPU", {
        "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": precision,
    }).create_infer_request()
    return {"version": ov.__version__.split("-")[0],
            "run": lambda: request.infer(inputs)["last_hidden_state"]}


def deepsparse(model, inputs, threads, block):
    """Runs on a copy of the file, since DeepSparse writes the shapes into
    it."""
    import deepsparse as ds
    batch = inputs["input_ids"].shape[0]
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copy(model, folder)
        engine = ds.Engine(model=copy, batch_size=batch, num_cores=threads,
                           input_shapes=[list(x.shape)
                                         for x in inputs.values()])
    given = [inputs[name] for name in engine.input_names]
    made = {"version": ds.__version__, "run": lambda: engine.run(given)[0]}
    part = engine.fraction_of_supported_ops
    if part < 1:
        made["note"] = f"{part:.2f} of the operators on its fast path"
    return made


# ---- the same encoder, for systems that do not read the file ----------------

class Bert:
    """The weights of a file by bench/make-bert; matrices are [rows, cols]."""

    def __init__(self, model):
        import onnx
        from onnx import numpy_helper
        self.w = {t.name: numpy_helper.to_array(t)
                  for t in onnx.load(model).graph.initializer}
        self.dense = [n[:-7] for n in self.w if n.startswith("encoder")
                      and n.endswith(".weight") and self.w[n].ndim == 2]
        if not self.dense:
            raise RuntimeError("weights are not named as bench/make-bert "
                               "names them")
        for name in self.dense:
            self.w[f"{name}.weight"] = self.w[f"{name}.weight"].T.copy()
        self.layers = 1 + max(int(n.split(".")[2]) for n in self.dense)
        self.hidden = self.w["embeddings.LayerNorm.weight"].shape[0]
        self.head = 64 if self.hidden % 64 == 0 else 32

    def encode(self, ops, x):
        """The output for embeddings x.  ops has dense(name, x), norm(name, x),
        attend(q, k, v) and gelu(x)."""
        x = ops.norm("embeddings", x)
        for i in range(self.layers):
            pre = f"encoder.layer.{i}"
            at = f"{pre}.attention"
            y = ops.attend(*(ops.dense(f"{at}.self.{n}", x)
                             for n in ("query", "key", "value")))
            y = ops.dense(f"{at}.output", y)
            x = ops.norm(f"{at}.output", y + x)
            y = ops.gelu(ops.dense(f"{pre}.intermediate", x))
            x = ops.norm(f"{pre}.output", ops.dense(f"{pre}.output", y) + x)
        return x


TABLES = (("word", "input_ids"), ("token_type", "token_type_ids"))


def torch_model(model, inputs, threads, convert):
    import torch
    from torch.nn import functional as F

    torch.set_num_threads(threads)
    bert = Bert(model)
    w = {name: torch.from_numpy(x.copy()) for name, x in bert.w.items()}
    for name in bert.dense:
        w[f"{name}.weight"] = convert(w[f"{name}.weight"])
    given = {name: torch.from_numpy(x) for name, x in inputs.items()}
    batch, seq = given["input_ids"].shape

    class Ops:
        def dense(name, x):
            matrix, bias = w[f"{name}.weight"], w[f"{name}.bias"]
            if matrix.layout == torch.strided:
                return F.linear(x, matrix, bias)
            return torch.mm(matrix, x.T).T + bias

        def norm(name, x):
            return F.layer_norm(x, x.shape[-1:],
                                w[f"{name}.LayerNorm.weight"],
                                w[f"{name}.LayerNorm.bias"], 1e-12)

        def attend(*qkv):
            q, k, v = (y.view(batch, seq, -1, bert.head).transpose(1, 2)
                       for y in qkv)
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=Ops.mask)
            return y.transpose(1, 2).reshape(batch * seq, -1)

        gelu = F.gelu

    def run():
        with torch.inference_mode():
            Ops.mask = (1 - given["attention_mask"][:, None, None].float()
                        ) * torch.finfo(torch.float32).min
            x = w["embeddings.position_embeddings.weight"][:seq]
            for what, ids in TABLES:
                x = x + w[f"embeddings.{what}_embeddings.weight"][given[ids]]
            return bert.encode(Ops, x.view(batch * seq, -1)).view(
                batch, seq, -1).numpy()

    return {"version": torch.__version__, "run": run}


def pruned(matrix):
    return (matrix == 0).float().mean() > SPARSE


def torch_dense(model, inputs, threads, block):
    return torch_model(model, inputs, threads, lambda w: w)


def torch_csr(model, inputs, threads, block):
    return torch_model(model, inputs, threads, lambda w: w.to_sparse_csr()
                       if pruned(w) else w)


def torch_bsr(model, inputs, threads, block):
    """Weights in the block of the mask; if PyTorch refuses it, in square
    blocks of its longer side."""
    def made_with(shape):
        made = torch_model(model, inputs, threads, lambda w:
                           w.to_sparse_bsr(shape) if pruned(w) else w)
        made["run"]()
        return made

    try:
        return made_with(block)
    except RuntimeError as e:
        side = max(block)
        made = made_with([side, side])
        made["note"] = (f"in blocks of {side}x{side}: "
                        f"{str(e).splitlines()[0]}")
        return made


# ---- TVM, while it had Relay ------------------------------------------------

def tvm_model(model, inputs, threads, convert):
    import numpy as np
    import tvm
    from tvm import relay
    from tvm.contrib import graph_executor

    os.environ["TVM_NUM_THREADS"] = str(threads)
    bert = Bert(model)
    batch, seq = inputs["input_ids"].shape
    f32 = relay.const

    def weight(name):
        return relay.var(name, shape=bert.w[name].shape, dtype="float32")

    class Ops:
        def dense(name, x):
            y = relay.nn.dense(x, weight(f"{name}.weight"))
            return relay.nn.bias_add(y, weight(f"{name}.bias"))

        def norm(name, x):
            return relay.nn.layer_norm(x, weight(f"{name}.LayerNorm.weight"),
                                       weight(f"{name}.LayerNorm.bias"),
                                       epsilon=1e-12)

        def attend(q, k, v):
            def split(y, axes):
                y = relay.reshape(y, (batch, seq, -1, bert.head))
                y = relay.transpose(y, axes)
                return relay.reshape(y, (-1, *(
                    (seq, bert.head) if axes[3] == 3 else (bert.head, seq))))

            p = relay.nn.batch_matmul(split(q, (0, 2, 1, 3)),
                                      split(k, (0, 2, 1, 3)))
            p = relay.nn.softmax(p * f32(bert.head ** -0.5) + Ops.mask)
            y = relay.nn.batch_matmul(p, split(v, (0, 2, 3, 1)))
            y = relay.reshape(y, (batch, -1, seq, bert.head))
            y = relay.transpose(y, (0, 2, 1, 3))
            return relay.reshape(y, (batch * seq, -1))

        def gelu(x):
            return x * f32(0.5) * (f32(1.0) + relay.erf(x * f32(0.5 ** 0.5)))

    given = {name: relay.var(name, shape=x.shape, dtype="int64")
             for name, x in inputs.items()}
    heads = bert.hidden // bert.head
    mask = relay.cast(given["attention_mask"], "float32")
    mask = (f32(1.0) - relay.reshape(mask, (batch, 1, seq))) * f32(-3.4e38)
    Ops.mask = relay.repeat(mask, heads, axis=0)
    x = weight("embeddings.position_embeddings.weight")
    x = relay.strided_slice(x, [0, 0], [seq, bert.hidden])
    for what, ids in TABLES:
        x = x + relay.take(weight(f"embeddings.{what}_embeddings.weight"),
                           given[ids], axis=0)
    x = bert.encode(Ops, relay.reshape(x, (batch * seq, bert.hidden)))
    x = relay.reshape(x, (batch, seq, bert.hidden))
    params = {name: tvm.nd.array(np.ascontiguousarray(x))
              for name, x in bert.w.items() if x.dtype == np.float32}
    func, params = convert(relay.Function(relay.analysis.free_vars(x), x),
                           params)
    mod = relay.transform.InferType()(tvm.IRModule.from_expr(func))
    with tvm.transform.PassContext(opt_level=3):
        built = relay.build(mod, target=tvm_target(), params=params)
    runner = graph_executor.GraphModule(built["default"](tvm.cpu()))
    for name, x in inputs.items():
        runner.set_input(name, x)

    def run():
        runner.run()
        return runner.get_output(0).numpy()

    return {"version": tvm.__version__, "run": run, "note": "untuned"}


def tvm_target():
    """The target string for the instruction set of this machine."""
    with open("/proc/cpuinfo", encoding="ascii") as f:
        flags = next(x for x in f if x.startswith("flags")).split()
    cpu = ("skylake-avx512" if "avx512vl" in flags else
           "core-avx2" if "avx2" in flags else "x86-64")
    return f"llvm -mtriple=x86_64-linux-gnu -mcpu={cpu}"


def tvm_dense(model, inputs, threads, block):
    return tvm_model(model, inputs, threads, lambda f, p: (f, p))


def tvm_bsr(model, inputs, threads, block):
    """TVM's own bsr_dense pass; the weights are already transposed as its
    simplify_fc_transpose would."""
    from tvm.relay.data_dep_optimization import bsr_dense
    return tvm_model(model, inputs, threads, lambda f, p:
                     bsr_dense.convert(f, p, tuple(block), SPARSE))
