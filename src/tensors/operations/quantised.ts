/**
 * @file Products with a frozen matrix of 4- or 8-bit integers: each run of 32 elements along a row shares a float32
 * scale, and a float32 value is scale · (stored − middle), with 8 or 128 in the middle. Source: ONNX Runtime's
 * MatMulNBits, which can also round the activations to 8 bits, block by block, and then multiplies integers.
 * The gradient for the activations is taken through the dequantised matrix; the matrix itself has none.
 */
import { Failure } from '../../ground/failure.js';
import { showShape } from '../dims.js';
import type { Tensor } from '../graph.js';
import { cast, mul, sub } from './elementwise.js';
import { concat, reshape, slice, unsqueeze } from './layout.js';
import { matmul } from './product.js';

/** Elements that share a scale. */
export const QUANTISED_BLOCK = 32;

/** Bits of a stored element. */
export type QuantisedBits = 4 | 8;

/** A quantised matrix W of shape (out, in) as tensors of a graph. */
export interface QuantisedMatrix {
  readonly bits: QuantisedBits;
  /** Columns of W; the last block of a row may be filled up. */
  readonly columns: number;
  /**
   * Stored elements: bytes of shape (out, blocks, 32 · bits / 8), where `blocks` is ⌈columns / 32⌉. With 4 bits a
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
  const fits =
    typeof out === 'number' &&
    x.shape.at(-1) === columns &&
    blocks.shape.join() === [out, Math.ceil(columns / QUANTISED_BLOCK), (QUANTISED_BLOCK * bits) / 8].join() &&
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
      block_size: { int: QUANTISED_BLOCK },
      accuracy_level: { int: activations === 'int8' ? 4 : 1 },
    },
    outputs: [{ dtype: 'float32', shape: [...x.shape.slice(0, -1), out] }],
    vjp: (g) => [matmul(g, dequantised(matrix)), undefined, undefined],
  });
  return y;
};

/**
 * The float32 matrix that a quantised one stands for.
 *
 * @returns Shape (out, columns).
 */
export const dequantised = ({ bits, columns, blocks, scales }: QuantisedMatrix): Tensor => {
  const { graph } = blocks;
  const [out, count] = scales.shape;
  const bytes = cast(blocks, 'float32');
  const stored = bits === 8 ? bytes : reshape(halves(bytes), [out, count, QUANTISED_BLOCK]); // (out, blocks, 32)
  const centred = sub(stored, graph.scalar(2 ** (bits - 1)));
  const padded = reshape(mul(centred, unsqueeze(scales, [2])), [out, Number(count) * QUANTISED_BLOCK]);
  return Number(count) * QUANTISED_BLOCK === columns ? padded : slice(padded, 1, 0, columns);
};

/** Bytes, given as floats, as their lower and upper four bits along a new last axis. */
const halves = (bytes: Tensor): Tensor => {
  const { graph } = bytes;
  const [upper] = graph.record('Floor', [mul(bytes, graph.scalar(1 / 16))], {
    outputs: [{ dtype: 'float32', shape: bytes.shape }],
  });
  const lower = sub(bytes, mul(upper, graph.scalar(16)));
  const axis = bytes.shape.length;
  return concat([unsqueeze(lower, [axis]), unsqueeze(upper, [axis])], axis);
};
