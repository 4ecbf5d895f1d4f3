"""Training steps without Python between them: what `Stack.advance` does, compiled, with the same bits.

The numpy calls of a step of `core.nn.network` and `core.training.stack` cost a small network more than their
arithmetic. Here the same calculations are one compiled function. Where the order of a sum decides the last bit (matrix
and dot products), or how a function is approximated (exp, log, tanh), it calls numpy's own inner loops with numpy's
shapes and strides; all else is one IEEE operation after the other on each number, as in numpy.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from core.nn.activations import LEAK

Array = np.ndarray

UFUNCS = (np.matmul, np.matvec, np.vecdot, np.exp, np.log, np.tanh)  # whose inner loops are called, by their place
MATMUL, MATVEC, VECDOT, EXP, LOG, TANH = range(len(UFUNCS))
RELU, LEAKY_RELU, TANH_UNIT, SIGMOID = range(4)
GRADIENT_DESCENT, MOMENTUM, RMSPROP, ADAM = range(4)
LOW, HIGH = np.float32(LEAK), np.float32(1 - LEAK) + np.float32(LEAK)  # the slopes of a leaky ReLU, as numpy has them
ITEM = 4  # bytes of a float32
BLOCK = 16  # columns that are turned into rows at once: as many cache lines

# Without numba's own memory management, as nothing is allocated; what only other compiled functions call needs no door
# to Python.
_AS = {"nogil": True, "error_model": "numpy", "_nrt": False}
jit = njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, **_AS)


class Shape(NamedTuple):
    """K networks of `sizes`. Of one network alone, W[l] would start at `W[l]` of its parameters, and so on; of member k
    of the stack it starts at K W[l] + k times the size of W[l]."""

    members: int
    orders: int
    sizes: Array
    W: Array
    b: Array
    gamma: Array
    beta: Array
    unit: Array  # hidden units below layer l
    starts: Array  # of one network's blocks of parameters, and where the last ends


class Buffers(NamedTuple):
    """The stack's arrays: parameters and moments, batch norm's statistics (2, units), examples as rows, their order."""

    theta: Array
    m: Array
    v: Array
    batch: Array
    running: Array
    rows: Array
    order: Array


class Rules(NamedTuple):
    """What settings say; arrays have a number a member. `first` and `last` bound the blocks that learn."""

    activation: int
    batch_norm: bool
    optimizer: int
    keeps_m: bool
    keeps_v: bool
    bias_correction: bool
    first: int
    last: int
    alpha: Array
    beta1: Array
    beta2: Array
    epsilon: Array
    rho: Array
    epsilon_bn: Array


class Room(NamedTuple):
    """Where one network at a time is worked on: whether A[l] is copied as rows for dW[l+1]; what a loop is called with;
    the mini-batch as rows and as columns, Z and A of all hidden layers (units, m), dA of one, softmax's (C, m) and
    (m), the gradient, numbers a unit, and constants."""

    turned: Array
    call: Array
    rows: Array
    columns: Array
    Z: Array
    A: Array
    dA: Array
    P: Array
    largest: Array
    total: Array
    log: Array
    dot: Array
    gradient: Array
    root: Array
    scale: Array
    ones: Array
    shares: Array


# numpy's inner loops


@intrinsic
def _run(typing_context, function, context, data, dimensions, strides, auxiliary):
    """Call a `PyArrayMethod_StridedLoop` by its address."""

    def generate(codegen_context, builder, signature, arguments):
        pointer = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.IntType(32), [pointer] * 5)
        called = builder.inttoptr(arguments[0], kind.as_pointer())
        return builder.call(called, [builder.inttoptr(argument, pointer) for argument in arguments[1:]])

    return types.int32(*[types.int64] * 6), generate


@jit
def _loop(loops, which, call, dimensions, strides):
    """numpy's loop `which` on what `call` holds: addresses, from `dimensions` on sizes, from `strides` on strides."""
    at = np.int64(call.ctypes.data)
    _run(loops[which, 0], loops[which, 1], at, at + 8 * dimensions, at + 8 * strides, loops[which, 2])


@jit
def _at(array):
    """The address of an array's first number."""
    return np.int64(array.ctypes.data)


@jit
def _matmul(loops, call, a, a_row, a_item, b, b_row, b_item, out, rows, inner, columns):
    """(rows, inner) @ (inner, columns) into a contiguous `out`: addresses, and strides in numbers."""
    call[0], call[1], call[2] = a, b, out
    call[3], call[4], call[5], call[6] = 1, rows, inner, columns
    call[7] = call[8] = call[9] = 0
    call[10], call[11], call[12], call[13] = ITEM * a_row, ITEM * a_item, ITEM * b_row, ITEM * b_item
    call[14], call[15] = ITEM * columns, ITEM
    _loop(loops, MATMUL, call, 3, 7)


