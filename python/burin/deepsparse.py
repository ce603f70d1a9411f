# SPDX-License-Identifier: Apache-2.0
"""Names of DeepSparse over InferenceSession, for programs that come from there;
python/DEEPSPARSE.md of the source says what is the same and what is not.

    from burin.deepsparse import compile_model

    engine = compile_model("bert.onnx", batch_size=1)
    outputs = engine([input_ids, attention_mask, token_type_ids])
"""

import os
import statistics
import time
from dataclasses import dataclass
from typing import Dict, List, Optional, Tuple

import numpy as np

from . import isa
from ._errors import InvalidArgument
from .session import InferenceSession

__all__ = ["BenchmarkResults", "Engine", "compile_model"]


@dataclass(frozen=True)
class BenchmarkResults:
    """Seconds of each run, and what follows from them."""

    batch_times: List[float]
    batch_size: int
    num_cores: int
    inputs: Optional[List[List[np.ndarray]]] = None
    outputs: Optional[List[List[np.ndarray]]] = None

    @property
    def num_iterations(self) -> int:
        return len(self.batch_times)

    @property
    def ms_per_batch(self) -> float:
        return statistics.mean(self.batch_times) * 1e3

    @property
    def ms_per_item(self) -> float:
        return self.ms_per_batch / self.batch_size

    @property
    def median(self) -> float:
        """Milliseconds."""
        return statistics.median(self.batch_times) * 1e3

    @property
    def batches_per_second(self) -> float:
        return 1e3 / self.ms_per_batch

    @property
    def items_per_second(self) -> float:
        return self.batches_per_second * self.batch_size


class Engine:
    """A model for batches of one size; inputs and outputs are lists in the
    order of the file.

    model: path or bytes of an ONNX file
    batch_size: the first dimension of every input
    num_cores: threads; None is one a core
    num_streams: how many threads run at once; None is one for each core that
        is left
    input_shapes: for generate_random_inputs, where the file leaves dimensions
        open
    scheduler, cached_outputs: taken and not needed
    options: those of InferenceSession
    """

    def __init__(self, model, batch_size: int = 1,
                 num_cores: Optional[int] = None,
                 num_streams: Optional[int] = None, scheduler=None,
                 input_shapes: Optional[List[List[int]]] = None,
                 cached_outputs: bool = False, **options):
        if batch_size < 1:
            raise InvalidArgument(f"batch_size: {batch_size} is less than 1")
        self.batch_size, self.scheduler = batch_size, scheduler
        self.model_path = model
        self.num_cores = num_cores or len(os.sched_getaffinity(0))
        self.num_streams = num_streams or 1
        self.session = InferenceSession(model, sessions=num_streams,
                                        threads=num_cores or 0, **options)
        self._asked = input_shapes
        self.input_names = [i.name for i in self.session.get_inputs()]
        self.output_names = [o.name for o in self.session.get_outputs()]

    def __call__(self, inp: List[np.ndarray],
                 val_inp: bool = True) -> List[np.ndarray]:
        return self.run(inp, val_inp)

    def run(self, inp: List[np.ndarray],
            val_inp: bool = True) -> List[np.ndarray]:
        """Outputs in the order of the file. Raises InvalidArgument for another
        number of inputs or another batch size."""
        if len(inp) != len(self.input_names):
            raise InvalidArgument(f"{len(inp)} inputs, the model has "
                                  f"{len(self.input_names)}")
        if val_inp:
            self._check_batch(inp)
        return self.session.run(None, dict(zip(self.input_names, inp)))

    def _check_batch(self, inp):
        for name, x in zip(self.input_names, inp):
            shape = np.shape(x)
            if not shape or shape[0] != self.batch_size:
                raise InvalidArgument(f"input '{name}' has shape {shape}, the "
                                      f"engine has batch size "
                                      f"{self.batch_size}")

    def timed_run(self, inp, val_inp: bool = False
                  ) -> Tuple[List[np.ndarray], float]:
        """Outputs, and seconds."""
        start = time.perf_counter()
        out = self.run(inp, val_inp)
        return out, time.perf_counter() - start

    def mapped_run(self, inp, val_inp: bool = True) -> Dict[str, np.ndarray]:
        """Outputs by name."""
        return dict(zip(self.output_names, self.run(inp, val_inp)))

    def benchmark(self, inp, num_iterations: int = 20,
                  num_warmup_iterations: int = 5,
                  include_inputs: bool = False, include_outputs: bool = False,
                  show_progress: bool = False) -> BenchmarkResults:
        """Times of runs of the same inputs."""
        for _ in range(num_warmup_iterations):
            self.run(inp)
        runs = [self.timed_run(inp) for _ in range(num_iterations)]
        return BenchmarkResults(
            [t for _, t in runs], self.batch_size, self.num_cores,
            [list(inp)] * len(runs) if include_inputs else None,
            [out for out, _ in runs] if include_outputs else None)

    @property
    def input_shapes(self) -> List[Tuple[int, ...]]:
        """With the batch size first, and 1 for other dimensions that the file
        and the caller leave open."""
        if self._asked:
            return [tuple(s) for s in self._asked]
        return [tuple([self.batch_size if k == 0 else
                       d if isinstance(d, int) else 1
                       for k, d in enumerate(i.shape)])
                for i in self.session.get_inputs()]

    def generate_random_inputs(self) -> List[np.ndarray]:
        """Floats from 0 to 1, and 0 or 1 for integers."""
        rng = np.random.default_rng()

        def random(dtype, shape):
            if dtype.kind == "f":
                return rng.random(shape).astype(dtype)
            return rng.integers(0, 2, shape).astype(dtype)

        return [random(np.dtype(i.dtype), s) for i, s in
                zip(self.session.get_inputs(), self.input_shapes)]

    @property
    def fraction_of_supported_ops(self) -> float:
        """1.0: a model with others is not loaded."""
        return 1.0

    @property
    def cpu_avx_type(self) -> str:
        return isa()

    @property
    def cpu_vnni(self) -> bool:
        """False: kernels are in fp32."""
        return False

    def __repr__(self):
        return (f"<burin.deepsparse.Engine {self.model_path} "
                f"batch_size={self.batch_size} num_cores={self.num_cores}>")


def compile_model(model, batch_size: int = 1, num_cores: Optional[int] = None,
                  num_streams: Optional[int] = None, scheduler=None,
                  input_shapes: Optional[List[List[int]]] = None,
                  **options) -> Engine:
    """An Engine of these arguments."""
    return Engine(model, batch_size, num_cores, num_streams, scheduler,
                  input_shapes, **options)
