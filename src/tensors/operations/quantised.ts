/**
 * @file Products with a frozen matrix of 4- or 8-bit integers: each run of elements along a row, 64 or 128 of them, shares a float32
 * scale, and a float32 value is scale · (stored − middle), with 8 or 128 in the middle. Source: ONNX Runtime's
 * MatMulNBits, which can also round the activations to 8 bits, block by block, and then multiplies integers.
 * The gradient for the activations is taken through the dequantised matrix; the matrix itself has none.
 */
import { Failure } from '../../ground/failure.js';
import { showShape } from '../dims.js';
import type { Tensor } from '../graph.js';
import { mul } from './elementwise.js';
import { concat, reshape, slice, unsqueeze } from './layout.js';
import { matmul } from './product.js';

/** Bits of a stored element. */
export type QuantisedBits = 4 | 8;

/**
 * Elements that share a scale. ONNX Runtime's kernels read a matrix the faster the longer the blocks (with one row and two cores,
 * `bench/rounded-products.mjs`); 4 bits need the shorter ones to stay near the values.
 */
export const QUANTISED_BLOCK: Readonly<Record<QuantisedBits, number>> = { 4: 64, 8: 128 };

/** A quantised matrix W of shape (out, in) as tensors of a graph. */
export interface QuantisedMatrix {
  readonly bits: QuantisedBits;
  /** Columns of W; the last block of a row may be filled up. */
  readonly columns: number;
  /**
   * Stored elements: bytes of shape (out, blocks, block · bits / 8), where `blocks` is ⌈columns / block⌉. With 4 bits a
   * byte holds two, the earlier in its lower half.
   */
  readonly blocks: Tensor;
  /** Shape (out, blocks). */
  readonly scales: Tensor;
}

/** How activations meet the integers: as they are, or rounded to 8 bits in blocks (faster, and the less exact). */
export type QuantisedActivations = 'float32' | 'int8';

/**
 * x Wᵀ for a quantised W.
 *
 * @param x Shape (…, columns), float32.
 * @param activations Default `float32`, which training needs; `int8` is for generation.
 * @returns Shape (…, out).
 * @throws {Failure} When the shapes do not fit each other.
 * @example quantisedMatmul(x, { bits: 4, columns: 768, blocks, scales })
 */
export const quantisedMatmul = (
  x: Tensor,
  matrix: QuantisedMatrix,
  activations: QuantisedActivations = 'float32',
): Tensor => {
  const { bits, columns, blocks, scales } = matrix;
  const [out, count] = blocks.shape;
  const block = QUANTISED_BLOCK[bits];
  const fits =
    typeof out === 'number' &&
    x.shape.at(-1) === columns &&
    blocks.shape.join() === [out, Math.ceil(columns / block), (block * bits) / 8].join() &&
    scales.shape.join() === [out, count].join();
  if (!fits) {
    throw new Failure({
      what: 'quantised product of shapes that do not fit',
      got: `${showShape(x.shape)}, ${columns} columns in blocks ${showShape(blocks.shape)}, scales ${showShape(scales.shape)}`,
    });
  }
  const [y] = x.graph.record('MatMulNBits', [x, blocks, scales], {
    domain: 'com.microsoft',
    attributes: {
      K: { int: columns },
      N: { int: out },
      bits: { int: bits },
      block_size: { int: block },
      accuracy_level: { int: activations === 'int8' ? 4 : 1 },
    },
    outputs: [{ dtype: 'float32', shape: [...x.shape.slice(0, -1), out] }],
    vjp: (g) => [matmul(g, dequantised(matrix, g)), undefined, undefined],
  });
  return y;
};

/**
 * The float32 matrix that a quantised one stands for.
 *
 * @param after A tensor whose last axis is `out`: the matrix is worked out once that one is there. Without it all matrices
 *   of a model, which depend on nothing that a run computes, would be worked out at its beginning and fill the memory.
 * @returns Shape (out, columns).
 */
export const dequantised = ({ bits, columns, blocks, scales }: QuantisedMatrix, after?: Tensor): Tensor => {
  const { graph } = blocks;
  const [out, count] = scales.shape as [number, number];
  const rows = out * count;
  const block = QUANTISED_BLOCK[bits];
  const bytes = (block * bits) / 8;
  const integers = (...values: number[]): Tensor => graph.constant('int64', [values.length], values);
  let target = integers(rows, bytes);
  if (after !== undefined) {
    const [dims] = graph.record('Shape', [after], { outputs: [{ dtype: 'int64', shape: [after.shape.length] }] });
    const last = slice(dims, 0, after.shape.length - 1, 1);
    target = concat([mul(last, integers(count)), integers(bytes)], 0);
  }
  const [flat] = graph.record('Reshape', [blocks, target], { outputs: [{ dtype: 'uint8', shape: [rows, bytes] }] });
  const levels = bits === 8 ? flat : halves(flat); // (rows, block)
  const [middle] = graph.record('Expand', [graph.constant('uint8', [1], [2 ** (bits - 1)]), integers(rows)], {
    outputs: [{ dtype: 'uint8', shape: [rows] }],
  });
  const [values] = graph.record('DequantizeLinear', [levels, reshape(scales, [rows]), middle], {
    attributes: { axis: { int: 0 } },
    outputs: [{ dtype: 'float32', shape: [rows, block] }],
  });
  const padded = reshape(values, [out, count * block]);
  return count * block === columns ? padded : slice(padded, 1, 0, columns);
};

/** Bytes of shape (rows, width) as their lower and upper four bits in turns: (rows, 2 · width). */
const halves = (bytes: Tensor): Tensor => {
  const { graph, shape } = bytes;
  const [rows, width] = shape as [number, number];
  const constant = (value: number): Tensor => graph.constant('uint8', [1], [value]);
  const outputs = [{ dtype: 'uint8' as const, shape }];
  const [lower] = graph.record('BitwiseAnd', [bytes, constant(15)], { outputs });
  const [upper] = graph.record('BitShift', [bytes, constant(4)], {
    attributes: { direction: { text: 'RIGHT' } },
    outputs,
  });
  return reshape(concat([unsqueeze(lower, [2]), unsqueeze(upper, [2])], 2), [rows, 2 * width]);
};
