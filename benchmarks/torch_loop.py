"""PyTorch's turn in the benchmark: the eager training loop that one would write, on one thread."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from benchmarks.rows import DECAY, EPSILON, LEARNING_RATE, MOMENTUM, Row, data


def network(sizes: tuple[int, ...]) -> nn.Sequential:
    """Linear, BatchNorm1d and ReLU for each hidden layer, then Linear. No bias before batch norm (C13)."""
    layers: list[nn.Module] = []
    for n_in, n_out in zip(sizes[:-2], sizes[1:-1], strict=True):
        norm = nn.BatchNorm1d(n_out, eps=EPSILON, momentum=1 - DECAY)
        layers += [nn.Linear(n_in, n_out, bias=False), norm, nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1]))


def train(row: Row, members: int) -> Callable[[int], None]:
    """One network; each step gathers a shuffled mini-batch and records its loss."""
    torch.set_num_threads(1)
    examples = data(row).train
    X, labels = torch.tensor(examples.X.T.copy()), torch.tensor(examples.labels)
    model, cost = network(row.sizes), nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM)
    cursor, order, losses = len(X), torch.arange(len(X)), []

    def steps(count: int) -> None:
        nonlocal cursor, order
        for _ in range(count):
            if cursor >= len(X):
                cursor, order = 0, torch.randperm(len(X))
            index = order[cursor : cursor + row.batch]
            cursor += row.batch
            optimizer.zero_grad()
            loss = cost(model(X[index]), labels[index])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())

    steps(50)
    return steps