@jit
def _matvec(loops, call, a, vector, out, rows, columns):
    """(rows, columns) @ (columns) of contiguous arrays."""
    call[0], call[1], call[2] = a, vector, out
    call[3], call[4], call[5] = 1, rows, columns
    call[6] = call[7] = call[8] = 0
    call[9], call[10], call[11], call[12] = ITEM * columns, ITEM, ITEM, ITEM
    _loop(loops, MATVEC, call, 3, 6)


@jit
def _vecdot(loops, call, a, b, out, rows, columns):
    """The dot products of the rows of two contiguous arrays."""
    call[0], call[1], call[2] = a, b, out
    call[3], call[4] = rows, columns
    call[5] = call[6] = ITEM * columns
    call[7] = call[8] = call[9] = ITEM
    _loop(loops, VECDOT, call, 3, 5)


@jit
def _elementwise(loops, which, call, a, out, count):
    """exp, log or tanh of `count` numbers."""
    call[0], call[1], call[2] = a, out, count
    call[3] = call[4] = ITEM
    _loop(loops, which, call, 2, 3)


# a step of one network


@jit
def _gather(data, room, index):
    """The mini-batch's examples, [x | y] each, as rows and as columns."""
    m, width = room.rows.shape
    for j in range(m):
        source, row = data.rows[index[j]], room.rows[j]
        for q in range(width):
            row[q] = source[q]
    for first in range(0, width, BLOCK):
        block = room.columns[first : first + BLOCK]
        for j in range(m):
            source = room.rows[j, first : first + BLOCK]
            for q in range(source.size):
                block[q, j] = source[q]


@jit
def _activate(kind, loops, call, A):
    """g(z) in the place of z, (n, m)."""
    zero, half = np.float32(0), np.float32(0.5)
    flat = A.reshape(-1)
    if kind == RELU:
        for i in range(flat.size):
            flat[i] = zero if flat[i] <= zero else flat[i]
    elif kind == LEAKY_RELU:
        for i in range(flat.size):
            flat[i] = flat[i] * (HIGH if flat[i] > zero else LOW)
    elif kind == TANH_UNIT:
        _elementwise(loops, TANH, call, _at(A), _at(A), A.size)
    else:
        for i in range(flat.size):
            flat[i] = flat[i] * half
        _elementwise(loops, TANH, call, _at(A), _at(A), A.size)
        for i in range(flat.size):
            flat[i] = flat[i] * half + half


@jit
def _times_slope(kind, dA, A):
    """dA times g'(z), which a = g(z) tells, in the place of A, (n, m)."""
    zero, one = np.float32(0), np.float32(1)
    a, da = A.reshape(-1), dA.reshape(-1)
    if kind == RELU:
        for i in range(a.size):
            a[i] = da[i] * (one if a[i] > zero else zero)
    elif kind == LEAKY_RELU:
        for i in range(a.size):
            a[i] = da[i] * (HIGH if a[i] > zero else LOW)
    elif kind == TANH_UNIT:
        for i in range(a.size):
            a[i] = da[i] * (one - a[i] * a[i])
    else:
        for i in range(a.size):
            a[i] = da[i] * ((one - a[i]) * a[i])


@jit
def _normalize(loops, call, Z, out, mean, variance, gamma, beta, epsilon, root, scale, shares):
    """`BatchNorm.forward` of one layer: Z and out (n, m), all else (n)."""
    n, m = Z.shape
    share = shares[0]
    _matvec(loops, call, _at(Z), _at(shares), _at(mean), n, m)
    for i in range(n):
        mu = mean[i]
        for j in range(m):
            Z[i, j] -= mu
    _vecdot(loops, call, _at(Z), _at(Z), _at(variance), n, m)
    for i in range(n):
        variance[i] *= share
        root[i] = np.sqrt(variance[i] + epsilon)
        scale[i] = gamma[i] / root[i]
        factor, shift = scale[i], beta[i]
        for j in range(m):
            out[i, j] = Z[i, j] * factor + shift


@jit
def _normalize_back(loops, call, G, Z, dgamma, dbeta, root, scale, ones, share):
    """`BatchNorm.backward` of one layer: G and Z (n, m), all else (n)."""
    n, m = G.shape
    _matvec(loops, call, _at(G), _at(ones), _at(dbeta), n, m)
    _vecdot(loops, call, _at(G), _at(Z), _at(dgamma), n, m)
    for i in range(n):
        dgamma[i] /= root[i]
        along, mean, factor = dgamma[i] / root[i] * share, dbeta[i] * share, scale[i]
        for j in range(m):
            G[i, j] = (G[i, j] - Z[i, j] * along - mean) * factor


