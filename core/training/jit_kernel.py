"""The compiled training step: does what `Stack.advance` does, with the same bits.

For a small network the numpy calls of a step (`core.nn.network`, `core.training.stack`) cost more than their
arithmetic. Here all of it is one compiled function. For matrix and dot products, where the order of a sum decides the
last bit, and for exp, log and tanh, where the approximation does, it calls numpy's own inner loops with numpy's shapes
and strides. Everything else is one IEEE operation after another on each number, as in numpy.

This is one file because numba's cache notices changes of this file only.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from core.nn.activations import LEAK
from core.nn.dropout import GOLDEN, MIX1, MIX2
from core.training.update import NO_CLIPPING

Array = np.ndarray

UFUNCS = (np.matmul, np.matvec, np.vecdot, np.exp, np.log, np.tanh)  # the kernel calls their inner loops, by index
MATMUL, MATVEC, VECDOT, EXP, LOG, TANH = range(len(UFUNCS))
# Rows of the registries of these names for which there is a compiled formula here, by their codes.
ACTIVATIONS = ("relu", "leaky_relu", "tanh", "sigmoid")
OPTIMIZERS = ("sgd", "momentum", "heavy_ball", "nesterov", "rmsprop", "adam")
RELU, LEAKY_RELU, TANH_UNIT, SIGMOID = range(len(ACTIVATIONS))
SGD, MOMENTUM, HEAVY_BALL, NESTEROV, RMSPROP, ADAM = range(len(OPTIMIZERS))
LOW, HIGH = np.float32(LEAK), np.float32(1 - LEAK) + np.float32(LEAK)  # slopes of leaky ReLU, rounded as numpy does
ITEM = 4  # bytes of a float32
BLOCK = 16  # columns transposed at once: as many as there are numbers in a cache line

# Nothing is allocated, so numba's memory management (_nrt) is off. Only `train` is called from Python, so the other
# functions need no wrapper. They are inlined, because a call copies every field of the named tuples to the stack.
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False, "no_cfunc_wrapper": True}
jit = njit(**_OPTIONS | {"no_cpython_wrapper": True, "forceinline": True})


class Shape(NamedTuple):
    """Where everything lies in the buffers of a stack of K networks.

    `W`, `b`, `gamma` and `beta` hold, for each layer l, where the block starts in the parameters of one network. In the
    stack, member k's W[l] starts at K * W[l] + k * (size of W[l]), and so on.
    """

    members: int  # K
    orders: int  # 1 if all members see the examples in the same order, else K
    seeds: Array  # of each member, uint64
    sizes: Array  # units of each layer, from the input to the output
    W: Array
    b: Array
    gamma: Array
    beta: Array
    norms: int  # blocks before this one are gamma and beta of batch norm
    unit: Array  # number of hidden units in the layers before layer l
    starts: Array  # start of each block of one network's parameters, and the end of the last


class Buffers(NamedTuple):
    """The arrays of a stack. They are read and written in place."""

    theta: Array  # parameters of all members
    m: Array
    v: Array
    batch: Array  # batch norm's mean and variance of the mini-batch, (2, units)
    running: Array  # running mean and variance, (2, units)
    rows: Array  # training examples [x | y], one per row
    order: Array  # order of the examples in this epoch, (orders, examples)


class KernelSettings(NamedTuple):
    """The settings of a stack. An array has one float64 for each member; below `alpha`, it is the setting so called."""

    activation: int  # code
    batch_norm: bool
    optimizer: int  # code
    keeps_m: bool
    keeps_v: bool
    bias_correction: bool
    counts_norms: bool  # whether this step counts for the bias correction of gamma and beta
    first: int  # blocks first to last - 1 of the parameters are learnt
    last: int
    alpha: Array  # learning rate of this epoch
    beta1: Array
    beta2: Array
    epsilon: Array
    bn_decay: Array
    bn_epsilon: Array
    weight_decay: Array
    clip_norm: Array
    dropout: Array


class Workspace(NamedTuple):
    """Arrays to work in, for one network and mini-batches of m examples."""

    copies: Array  # for each layer l, whether A[l]^T is copied before dW[l+1] is computed
    call: Array  # arguments of one of numpy's loops: addresses, sizes, strides
    rows: Array  # mini-batch, (m, n_x + C)
    columns: Array  # mini-batch, (n_x + C, m)
    Z: Array  # of all hidden layers, (units, m)
    A: Array  # of all hidden layers, (units, m)
    masks: Array  # dropout's, of all hidden layers, (units, m); empty where no network has any
    seen: Array  # A of one hidden layer times its mask, (n, m); empty likewise
    dA: Array  # of one hidden layer, (n, m)
    P: Array  # softmax: z, then probabilities, then dJ/dz, (C, m)
    largest: Array  # largest z of each example, (m,)
    total: Array  # sum of exp(z), (m,)
    log: Array  # log of that sum, (m,)
    dot: Array  # one dot product, (1,)
    gradient: Array  # in the order of one network's parameters
    root: Array  # batch norm: sqrt(variance + epsilon), (units,)
    scale: Array  # batch norm: gamma / root, (units,)
    ones: Array
    shares: Array  # 1 / m, (m,)


def workspace(shape: Shape, settings: KernelSettings, copies: Array, m: int) -> Workspace:
    """A workspace for one network with these settings and mini-batches of m examples; `copies` says which A[l] are
    copied transposed."""
    sizes = shape.sizes.tolist()
    n_x, hidden, classes = sizes[0], sizes[1:-1], sizes[-1]
    width, units, widest = n_x + classes, sum(hidden), max(hidden, default=1)
    dropout = bool(settings.dropout.any())

    def zeros(*size: int) -> Array:
        return np.zeros(size, np.float32)

    return Workspace(
        copies=copies,
        call=np.empty(16, np.int64),
        rows=zeros(m, width),
        columns=zeros(width, m),
        Z=zeros(units, m),
        A=zeros(units, m),
        masks=zeros(units * dropout, m),
        seen=zeros(widest * dropout, m),
        dA=zeros(widest, m),
        P=zeros(classes, m),
        largest=zeros(m),
        total=zeros(m),
        log=zeros(m),
        dot=zeros(1),
        gradient=zeros(shape.starts[-1]),
        root=zeros(units),
        scale=zeros(units),
        ones=np.ones(max(m, classes), np.float32),
        shares=np.full(m, 1 / m, np.float32),
    )


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
    """Call numpy's loop `which`. `call` holds addresses, sizes (from index `dimensions`), strides (from `strides`)."""
    at = np.int64(call.ctypes.data)
    _run(loops[which, 0], loops[which, 1], at, at + 8 * dimensions, at + 8 * strides, loops[which, 2])


