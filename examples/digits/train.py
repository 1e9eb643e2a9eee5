#!/usr/bin/python3
"""Trains the demo's network and writes digits.onnx, heldout_x.npy and heldout_y.npy beside itself.

Needs Debian's python3-torch and python3-sklearn; ampd itself needs neither. The data are the 1,797
handwritten digits that scikit-learn ships (8x8 pixels, 0 to 16). A third is held out before
training; each held-out digit also appears moved by one pixel in every direction.
"""
import itertools
import pathlib

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

FOLDER = pathlib.Path(__file__).resolve().parent
WIDTH = 32


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(WIDTH, WIDTH, 3, padding=1, bias=False),
                                   nn.BatchNorm2d(WIDTH))
        self.second = nn.Sequential(nn.Conv2d(WIDTH, WIDTH, 3, padding=1, bias=False),
                                    nn.BatchNorm2d(WIDTH))

    def forward(self, x):
        return torch.relu(x + self.second(torch.relu(self.first(x))))


class Digits(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, WIDTH, 3, padding=1, bias=False),
                                  nn.BatchNorm2d(WIDTH), nn.ReLU())
        self.blocks = nn.Sequential(*(Residual() for _ in range(5)))
        self.classify = nn.Linear(WIDTH, 10)

    def forward(self, x):
        x = self.blocks(self.stem(x))
        return self.classify(x.mean(dim=(2, 3)))


def moved(images):
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    return np.concatenate([padded[:, :, y:y + 8, x:x + 8]
                           for y, x in itertools.product(range(3), range(3))])


def main():
    torch.manual_seed(0)
    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    x = digits.images[order].astype(np.uint8)[:, None]
    y = digits.target[order].astype(np.int64)
    train_x, train_y = moved(x[600:]), np.tile(y[600:], 9)
    heldout_x, heldout_y = moved(x[:600]), np.tile(y[:600], 9)

    model = Digits()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-2)
    epochs = 8
    data = torch.utils.data.TensorDataset(torch.from_numpy(train_x).float() / 16,
                                          torch.from_numpy(train_y))
    loader = torch.utils.data.DataLoader(data, batch_size=128, shuffle=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=epochs * len(loader))
    for epoch in range(epochs):
        for batch, labels in loader:
            loss = nn.functional.cross_entropy(model(batch), labels, label_smoothing=0.02)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        print(f"epoch {epoch}: loss {loss.item():.4f}", flush=True)

    model.eval()
    with torch.no_grad():
        logits = model(torch.from_numpy(heldout_x).float() / 16)
    labels = torch.from_numpy(heldout_y)
    print("held-out accuracy", (logits.argmax(1) == labels).float().mean().item(),
          "cross-entropy", nn.functional.cross_entropy(logits, labels).item())
    torch.onnx.export(model, torch.zeros(1, 1, 8, 8), FOLDER / "digits.onnx", opset_version=13,
                      input_names=["image"], output_names=["logits"],
                      dynamic_axes={"image": {0: "N"}, "logits": {0: "N"}})
    np.save(FOLDER / "heldout_x.npy", heldout_x)
    np.save(FOLDER / "heldout_y.npy", heldout_y)


if __name__ == "__main__":
    main()