@jit
def _add_column(A, b):
    """A (n, m) plus b (n), in its place."""
    n, m = A.shape
    for i in range(n):
        shift = b[i]
        for j in range(m):
            A[i, j] += shift


@jit
def _forward(loops, call, shape, data, rules, room, k):
    """Member k's cost J on the mini-batch in `room`; what going backward needs is left there."""
    K, last, m = shape.members, shape.sizes.size - 1, room.rows.shape[0]
    A = room.columns
    for l in range(1, last):
        n, below, at = shape.sizes[l], shape.sizes[l - 1], shape.unit[l]
        W = _at(data.theta) + ITEM * (K * shape.W[l] + k * n * below)
        Z, out = room.Z[at : at + n], room.A[at : at + n]
        if rules.batch_norm:
            _matmul(loops, call, W, below, 1, _at(A), m, 1, _at(Z), n, below, m)
            unit, gamma, beta = K * at + k * n, K * shape.gamma[l] + k * n, K * shape.beta[l] + k * n
            mean, variance = data.batch[0, unit : unit + n], data.batch[1, unit : unit + n]
            gammas, betas = data.theta[gamma : gamma + n], data.theta[beta : beta + n]
            root, scale = room.root[at : at + n], room.scale[at : at + n]
            _normalize(
                loops, call, Z, out, mean, variance, gammas, betas, rules.epsilon_bn[k], root, scale, room.shares
            )
        else:
            _matmul(loops, call, W, below, 1, _at(A), m, 1, _at(out), n, below, m)
            b = K * shape.b[l] + k * n
            _add_column(out, data.theta[b : b + n])
        _activate(rules.activation, loops, call, out)
        A = out
    n_x, classes, below = shape.sizes[0], shape.sizes[last], shape.sizes[last - 1]
    W = _at(data.theta) + ITEM * (K * shape.W[last] + k * classes * below)
    _matmul(loops, call, W, below, 1, _at(A), m, 1, _at(room.P), classes, below, m)
    b = K * shape.b[last] + k * classes
    _add_column(room.P, data.theta[b : b + classes])
    return _softmax(loops, call, room, room.columns[n_x:])


@jit
def _softmax(loops, call, room, Y):
    """`SoftmaxCost.forward`: from z in `room.P` (C, m) to probabilities there, and the cost J."""
    P, largest, total, log, dot = room.P, room.largest, room.total, room.log, room.dot
    classes, m = P.shape
    for j in range(m):
        largest[j] = P[0, j]
    for c in range(1, classes):
        for j in range(m):
            z, most = P[c, j], largest[j]
            largest[j] = most if most >= z or most != most else z
    for c in range(classes):
        for j in range(m):
            P[c, j] -= largest[j]
    _vecdot(loops, call, _at(P), _at(Y), _at(dot), 1, classes * m)
    picked = dot[0]
    _elementwise(loops, EXP, call, _at(P), _at(P), classes * m)
    _matmul(loops, call, _at(room.ones), classes, 1, _at(P), m, 1, _at(total), 1, classes, m)
    _elementwise(loops, LOG, call, _at(total), _at(log), m)
    _vecdot(loops, call, _at(log), _at(room.ones), _at(dot), 1, m)
    for c in range(classes):
        for j in range(m):
            P[c, j] /= total[j]
    return (dot[0] - picked) * room.shares[0]