@jit
def _at(array):
    """Address of the first number of an array."""
    return np.int64(array.ctypes.data)


@jit
def _matmul(loops, call, a, a_row, a_item, b, b_row, b_item, out, rows, inner, columns):
    """(rows, inner) @ (inner, columns) into a contiguous `out`. a, b and out are addresses; strides count numbers."""
    call[0], call[1], call[2] = a, b, out
    call[3], call[4], call[5], call[6] = 1, rows, inner, columns
    call[7] = call[8] = call[9] = 0
    call[10], call[11], call[12], call[13] = ITEM * a_row, ITEM * a_item, ITEM * b_row, ITEM * b_item
    call[14], call[15] = ITEM * columns, ITEM
    _loop(loops, MATMUL, call, 3, 7)


@jit
def _matvec(loops, call, a, vector, out, rows, columns):
    """(rows, columns) @ (columns,) of contiguous arrays, given by their addresses."""
    call[0], call[1], call[2] = a, vector, out
    call[3], call[4], call[5] = 1, rows, columns
    call[6] = call[7] = call[8] = 0
    call[9], call[10], call[11], call[12] = ITEM * columns, ITEM, ITEM, ITEM
    _loop(loops, MATVEC, call, 3, 6)


@jit
def _vecdot(loops, call, a, b, out, rows, columns):
    """Dot product of each row of a with the same row of b, both contiguous."""
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
def _gather(data, work, index):
    """Copy the examples of a mini-batch, [x | y] each, to `work.rows` and, transposed, to `work.columns`."""
    m, width = work.rows.shape
    for j in range(m):
        source, row = data.rows[index[j]], work.rows[j]
        for q in range(width):
            row[q] = source[q]
    for first in range(0, width, BLOCK):
        block = work.columns[first : first + BLOCK]
        for j in range(m):
            source = work.rows[j, first : first + BLOCK]
            for q in range(source.size):
                block[q, j] = source[q]


