/** @file Operations that move elements without changing them: reshape, transpose, concat, slice, gather, and their like. */
import { Failure } from '../../ground/failure.js';
import { addDims, type Dim, multiplyDims, normaliseAxis, type Shape, showShape } from '../dims.js';
import type { Graph, Tensor, VjpRule } from '../graph.js';
import { add, mul } from './elementwise.js';
import { reduceTo } from './reduction.js';

const intList = (graph: Graph, values: readonly number[]): Tensor => graph.constant('int64', [values.length], values);

/**
 * The same elements in the same order under another shape. At most one named dimension may be worked out anew; the
 * others must be numbers or stand at the same place in the old shape.
 */
export const reshape = (x: Tensor, shape: Shape): Tensor => {
  const { graph } = x;
  if (multiplyDims(...x.shape) !== multiplyDims(...shape)) {
    throw new Failure({
      what: 'reshape changes the number of elements',
      got: `${showShape(x.shape)} to ${showShape(shape)}`,
    });
  }
  if (shape.length === x.shape.length && shape.every((dim, axis) => dim === x.shape[axis])) return x;
  // ONNX Reshape: 0 keeps the input's dimension at that place, -1 is worked out from the rest.
  const target = shape.map((dim, axis) => (typeof dim === 'number' ? dim : dim === x.shape[axis] ? 0 : -1));
  const vjp: VjpRule = (g) => [reshapeBack(g, x), undefined];
  if (target.filter((dim) => dim === -1).length > 1) return reshapeTo(x, dimsTensor(graph, shape), shape, vjp);
  return reshapeTo(x, intList(graph, target), shape, vjp);
};

const reshapeTo = (x: Tensor, target: Tensor, shape: Shape, vjp: VjpRule): Tensor => {
  const [y] = x.graph.record('Reshape', [x, target], { outputs: [{ dtype: x.dtype, shape }], vjp });
  return y;
};

const reshapeBack = (gradient: Tensor, x: Tensor): Tensor =>
  reshapeTo(gradient, shapeOf(x), x.shape, (g) => [reshapeBack(g, gradient), undefined]);

/** The same tensor under a name of its own. */
export const identity = (x: Tensor): Tensor =>
  x.graph.record('Identity', [x], { outputs: [{ dtype: x.dtype, shape: x.shape }], vjp: (g) => [g] })[0];

/** The run-time shape of a tensor, as a vector of integers. */
export const shapeOf = (x: Tensor): Tensor => {
  const { graph } = x;
  if (x.shape.every((dim) => typeof dim === 'number')) return intList(graph, x.shape as number[]);
  const [y] = graph.record('Shape', [x], { outputs: [{ dtype: 'int64', shape: [x.shape.length] }] });
  return y;
};

/** The run-time value of one dimension, as a vector of one integer. */
export const dimOf = (graph: Graph, dim: Dim): Tensor => {
  if (typeof dim === 'number') return intList(graph, [dim]);
  for (const input of graph.inputs.values()) {
    const axis = input.shape.indexOf(dim);
    if (axis < 0) continue;
    const attributes = { start: { int: axis }, end: { int: axis + 1 } };
    const [y] = graph.record('Shape', [input], { attributes, outputs: [{ dtype: 'int64', shape: [1] }] });
    return y;
  }
  throw new Failure({ what: 'no input of the graph has that dimension', got: dim });
};

const dimsTensor = (graph: Graph, shape: Shape): Tensor =>
  concat(
    shape.map((dim) => dimOf(graph, dim)),
    0,
  );

/** Repeats a tensor along its axes of size 1 to the shape of another. */
export const broadcastLike = (x: Tensor, like: Tensor): Tensor => {
  if (x.shape.length === like.shape.length && x.shape.every((dim, axis) => dim === like.shape[axis])) return x;
  const vjp: VjpRule = (g) => [reduceTo(g, x.shape), undefined];
  const [y] = x.graph.record('Expand', [x, shapeOf(like)], { outputs: [{ dtype: x.dtype, shape: like.shape }], vjp });
  return y;
};

/** Zeros (or another number) of a shape. */
export const filled = (graph: Graph, shape: Shape, value: number): Tensor => {
  const [y] = graph.record('Expand', [graph.scalar(value), dimsTensor(graph, shape)], {
    outputs: [{ dtype: 'float32', shape }],
  });
  return y;
};

