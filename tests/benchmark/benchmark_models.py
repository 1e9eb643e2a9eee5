"""The models of the comparison: path, input array and precision-independent facts, by batch size."""
import dataclasses
import pathlib
import subprocess
import sys

import numpy
import onnx
from onnx import numpy_helper

from machine import SHARED

CHAIN_SHAPE = (16, 8, 8)
WEIGHTED = ("resnet50", "squeezenet", "shufflenet", "densenet121", "inception_v1", "inception_v2")


@dataclasses.dataclass
class Case:
    name: str
    path: pathlib.Path
    input_name: str
    make_input: callable  # (batch) -> array
    batches: tuple


def free_batch(model):
    """The model, written for batch 1, for any batch: the first extents that say 1 no longer do."""
    graph = model.graph
    for value in (*graph.input, *graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "N"
    del graph.value_info[:]
    initializers = {each.name: each for each in graph.initializer}
    produced = {name for node in graph.node for name in node.output}
    variable = produced | {value.name for value in graph.input}
    for node in graph.node:
        if node.op_type != "Reshape" or node.input[0] not in variable:
            continue
        shape = initializers[node.input[1]]
        extents = numpy_helper.to_array(shape).copy()
        if extents[0] == 1:
            extents[0] = 0
            shape.CopyFrom(numpy_helper.from_array(extents, shape.name))
    return model


def weighted_models(build):
    """The paths by name; nothing where the maker of their weights is absent."""
    maker = SHARED / "onnx/make_weighted_models.py"
    if not maker.exists():
        print(f"the weighted models are left out: {maker} is absent", file=sys.stderr)
        return {}
    paths = {}
    for name in WEIGHTED:
        fixed = build / "weighted" / name / "model.onnx"
        if not fixed.exists():
            subprocess.run(["/usr/bin/python3", maker, build / "weighted", name], check=True,
                           stdout=sys.stderr)
        paths[name] = fixed.with_name("any_batch.onnx")
        if not paths[name].exists():
            onnx.save(free_batch(onnx.load(fixed)), paths[name])
    return paths


def images(extent):
    return lambda batch: numpy.random.default_rng(1).standard_normal(
        (batch, 3, extent, extent)).astype(numpy.float32)


def text(batch):
    return numpy.random.default_rng(1).integers(0, 65, (batch, 64)).astype(numpy.int64)


def save(graph, path):
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)])
    model.ir_version = 7
    onnx.save(model, path)


def single_operator(build):
    """A Relu of one number: what a call costs."""
    path = build / "relu.onnx"
    port = lambda name: onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["N", 1])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"])], "relu", [port("x")], [port("y")])
    save(graph, path)
    return Case("(one Relu)", path, "x", lambda batch: numpy.ones((batch, 1), numpy.float32), (1,))


def conv_chain(path, operators):
    """Equal convolutions in a row, each with a Relu, then the mean of each channel: as many tunable operators."""
    channels, height, width = CHAIN_SHAPE
    random = numpy.random.default_rng(1)
    scale = (2 / (9 * channels)) ** 0.5
    port = lambda name, *extents: onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["N", *extents])
    nodes, weights, value = [], [], "x"
    for number in range(operators):
        weight = scale * random.standard_normal((channels, channels, 3, 3))
        weights.append(numpy_helper.from_array(weight.astype(numpy.float32), f"weight{number}"))
        nodes.append(onnx.helper.make_node("Conv", [value, f"weight{number}"], [f"conv{number}"], pads=[1] * 4))
        value = f"relu{number}"
        nodes.append(onnx.helper.make_node("Relu", [f"conv{number}"], [value]))
    nodes.append(onnx.helper.make_node("GlobalAveragePool", [value], ["mean"]))
    nodes.append(onnx.helper.make_node("Flatten", ["mean"], ["y"]))
    graph = onnx.helper.make_graph(nodes, "chain", [port("x", *CHAIN_SHAPE)], [port("y", channels)], weights)
    save(graph, path)


def cases(build):
    yield single_operator(build)
    for name, path in weighted_models(build).items():
        input_name = onnx.load(path).graph.input[0].name
        yield Case(name, path, input_name, images(224), (1, 8, 64))
    models = SHARED / "models"
    if not models.exists():
        print(f"the trained models are left out: {models} is absent", file=sys.stderr)
        return
    for name in ("cifar10_resnet20", "cifar10_mobilenet"):
        yield Case(name, models / f"{name}.onnx", "input", images(32), (1, 8, 64))
    yield Case("char_gpt", models / "char_gpt.onnx", "tokens", text, (1, 8, 64))
