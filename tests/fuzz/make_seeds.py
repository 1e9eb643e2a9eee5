#!/usr/bin/env python3
"""Writes small models and arrays of many kinds into a folder, for a fuzzer to begin with."""
import pathlib
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper


def model(nodes, inputs, outputs=("y",), constants=None, opset=13):
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
              for name, shape in inputs.items()]
    results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    stored = [numpy_helper.from_array(np.asarray(value), name)
              for name, value in (constants or {}).items()]
    graph = helper.make_graph(nodes, "seed", values, results, stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)]).SerializeToString()


def node(op_type, inputs, outputs=("y",), **attributes):
    return helper.make_node(op_type, list(inputs), list(outputs), **attributes)


def ones(*shape):
    return np.ones(shape, np.float32)


def ints(*values):
    return np.asarray(values, np.int64)


def models():
    image = {"x": ["n", 2, 6, 6]}
    for opset in (7, 10, 13, 17, 21):
        yield model([node("Conv", "xw", pads=[1, 1, 1, 1], strides=[2, 2])], image,
                    constants={"w": ones(3, 2, 3, 3)}, opset=opset)
        yield model([node("Gemm", "xwb", transB=1, alpha=0.5)], {"x": [2, 4]},
                    constants={"w": ones(3, 4), "b": ones(3)}, opset=opset)
        yield model([node("MaxPool", "x", kernel_shape=[2, 2], ceil_mode=1)], image, opset=opset)
        yield model([node("BatchNormalization", "xsbmv")], image,
                    constants={name: ones(2) for name in "sbmv"}, opset=opset)
        yield model([node("Concat", "xx", axis=1)], image, opset=opset)
        yield model([node("Transpose", "x", perm=[0, 2, 3, 1])], image, opset=opset)
        yield model([node("Flatten", "x", axis=2)], image, opset=opset)
        yield model([node("LSTM", "xwr", ("y", "h"), hidden_size=2)], {"x": [3, 1, 2]},
                    constants={"w": ones(1, 8, 2), "r": ones(1, 8, 2)}, opset=opset)
    yield model([node("Reshape", "xs")], image, constants={"s": ints(0, -1)})
    yield model([node("Slice", "xbe")], image, constants={"b": ints(0, 1), "e": ints(1, -1)})
    yield model([node("Pad", "xp", mode="reflect")], image,
                constants={"p": ints(0, 0, 1, 1, 0, 0, 1, 1)})
    yield model([node("Resize", ["x", "", "f"], mode="nearest")], image,
                constants={"f": ones(4) * 2})
    yield model([node("ReduceSum", "xa", keepdims=0)], image, constants={"a": ints(1, -1)})
    yield model([node("Shape", "x", ("s",)), node("Gather", "si", ("g",)),
                 node("ConstantOfShape", "g")], image, constants={"i": ints(0, 1)})
    yield model([node("Split", "xs", ("a", "b"), axis=2), node("Sub", "ab")], image,
                constants={"s": ints(3, 3)})
    yield model([node("Einsum", "xw", equation="ij,jk->ik")], {"x": [2, 3]},
                constants={"w": ones(3, 2)})
    yield model([node("Where", "cxx")], image, constants={"c": np.array([True])})
    yield model([node("Expand", "xs")], {"x": [1, 3]}, constants={"s": ints(2, 1, 3)})
    yield model([node("ConvTranspose", "xw", output_padding=[1, 1], strides=[2, 2])], image,
                constants={"w": ones(2, 3, 3, 3)})
    yield model([node("QuantizeLinear", "xsz", ("q",)), node("DequantizeLinear", "qsz")], image,
                constants={"s": ones(), "z": np.uint8(3)})


def arrays(folder):
    for index, dtype in enumerate(["<f4", ">f8", "<i8", "|u1", "|b1", "<f2", ">i2"]):
        np.save(folder / f"array-{index}.npy", np.arange(6).astype(dtype).reshape(2, 3))
    np.save(folder / "fortran.npy", np.asfortranarray(ones(2, 3)))
    np.save(folder / "empty.npy", ones(0, 3))
    np.save(folder / "scalar.npy", np.float32(2))
    np.save(folder / "complex.npy", np.ones(2, np.complex64))
    np.save(folder / "record.npy", np.zeros(2, [("a", "<f4"), ("b", "<i4")]))


folder = pathlib.Path(sys.argv[1])
for reader in ("onnx", "npy"):
    (folder / reader).mkdir(parents=True, exist_ok=True)
for index, seed in enumerate(models()):
    (folder / "onnx" / f"model-{index:02}.onnx").write_bytes(seed)
arrays(folder / "npy")