@jit
def _activate(kind, loops, call, A):
    """A = g(A), in place, (n, m)."""
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
    """A = dA * g'(z), in place, (n, m). g'(z) is computed from a = g(z)."""
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
def _random_bits(state):
    """`core.nn.dropout.random_bits` of one state."""
    z = state + np.uint64(GOLDEN)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(MIX1)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(MIX2)
    return z ^ (z >> np.uint64(31))


@jit
def _draw_mask(seed, p, step, l, mask):
    """`Dropout.mask` of one network, (n, m)."""
    state = _random_bits(_random_bits(_random_bits(seed) + np.uint64(step)) + np.uint64(l))
    limit, scale, zero = np.uint64(p * 2.0**64), np.float32(1 / (1 - p)), np.float32(0)
    factors = mask.reshape(-1)
    for i in range(factors.size):
        factors[i] = scale if _random_bits(state) >= limit else zero
        state += np.uint64(GOLDEN)


@jit
def _times(A, mask, out):
    """out = A * mask, (n, m); `out` may be A."""
    a, factors, product = A.reshape(-1), mask.reshape(-1), out.reshape(-1)
    for i in range(a.size):
        product[i] = a[i] * factors[i]


@jit
def _normalize(loops, call, Z, out, mean, variance, gamma, beta, epsilon, root, scale, shares):
    """`BatchNorm.forward` of one layer. Z and out are (n, m), the others (n,)."""
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
    """`BatchNorm.backward` of one layer. G and Z are (n, m), the others (n,)."""
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
    """A (n, m) += b (n,), in place."""
    n, m = A.shape
    for i in range(n):
        shift = b[i]
        for j in range(m):
            A[i, j] += shift


@jit
def _forward(loops, call, shape, data, settings, work, step, k):
    """Return the cost J of member k on the mini-batch in `work`. What `_backward` needs stays in `work`."""
    K, last, m = shape.members, shape.sizes.size - 1, work.rows.shape[0]
    seen, epsilon = _at(work.columns), np.float32(settings.bn_epsilon[k])
    for l in range(1, last):
        n, below, at = shape.sizes[l], shape.sizes[l - 1], shape.unit[l]
        W = _at(data.theta) + ITEM * (K * shape.W[l] + k * n * below)
        Z, out = work.Z[at : at + n], work.A[at : at + n]
        if settings.batch_norm:
            _matmul(loops, call, W, below, 1, seen, m, 1, _at(Z), n, below, m)
            unit, gamma, beta = K * at + k * n, K * shape.gamma[l] + k * n, K * shape.beta[l] + k * n
            mean, variance = data.batch[0, unit : unit + n], data.batch[1, unit : unit + n]
            gammas, betas = data.theta[gamma : gamma + n], data.theta[beta : beta + n]
            root, scale = work.root[at : at + n], work.scale[at : at + n]
            _normalize(loops, call, Z, out, mean, variance, gammas, betas, epsilon, root, scale, work.shares)
        else:
            _matmul(loops, call, W, below, 1, seen, m, 1, _at(out), n, below, m)
            b = K * shape.b[l] + k * n
            _add_column(out, data.theta[b : b + n])
        _activate(settings.activation, loops, call, out)
        seen = _at(out)
        if settings.dropout[k] > 0:
            mask = work.masks[at : at + n]
            _draw_mask(shape.seeds[k], settings.dropout[k], step, l, mask)
            _times(out, mask, work.seen[:n])
            seen = _at(work.seen)
    n_x, classes, below = shape.sizes[0], shape.sizes[last], shape.sizes[last - 1]
    W = _at(data.theta) + ITEM * (K * shape.W[last] + k * classes * below)
    _matmul(loops, call, W, below, 1, seen, m, 1, _at(work.P), classes, below, m)
    b = K * shape.b[last] + k * classes
    _add_column(work.P, data.theta[b : b + classes])
    return _softmax(loops, call, work, work.columns[n_x:])


@jit
def _softmax(loops, call, work, Y):
    """`SoftmaxCost.forward`: turn z in `work.P` (C, m) into probabilities, in place. Return the cost J."""
    P, largest, total, log, dot = work.P, work.largest, work.total, work.log, work.dot
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
    _matmul(loops, call, _at(work.ones), classes, 1, _at(P), m, 1, _at(total), 1, classes, m)
    _elementwise(loops, LOG, call, _at(total), _at(log), m)
    _vecdot(loops, call, _at(log), _at(work.ones), _at(dot), 1, m)
    for c in range(classes):
        for j in range(m):
            P[c, j] /= total[j]
    return (dot[0] - picked) * work.shares[0]