/** Reorders axes: axis i of the result is axis `order[i]` of the input. */
export const transpose = (x: Tensor, order: readonly number[]): Tensor => {
  const shape = order.map((axis) => x.shape[normaliseAxis(axis, x.shape.length)]);
  if (new Set(order).size !== x.shape.length)
    throw new Failure({ what: 'transpose must name every axis once', got: order.join(', ') });
  const inverse = order.map((_, axis) => order.indexOf(axis));
  const [y] = x.graph.record('Transpose', [x], {
    attributes: { perm: { ints: order } },
    outputs: [{ dtype: x.dtype, shape }],
    vjp: (g) => [transpose(g, inverse)],
  });
  return y;
};

/** Joins tensors along an axis; their other dimensions are equal. */
export const concat = (parts: readonly Tensor[], axis: number): Tensor => {
  const [first] = parts;
  if (parts.length === 1) return first;
  const at = normaliseAxis(axis, first.shape.length);
  const along = parts.map((part) => part.shape[at]).reduce(addDims);
  for (const part of parts) {
    const fits = part.dtype === first.dtype && part.shape.length === first.shape.length;
    if (!fits || part.shape.some((dim, i) => i !== at && dim !== first.shape[i])) {
      throw new Failure({
        what: 'concat of different shapes',
        got: parts.map((each) => showShape(each.shape)).join(' and '),
      });
    }
  }
  const shape = first.shape.with(at, along);
  const vjp: VjpRule = (g) => {
    // Where each part begins: a running sum of run-time sizes.
    let start = intList(g.graph, [0]);
    return parts.map((part) => {
      const end = add(start, sizeAlong(part, at));
      const piece = sliceBetween(g, at, start, end, part.shape);
      start = end;
      return piece;
    });
  };
  const [y] = first.graph.record('Concat', parts, {
    attributes: { axis: { int: at } },
    outputs: [{ dtype: first.dtype, shape }],
    vjp,
  });
  return y;
};

const sizeAlong = (x: Tensor, axis: number): Tensor => {
  const dim = x.shape[axis];
  if (typeof dim === 'number') return intList(x.graph, [dim]);
  const attributes = { start: { int: axis }, end: { int: axis + 1 } };
  const [y] = x.graph.record('Shape', [x], { attributes, outputs: [{ dtype: 'int64', shape: [1] }] });
  return y;
};

/** Elements from `start` up to `end` (vectors of one integer) along an axis; not differentiable. */
const sliceBetween = (x: Tensor, axis: number, start: Tensor, end: Tensor, shape: Shape): Tensor => {
  const [y] = x.graph.record('Slice', [x, start, end, intList(x.graph, [axis])], {
    outputs: [{ dtype: x.dtype, shape }],
  });
  return y;
};

/**
 * `size` elements from `from` on along an axis; not differentiable (decoding uses it, training does not).
 *
 * @param from First element: a number, or the name of a dimension.
 * @param size How many: a number, or the name of a dimension.
 */
export const slice = (x: Tensor, axis: number, from: Dim, size: Dim): Tensor => {
  const at = normaliseAxis(axis, x.shape.length);
  const start = dimOf(x.graph, from);
  return sliceBetween(x, at, start, add(start, dimOf(x.graph, size)), x.shape.with(at, size));
};

/**
 * Rows of a table chosen by integers: an embedding look-up.
 *
 * @param table Shape (rows, …rest).
 * @param indices Integers of any shape, each at least 0 and below `rows`.
 * @returns Shape (…indices, …rest).
 */
export const gather = (table: Tensor, indices: Tensor): Tensor => {
  const { graph } = table;
  const vjp: VjpRule = (g) => {
    // Several places may have read one row, so their gradients are added to it. ScatterElements adds one after the
    // other in a fixed order, which keeps runs reproducible.
    const rest = table.shape.slice(1);
    const count = multiplyDims(...indices.shape);
    const flat = reshape(g, [count, ...rest]);
    const column = reshape(indices, [count, ...rest.map(() => 1)]);
    const [dTable] = graph.record(
      'ScatterElements',
      [filled(graph, table.shape, 0), broadcastLike(column, flat), flat],
      {
        attributes: { axis: { int: 0 }, reduction: { text: 'add' } },
        outputs: [{ dtype: 'float32', shape: table.shape }],
      },
    );
    return [dTable, undefined];
  };
  return gathered(table, indices, vjp);
};

