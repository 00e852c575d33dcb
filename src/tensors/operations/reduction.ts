/** @file Sums and means over axes, softmax, and root-mean-square normalisation. */
import { Failure } from '../../ground/failure.js';
import { normaliseAxis, type Shape, showShape } from '../dims.js';
import type { Tensor, VjpRule } from '../graph.js';
import { add, div, mul, sqrt, sub } from './elementwise.js';
import { broadcastLike, reshape } from './layout.js';

const reduce = (
  type: 'ReduceSum' | 'ReduceMean',
  x: Tensor,
  axes: readonly number[],
  keepDims: boolean,
  vjp: VjpRule,
): Tensor => {
  const { graph } = x;
  const reduced = new Set(axes.map((axis) => normaliseAxis(axis, x.shape.length)));
  const shape = keepDims
    ? x.shape.map((dim, axis) => (reduced.has(axis) ? 1 : dim))
    : x.shape.filter((_, axis) => !reduced.has(axis));
  const list = graph.constant(
    'int64',
    [reduced.size],
    [...reduced].sort((a, b) => a - b),
  );
  const [y] = graph.record(type, [x, list], {
    attributes: { keepdims: { int: keepDims ? 1 : 0 } },
    outputs: [{ dtype: x.dtype, shape }],
    vjp,
  });
  return y;
};

/** The gradient of a reduction, given back its reduced axes as 1 so that it broadcasts to the input. */
const withAxes = (gradient: Tensor, shape: Shape, axes: readonly number[]): Tensor => {
  const reduced = new Set(axes.map((axis) => normaliseAxis(axis, shape.length)));
  return reshape(
    gradient,
    shape.map((dim, axis) => (reduced.has(axis) ? 1 : dim)),
  );
};

/** The sum over `axes` (default: all of them), which disappear unless `keepDims`. */
export const sum = (x: Tensor, axes: readonly number[] = x.shape.map((_, axis) => axis), keepDims = false): Tensor =>
  axes.length === 0
    ? x
    : reduce('ReduceSum', x, axes, keepDims, (g) => [broadcastLike(withAxes(g, x.shape, axes), x), undefined]);

/** The mean over the last axis, kept as 1. */
export const meanLast = (x: Tensor): Tensor => {
  const width = x.shape.at(-1);
  if (typeof width !== 'number')
    throw new Failure({ what: 'the mean needs a last axis of known size', got: showShape(x.shape) });
  return reduce('ReduceMean', x, [-1], true, (g) => [broadcastLike(mul(g, x.graph.scalar(1 / width)), x), undefined]);
};

/** Sums a tensor over the axes along which one of `shape` had been broadcast to it: broadcasting's transpose. */
export const reduceTo = (x: Tensor, shape: Shape): Tensor => {
  const extra = x.shape.length - shape.length;
  const leading = x.shape.slice(0, extra).map((_, axis) => axis);
  const repeated = shape.flatMap((dim, axis) => (dim === 1 && x.shape[axis + extra] !== 1 ? [axis] : []));
  const summed = sum(x, leading);
  return repeated.length === 0 ? summed : sum(summed, repeated, true);
};

/** e^x / Σ e^x along the last axis. */
export const softmax = (x: Tensor): Tensor => {
  const vjp: VjpRule = (g) => {
    const gy = mul(g, y);
    return [sub(gy, mul(y, sum(gy, [-1], true)))];
  };
  const [y] = x.graph.record('Softmax', [x], {
    attributes: { axis: { int: -1 } },
    outputs: [{ dtype: 'float32', shape: x.shape }],
    vjp,
  });
  return y;
};

/** log Σ e^x along the last axis, which disappears: what turns scores into log-probabilities. */
export const logSumExp = (x: Tensor): Tensor => {
  const vjp: VjpRule = (g) => [mul(softmax(x), reshape(g, [...g.shape, 1])), undefined];
  const [y] = x.graph.record('ReduceLogSumExp', [x, x.graph.constant('int64', [1], [-1])], {
    attributes: { keepdims: { int: 0 } },
    outputs: [{ dtype: 'float32', shape: x.shape.slice(0, -1) }],
    vjp,
  });
  return y;
};

/**
 * x / √(mean(x²) + ε) · weight along the last axis: T5's layer norm, without mean or bias (Zhang & Sennrich 2019).
 *
 * @param x Shape (…, width).
 * @param weight Shape (width).
 * @param epsilon Added to the mean square.
 */
export const rmsNorm = (x: Tensor, weight: Tensor, epsilon: number): Tensor => {
  const { graph } = x;
  const vjp: VjpRule = (g) => {
    // The kernel's own second output is this too, but not on WebGPU.
    const width = x.shape.at(-1);
    if (typeof width !== 'number') throw new Failure({ what: 'rmsNorm needs a last axis of known size' });
    const [squares] = graph.record('ReduceSumSquare', [x, graph.constant('int64', [1], [-1])], {
      attributes: { keepdims: { int: 1 } },
      outputs: [{ dtype: 'float32', shape: [...x.shape.slice(0, -1), 1] }],
    });
    const meanSquare = add(mul(squares, graph.scalar(1 / width)), graph.scalar(epsilon));
    const inverseRms = div(graph.scalar(1), sqrt(meanSquare));
    const normalised = mul(x, inverseRms); // x / rms
    const scaled = mul(g, weight);
    const dx = mul(sub(scaled, mul(normalised, meanLast(mul(scaled, normalised)))), inverseRms);
    return [dx, reduceTo(mul(g, normalised), weight.shape)];
  };
  const [y] = graph.record('SimplifiedLayerNormalization', [x, weight], {
    attributes: { axis: { int: -1 }, epsilon: { float: epsilon }, stash_type: { int: 1 } },
    outputs: [{ dtype: 'float32', shape: x.shape }],
    vjp,
  });
  return y;
};