@jit
def _weight_gradient(loops, call, dZ, A, copied, spare, dW, above):
    """dW = dZ @ A^T, (above, m) @ (m, n), with a copy of A^T in `spare` if `copied`. dZ and dW are addresses."""
    n, m = A.shape
    if copied:
        rows = spare.reshape(m, n)
        for i in range(n):
            for j in range(m):
                rows[j, i] = A[i, j]
        _matmul(loops, call, dZ, m, 1, _at(rows), n, 1, dW, above, m, n)
    else:
        _matmul(loops, call, dZ, m, 1, _at(A), 1, m, dW, above, m, n)


@jit
def _backward(loops, call, shape, data, settings, work, k):
    """Write dJ/d(parameter) of member k to `work.gradient`, in the order of one network's parameters."""
    K, last, grad, n_x = shape.members, shape.sizes.size - 1, work.gradient, shape.sizes[0]
    n, (m, width), share = shape.sizes[last], work.rows.shape, work.shares[0]
    dZ, Y = work.P, work.columns[n_x:]
    for c in range(n):
        for j in range(m):
            dZ[c, j] = (dZ[c, j] - Y[c, j]) * share
    _matvec(loops, call, _at(dZ), _at(work.ones), _at(grad) + ITEM * shape.b[last], n, m)
    for l in range(last - 1, 0, -1):
        above, n, at = n, shape.sizes[l], shape.unit[l]
        A, Z, dA = work.A[at : at + n], work.Z[at : at + n], work.dA[:n]
        dW = _at(grad) + ITEM * shape.W[l + 1]
        if settings.dropout[k] > 0:
            _times(A, work.masks[at : at + n], work.seen[:n])
            _weight_gradient(loops, call, _at(dZ), work.seen[:n], work.copies[l], dA, dW, above)
        else:
            _weight_gradient(loops, call, _at(dZ), A, work.copies[l], dA, dW, above)
        W = _at(data.theta) + ITEM * (K * shape.W[l + 1] + k * above * n)
        _matmul(loops, call, W, 1, n, _at(dZ), m, 1, _at(dA), n, above, m)  # the chain rule
        if settings.dropout[k] > 0:
            _times(dA, work.masks[at : at + n], dA)
        _times_slope(settings.activation, dA, A)
        dZ = A
        if settings.batch_norm:
            dgamma, dbeta = grad[shape.gamma[l] : shape.gamma[l] + n], grad[shape.beta[l] : shape.beta[l] + n]
            root, scale = work.root[at : at + n], work.scale[at : at + n]
            _normalize_back(loops, call, dZ, Z, dgamma, dbeta, root, scale, work.ones, share)
        else:
            _matvec(loops, call, _at(dZ), _at(work.ones), _at(grad) + ITEM * shape.b[l], n, m)
    _matmul(loops, call, _at(dZ), m, 1, _at(work.rows), width, 1, _at(grad) + ITEM * shape.W[1], n, m, n_x)


@jit
def _average_statistics(shape, data, settings, weights, k):
    """`Stack._average_statistics` for member k."""
    weights[2, k] = weights[2, k] * settings.bn_decay[k]
    part = np.float32((1 - settings.bn_decay[k]) / (1 - weights[2, k]))
    for l in range(1, shape.sizes.size - 1):
        n = shape.sizes[l]
        at = shape.members * shape.unit[l] + k * n
        batch, running = data.batch[:, at : at + n], data.running[:, at : at + n]
        for kind in range(2):
            for i in range(n):
                running[kind, i] += (batch[kind, i] - running[kind, i]) * part


@jit
def _clip(loops, call, shape, settings, work, k):
    """`Update._clip` for member k, in place."""
    squares = 0.0
    for block in range(settings.first, settings.last):
        start, size = shape.starts[block], shape.starts[block + 1] - shape.starts[block]
        g = _at(work.gradient) + ITEM * start
        _vecdot(loops, call, g, g, _at(work.dot), 1, size)
        squares += work.dot[0]
    ratio = settings.clip_norm[k] / (np.sqrt(squares) + 1e-6)
    factor = np.float32(1.0 if ratio >= 1 else ratio)  # NaN stays NaN
    for i in range(shape.starts[settings.first], shape.starts[settings.last]):
        work.gradient[i] *= factor