/**
 * {@link gather} that passes no gradient on to the table. Training takes the gradient with respect to the rows
 * themselves and adds them up apart: a table of gradients that is all zeros but for a batch's rows is slow to make.
 */
export const gatherRows = (table: Tensor, indices: Tensor): Tensor =>
  gathered(table, indices, () => [undefined, undefined]);

const gathered = (table: Tensor, indices: Tensor, vjp?: VjpRule): Tensor => {
  const [y] = table.graph.record('Gather', [table, indices], {
    attributes: { axis: { int: 0 } },
    outputs: [{ dtype: table.dtype, shape: [...indices.shape, ...table.shape.slice(1)] }],
    vjp,
  });
  return y;
};

/** Where the tokens of a padded batch stand among its places, and the other way round. */
export interface TokenPlaces {
  /** Of each token its place in the batch, counted row by row; integers, shape (tokens). Each place occurs once. */
  readonly places: Tensor;
  /** Of each place the token there, counted as in `places`, or any where there is none; shape (batch, columns). */
  readonly tokens: Tensor;
  /** 1 where a place has a token, else 0; float32, shape (batch, columns, 1). */
  readonly taken: Tensor;
}

/**
 * The tokens of a padded batch, without the padding. {@link spreadTokens} undoes it.
 *
 * @param x Shape (batch, columns, width).
 * @returns Shape (tokens, width).
 */
export const gatherTokens = (x: Tensor, at: TokenPlaces): Tensor => {
  const [batch, columns, width] = x.shape;
  const vjp: VjpRule = (g) => [mul(gathered(g, at.tokens), at.taken)];
  const flat = reshape(x, [multiplyDims(batch, columns), width]);
  return x.graph.withRule(gathered(flat, at.places), [x], vjp);
};

/**
 * Tokens as a padded batch. What stands in the places between is of no meaning, and no gradient comes from there.
 *
 * @param x Shape (tokens, width).
 * @returns Shape (batch, columns, width).
 */
export const spreadTokens = (x: Tensor, at: TokenPlaces): Tensor => {
  const vjp: VjpRule = (g) => {
    const [batch, columns, width] = g.shape;
    return [gathered(reshape(g, [multiplyDims(batch, columns), width]), at.places)];
  };
  return x.graph.withRule(gathered(x, at.tokens), [x], vjp);
};

/** The integers 0, 1, … below a dimension. Shape (dim). */
export const range = (graph: Graph, dim: Dim): Tensor => rangeUpTo(dimOf(graph, dim), dim);

/** The integers 0, 1, … below a run-time number, given as a vector of one. Shape (dim), whatever that is called. */
export const rangeUpTo = (limit: Tensor, dim: Dim): Tensor => {
  const { graph } = limit;
  const ends = [graph.constant('int64', [], [0]), reshape(limit, []), graph.constant('int64', [], [1])];
  return graph.record('Range', ends, { outputs: [{ dtype: 'int64', shape: [dim] }] })[0];
};

/**
 * The first elements along an axis, as many as a run-time number says (a vector of one); not differentiable.
 *
 * @param size What that number is called in the result's shape.
 */
export const takeFirst = (x: Tensor, axis: number, count: Tensor, size: Dim): Tensor => {
  const at = normaliseAxis(axis, x.shape.length);
  return sliceBetween(x, at, intList(x.graph, [0]), count, x.shape.with(at, size));
};

/** Inserts axes of size 1, which stand at `axes` of the result. */
export const unsqueeze = (x: Tensor, axes: readonly number[]): Tensor => {
  const rank = x.shape.length + axes.length;
  const places = [...new Set(axes.map((axis) => normaliseAxis(axis, rank)))];
  const rest = [...x.shape];
  const shape = Array.from({ length: rank }, (_, axis): Dim => (places.includes(axis) ? 1 : rest.shift()!));
  const [y] = x.graph.record('Unsqueeze', [x, intList(x.graph, places)], {
    outputs: [{ dtype: x.dtype, shape }],
    vjp: (g) => [reshapeBack(g, x), undefined],
  });
  return y;
};
