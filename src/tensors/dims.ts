/**
 * @file Shapes with named dimensions. A dimension is a number, or a name such as `batch` whose value is known only
 * when the graph runs; products and sums of them are names too (`4*batch*tokens`, `cache+1`), written in one
 * canonical way so that equal dimensions are equal strings.
 */
import { Failure } from '../ground/failure.js';

/** A dimension: a number of elements, or a name (or canonical product or sum of names) bound at run time. */
export type Dim = number | string;

/** The dimensions of a tensor, outermost first; `[]` is a scalar. */
export type Shape = readonly Dim[];

/** A shape as text, e.g. `[batch, 12, 64]`. */
export const showShape = (shape: Shape): string => `[${shape.join(', ')}]`;

/** The product of dimensions, e.g. of `batch`, 4 and `tokens`: `4*batch*tokens`. */
export const multiplyDims = (...dims: Dim[]): Dim => {
  let factor = 1;
  const names: string[] = [];
  for (const dim of dims) {
    for (const part of typeof dim === 'number' ? [dim] : dim.includes('+') ? [`(${dim})`] : dim.split('*')) {
      const value = Number(part);
      if (Number.isInteger(value)) factor *= value;
      else names.push(String(part));
    }
  }
  if (names.length === 0 || factor === 0) return factor;
  return [...(factor === 1 ? [] : [String(factor)]), ...names.sort()].join('*');
};

/** The sum of two dimensions, e.g. of `cache` and 1: `cache+1`. */
export const addDims = (a: Dim, b: Dim): Dim => {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (a === 0) return b;
  if (b === 0) return a;
  return [String(a), String(b)]
    .sort((x, y) => (Number.isNaN(Number(x)) ? 0 : 1) - (Number.isNaN(Number(y)) ? 0 : 1))
    .join('+');
};

/**
 * The shape of an elementwise operation on two tensors, by NumPy's broadcasting rule.
 *
 * @throws {Failure} When a pair of dimensions is neither equal nor has a 1.
 */
export const broadcastShapes = (a: Shape, b: Shape): Shape => {
  const rank = Math.max(a.length, b.length);
  const result: Dim[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const x = a[axis - rank + a.length] ?? 1;
    const y = b[axis - rank + b.length] ?? 1;
    if (x === y || y === 1) result.push(x);
    else if (x === 1) result.push(y);
    else throw new Failure({ what: 'shapes do not broadcast', got: `${showShape(a)} and ${showShape(b)}` });
  }
  return result;
};

/** An axis counted from the end (negative) as one counted from the start. */
export const normaliseAxis = (axis: number, rank: number): number => {
  const positive = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || positive < 0 || positive >= rank) {
    throw new Failure({ what: `axis out of range for a tensor of rank ${rank}`, got: String(axis) });
  }
  return positive;
};