@jit
def _decay_weights(shape, data, settings, k):
    """W -= alpha lambda W of every layer of member k."""
    kept = np.float32(1 - settings.alpha[k] * settings.weight_decay[k])
    for l in range(1, shape.sizes.size):
        size = shape.sizes[l] * shape.sizes[l - 1]
        at = shape.members * shape.W[l] + k * size
        for i in range(at, at + size):
            data.theta[i] *= kept


@jit
def _corrections(settings, weights, first, second, k):
    """Count a step in rows `first` and `second` of the weights. Returns what m and v of member k are divided by."""
    correction1 = correction2 = np.float32(1)
    if settings.keeps_m:
        weights[first, k] = weights[first, k] * settings.beta1[k]
        if settings.bias_correction:
            correction1 = np.float32(1 - weights[first, k])
    if settings.keeps_v:
        weights[second, k] = weights[second, k] * settings.beta2[k]
        if settings.bias_correction:
            correction2 = np.float32(1 - weights[second, k])
    return correction1, correction2


@jit
def _update(loops, call, shape, data, settings, work, weights, k):
    """`Update.step` for member k."""
    others1, others2 = _corrections(settings, weights, 0, 1, k)
    norms1 = norms2 = np.float32(1)
    if settings.counts_norms:
        norms1, norms2 = _corrections(settings, weights, 3, 4, k)
    one, two = np.float32(1 - settings.beta1[k]), np.float32(1 - settings.beta2[k])
    epsilon = np.float32(settings.epsilon[k])
    if settings.clip_norm[k] < NO_CLIPPING:
        _clip(loops, call, shape, settings, work, k)
    if settings.weight_decay[k] > 0:
        _decay_weights(shape, data, settings, k)
    for block in range(settings.first, settings.last):
        start, size = shape.starts[block], shape.starts[block + 1] - shape.starts[block]
        g = work.gradient[start : start + size]
        at = shape.members * start + k * size
        alpha = np.float32(settings.alpha[k]) / (norms1 if block < shape.norms else others1)
        correction2 = norms2 if block < shape.norms else others2
        theta, m, v = data.theta[at : at + size], data.m[at : at + size], data.v[at : at + size]
        if settings.optimizer == SGD:
            for i in range(size):
                theta[i] -= g[i] * alpha
        elif settings.optimizer == MOMENTUM:
            for i in range(size):
                m[i] += (g[i] - m[i]) * one
                theta[i] -= m[i] * alpha
        elif settings.optimizer == HEAVY_BALL:
            for i in range(size):
                m[i] = m[i] - m[i] * one + g[i]
                theta[i] -= m[i] * alpha
        elif settings.optimizer == NESTEROV:
            for i in range(size):
                m[i] += (g[i] - m[i]) * one
                theta[i] -= ((g[i] - m[i]) * one + m[i]) * alpha
        elif settings.optimizer == RMSPROP:
            for i in range(size):
                v[i] += (g[i] * g[i] - v[i]) * two
                theta[i] -= g[i] / (np.sqrt(v[i] / correction2) + epsilon) * alpha
        else:
            for i in range(size):
                m[i] += (g[i] - m[i]) * one
                v[i] += (g[i] * g[i] - v[i]) * two
                theta[i] -= m[i] / (np.sqrt(v[i] / correction2) + epsilon) * alpha


@njit(cache=True, **_OPTIONS)
def train(loops, shape, data, settings, work, weights, start, cursor, losses, first, last):
    """Train members first to last - 1 from step `start` on, on the mini-batches from `cursor` on, one step for each row
    of `losses`.

    Returns the number of steps done. A network alone (K = 1) stops before a step whose loss is not finite.
    """
    call, m = work.call, work.rows.shape[0]
    for step in range(losses.shape[0]):
        for k in range(first, last):
            if shape.orders > 1 or k == first:
                order = data.order[k if shape.orders > 1 else 0]
                _gather(data, work, order[cursor + step * m : cursor + step * m + m])
            loss = _forward(loops, call, shape, data, settings, work, start + step, k)
            losses[step, k] = loss
            if shape.members == 1 and not np.isfinite(loss):
                return step
            _backward(loops, call, shape, data, settings, work, k)
            if settings.batch_norm:
                _average_statistics(shape, data, settings, weights, k)
            _update(loops, call, shape, data, settings, work, weights, k)
    return losses.shape[0]