@jit
def _backward(loops, call, shape, data, rules, room, k):
    """dJ/d(parameter) of member k into `room.gradient`, in the order of one network's parameters."""
    K, last, grad, n_x = shape.members, shape.sizes.size - 1, room.gradient, shape.sizes[0]
    n, (m, width), share = shape.sizes[last], room.rows.shape, room.shares[0]
    dZ, Y = room.P, room.columns[n_x:]
    for c in range(n):
        for j in range(m):
            dZ[c, j] = (dZ[c, j] - Y[c, j]) * share
    _matvec(loops, call, _at(dZ), _at(room.ones), _at(grad) + ITEM * shape.b[last], n, m)
    for l in range(last - 1, 0, -1):
        above, n, at = n, shape.sizes[l], shape.unit[l]
        A, Z, dA = room.A[at : at + n], room.Z[at : at + n], room.dA[:n]
        dW = _at(grad) + ITEM * shape.W[l + 1]
        if room.turned[l]:
            rows = dA.reshape(m, n)
            for i in range(n):
                for j in range(m):
                    rows[j, i] = A[i, j]
            _matmul(loops, call, _at(dZ), m, 1, _at(rows), n, 1, dW, above, m, n)
        else:
            _matmul(loops, call, _at(dZ), m, 1, _at(A), 1, m, dW, above, m, n)
        W = _at(data.theta) + ITEM * (K * shape.W[l + 1] + k * above * n)
        _matmul(loops, call, W, 1, n, _at(dZ), m, 1, _at(dA), n, above, m)  # the chain rule
        _times_slope(rules.activation, dA, A)
        dZ = A
        if rules.batch_norm:
            dgamma, dbeta = grad[shape.gamma[l] : shape.gamma[l] + n], grad[shape.beta[l] : shape.beta[l] + n]
            root, scale = room.root[at : at + n], room.scale[at : at + n]
            _normalize_back(loops, call, dZ, Z, dgamma, dbeta, root, scale, room.ones, share)
        else:
            _matvec(loops, call, _at(dZ), _at(room.ones), _at(grad) + ITEM * shape.b[l], n, m)
    _matmul(loops, call, _at(dZ), m, 1, _at(room.rows), width, 1, _at(grad) + ITEM * shape.W[1], n, m, n_x)


@jit
def _average_statistics(shape, data, rules, weights, k):
    """`Stack._average_statistics` of member k."""
    weights[2, k] = weights[2, k] * rules.rho[k]
    part = np.float32((1 - rules.rho[k]) / (1 - weights[2, k]))
    for l in range(1, shape.sizes.size - 1):
        n = shape.sizes[l]
        at = shape.members * shape.unit[l] + k * n
        batch, running = data.batch[:, at : at + n], data.running[:, at : at + n]
        for kind in range(2):
            for i in range(n):
                running[kind, i] += (batch[kind, i] - running[kind, i]) * part


@jit
def _update(shape, data, rules, room, weights, k):
    """`Stack._update` of member k."""
    correction1 = correction2 = np.float32(1)
    if rules.keeps_m:
        weights[0, k] = weights[0, k] * rules.beta1[k]
        if rules.bias_correction:
            correction1 = np.float32(1 - weights[0, k])
    if rules.keeps_v:
        weights[1, k] = weights[1, k] * rules.beta2[k]
        if rules.bias_correction:
            correction2 = np.float32(1 - weights[1, k])
    alpha = np.float32(rules.alpha[k]) / correction1
    one, two = np.float32(1 - rules.beta1[k]), np.float32(1 - rules.beta2[k])
    epsilon = np.float32(rules.epsilon[k])
    for block in range(rules.first, rules.last):
        start, size = shape.starts[block], shape.starts[block + 1] - shape.starts[block]
        g = room.gradient[start : start + size]
        at = shape.members * start + k * size
        theta, m, v = data.theta[at : at + size], data.m[at : at + size], data.v[at : at + size]
        if rules.optimizer == GRADIENT_DESCENT:
            for i in range(size):
                theta[i] -= g[i] * alpha
        elif rules.optimizer == MOMENTUM:
            for i in range(size):
                m[i] += (g[i] - m[i]) * one
                theta[i] -= m[i] * alpha
        elif rules.optimizer == RMSPROP:
            for i in range(size):
                v[i] += (g[i] * g[i] - v[i]) * two
                theta[i] -= g[i] / (np.sqrt(v[i] / correction2) + epsilon) * alpha
        else:
            for i in range(size):
                m[i] += (g[i] - m[i]) * one
                v[i] += (g[i] * g[i] - v[i]) * two
                theta[i] -= m[i] / (np.sqrt(v[i] / correction2) + epsilon) * alpha


@njit(cache=True, no_cfunc_wrapper=True, **_AS)
def train(loops, shape, data, rules, room, weights, cursor, losses, first, last):
    """Steps of members `first` to `last` on the mini-batches from `cursor` on, one for each row of `losses`.

    Returns how many; one network alone stops before a step whose loss is not finite.
    """
    call, m = room.call, room.rows.shape[0]
    for step in range(losses.shape[0]):
        for k in range(first, last):
            if shape.orders > 1 or k == first:
                order = data.order[k if shape.orders > 1 else 0]
                _gather(data, room, order[cursor + step * m : cursor + step * m + m])
            loss = _forward(loops, call, shape, data, rules, room, k)
            losses[step, k] = loss
            if shape.members == 1 and not np.isfinite(loss):
                return step
            _backward(loops, call, shape, data, rules, room, k)
            if rules.batch_norm:
                _average_statistics(shape, data, rules, weights, k)
            _update(shape, data, rules, room, weights, k)
    return losses.shape[0]
