"""Recurrent networks as PyTorch exports them, with inputs and PyTorch's own outputs, in the folder
form of ONNX's conformance cases: export_recurrent_models.py FOLDER."""

import pathlib
import sys

import numpy
import onnx
import torch
from onnx import numpy_helper

WORDS = 40


class LanguageModel(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(WORDS, 24)
        self.lstm = torch.nn.LSTM(24, 32, num_layers=2)
        self.decoder = torch.nn.Linear(32, WORDS)

    def forward(self, tokens):
        states, _ = self.lstm(self.embedding(tokens))
        return self.decoder(states)


class Stateful(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = torch.nn.LSTM(12, 20, num_layers=2, batch_first=True)

    def forward(self, x, h, c):
        states, (h, c) = self.lstm(x, (h, c))
        return states, h, c


class Classifier(torch.nn.Module):
    def __init__(self, layer, last):
        super().__init__()
        self.layer = layer(12, 20, num_layers=2, batch_first=True, bidirectional=True)
        self.head = torch.nn.Linear(40, 7)
        self.last = last

    def forward(self, x):
        states, last = self.layer(x)
        if self.last:
            return self.head(torch.cat([last[-2], last[-1]], dim=1))
        return self.head(states.mean(dim=1))


class Relu(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = torch.nn.RNN(12, 20, nonlinearity="relu", bias=False)

    def forward(self, x):
        return self.rnn(x)


def write(folder, name, network, inputs, dynamic):
    network.eval()
    case = folder / name
    data = case / "test_data_set_0"
    data.mkdir(parents=True)
    names = [f"input{i}" for i in range(len(inputs))]
    with torch.no_grad():
        outputs = network(*inputs)
    torch.onnx.export(network, inputs, str(case / "model.onnx"), input_names=names, opset_version=14,
                      dynamic_axes={n: axes for n, axes in zip(names, dynamic)})
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    for kind, tensors in (("input", inputs), ("output", outputs)):
        for i, tensor in enumerate(tensors):
            proto = numpy_helper.from_array(numpy.ascontiguousarray(tensor.numpy()))
            (data / f"{kind}_{i}.pb").write_bytes(proto.SerializeToString())


def main():
    folder = pathlib.Path(sys.argv[1])
    torch.manual_seed(7)
    steps_first = {0: "T", 1: "N"}
    batch_first = {0: "N", 1: "T"}
    write(folder, "language_model", LanguageModel(), (torch.randint(0, WORDS, (17, 5)),),
          [steps_first])
    write(folder, "stateful", Stateful(),
          (torch.randn(3, 9, 12), torch.randn(2, 3, 20), torch.randn(2, 3, 20)),
          [batch_first, {1: "N"}, {1: "N"}])
    write(folder, "gru_mean", Classifier(torch.nn.GRU, False), (torch.randn(4, 11, 12),),
          [batch_first])
    write(folder, "gru_last", Classifier(torch.nn.GRU, True), (torch.randn(4, 11, 12),),
          [batch_first])
    write(folder, "rnn_last", Classifier(torch.nn.RNN, True), (torch.randn(4, 11, 12),),
          [batch_first])
    write(folder, "relu", Relu(), (torch.randn(11, 4, 12),), [steps_first])


main()
