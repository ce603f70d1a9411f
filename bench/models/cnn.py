# SPDX-License-Identifier: Apache-2.0
"""Write a well-known convolutional network with random weights.

    cnn.py NAME OUT.onnx [--small] [--seed N]

NAME is mobilenet_v1, mobilenet_v2 or resnet50. The graph is that of an exporter
in inference mode without fusion: Conv, BatchNormalization, Relu or Clip, Add,
pooling, Gemm. --small writes the same graph with few channels and a small
image, for tests. Needs the package onnx.
"""

import argparse

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

OPSET = 17


class Net:
    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.nodes, self.weights = [], []
        self.channels = {"image": 3}

    def weight(self, name, value):
        self.weights.append(numpy_helper.from_array(
            np.asarray(value, np.float32), name))
        return name

    def add(self, op, inputs, channels, **attributes):
        out = f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [out], name=out,
                                           **attributes))
        self.channels[out] = channels
        return out

    def conv(self, x, out, kernel=1, stride=1, group=1):
        n, each = len(self.nodes), self.channels[x] // group
        fan = each * kernel * kernel
        w = self.random.standard_normal((out, each, kernel, kernel))
        y = self.add("Conv", [x, self.weight(f"w{n}", w * (2 / fan) ** .5)],
                     out, kernel_shape=[kernel] * 2, strides=[stride] * 2,
                     pads=[kernel // 2] * 4, group=group)
        r = self.random.uniform
        stats = [("scale", r(.7, 1.3, out)), ("shift", r(-.2, .2, out)),
                 ("mean", r(-.2, .2, out)), ("var", r(.5, 1.5, out))]
        return self.add("BatchNormalization", [y] + [
            self.weight(f"{k}{n}", v) for k, v in stats], out)

    def relu(self, x):
        return self.add("Relu", [x], self.channels[x])

    def relu6(self, x):
        if "zero" not in self.channels:
            self.channels["zero"] = self.channels["six"] = 0
            self.weight("zero", 0)
            self.weight("six", 6)
        return self.add("Clip", [x, "zero", "six"], self.channels[x])

    def sum(self, a, b):
        return self.add("Add", [a, b], self.channels[a])

    def head(self, x, classes):
        c = self.channels[x]
        x = self.add("GlobalAveragePool", [x], c)
        x = self.add("Flatten", [x], c)
        w = self.random.standard_normal((classes, c)) * (1 / c) ** .5
        self.nodes.append(helper.make_node("Gemm", [
            x, self.weight("fc_w", w),
            self.weight("fc_b", np.zeros(classes))], ["scores"],
            name="fc", transB=1))

    def model(self, name, size, classes):
        shape = ["batch", 3, size, size]
        graph = helper.make_graph(
            self.nodes, name,
            [helper.make_tensor_value_info("image", TensorProto.FLOAT,
                                           shape)],
            [helper.make_tensor_value_info("scores", TensorProto.FLOAT,
                                           ["batch", classes])],
            self.weights)
        m = helper.make_model(graph, opset_imports=[
            helper.make_opsetid("", OPSET)], ir_version=8,
            producer_name="burin bench/models/cnn.py")
        checker.check_model(m)
        return m


def mobilenet_v1(n, width):
    x = n.relu6(n.conv("image", width(32), 3, 2))
    plan = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)]
    plan += [(512, 1)] * 5 + [(1024, 2), (1024, 1)]
    for out, stride in plan:
        c = n.channels[x]
        x = n.relu6(n.conv(x, c, 3, stride, c))
        x = n.relu6(n.conv(x, width(out)))
    return x


def mobilenet_v2(n, width):
    x = n.relu6(n.conv("image", width(32), 3, 2))
    for t, out, count, stride in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2),
                                  (6, 64, 4, 2), (6, 96, 3, 1),
                                  (6, 160, 3, 2), (6, 320, 1, 1)):
        for i in range(count):
            step, was = stride if i == 0 else 1, x
            c = n.channels[x] * t
            if t > 1:
                x = n.relu6(n.conv(x, c))
            x = n.relu6(n.conv(x, c, 3, step, c))
            x = n.conv(x, width(out))
            if i:
                x = n.sum(was, x)
    return n.relu6(n.conv(x, width(1280)))


def resnet50(n, width):
    x = n.relu(n.conv("image", width(64), 7, 2))
    x = n.add("MaxPool", [x], n.channels[x], kernel_shape=[3, 3],
              strides=[2, 2], pads=[1] * 4)
    for planes, count, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2),
                                  (512, 3, 2)):
        for i in range(count):
            step, was = stride if i == 0 else 1, x
            y = n.relu(n.conv(x, width(planes)))
            y = n.relu(n.conv(y, width(planes), 3, step))
            y = n.conv(y, width(4 * planes))
            if i == 0:
                was = n.conv(was, width(4 * planes), 1, step)
            x = n.relu(n.sum(y, was))
    return x


NETS = {f.__name__: f for f in (mobilenet_v1, mobilenet_v2, resnet50)}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("name", choices=NETS)
    p.add_argument("out")
    p.add_argument("--small", action="store_true")
    p.add_argument("--seed", type=int, default=1)
    o = p.parse_args()
    n = Net(o.seed)
    last = NETS[o.name](n, lambda c: max(c // 16, 4) if o.small else c)
    n.head(last, 10 if o.small else 1000)
    save(n.model(o.name, 32 if o.small else 224, 10 if o.small else 1000),
         o.out)


if __name__ == "__main__":
    main()
