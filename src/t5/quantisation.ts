/**
 * @file Rounding a matrix to 4 or 8 bits in blocks along its rows, as `tensors/operations/quantised.ts` reads
 * them. Symmetric: a scale a block and no zero point, since T5's weights lie evenly around 0 and the product is faster
 * without one. Integers reach one step farther below 0 than above, so a block's largest element is put on the lower
 * end (the scale's sign turns it round if need be), and of a few scales near that one the block takes the one with the
 * least squared error (as llama.cpp's `quantize_row_q4_0` begins, and its later types search).
 */
import { QUANTISED_BLOCK, type QuantisedBits } from '../tensors/index.js';

/** A quantised matrix of shape (out, in). */
export interface QuantisedWeight {
  readonly bits: QuantisedBits;
  readonly shape: readonly [rows: number, columns: number];
  /** Shape (rows, blocks, block · bits / 8), see `QUANTISED_BLOCK`; with 4 bits the earlier element is in a byte's lower half. */
  readonly blocks: Uint8Array;
  /** Shape (rows, blocks). */
  readonly scales: Float32Array;
}

/** Factors on the scale that are tried; with 8 bits rounding is so fine that the first is as good as any. */
const FACTORS: Readonly<Record<QuantisedBits, readonly number[]>> = { 4: [1, 0.93, 0.86, 1.07], 8: [1] };

/** Bytes and scales of one row. */
export const quantisedRowSize = (columns: number, bits: QuantisedBits): { bytes: number; scales: number } => {
  const block = QUANTISED_BLOCK[bits];
  const scales = Math.ceil(columns / block);
  return { bytes: (scales * block * bits) / 8, scales };
};

/**
 * Rounds a matrix, or some rows of one.
 *
 * @param data Row-major values of `rows` rows.
 * @param bits 4 or 8.
 * @returns Bytes and scales; a block that is all 0 has the scale 0.
 * @example quantiseMatrix(weight.data, [768, 2048], 4)
 */
export const quantiseMatrix = (
  data: Float32Array,
  [rows, columns]: readonly [number, number],
  bits: QuantisedBits,
): QuantisedWeight => {
  const size = quantisedRowSize(columns, bits);
  const middle = 2 ** (bits - 1);
  const blocks = new Uint8Array(rows * size.bytes);
  const scales = new Float32Array(rows * size.scales);
  const length = QUANTISED_BLOCK[bits];
  const levels = new Uint8Array(length);
  for (let row = 0; row < rows; row++) {
    for (let block = 0; block < size.scales; block++) {
      const from = row * columns + block * length;
      const to = Math.min(from + length, (row + 1) * columns);
      const scale = bestScale(data, from, to, middle, FACTORS[bits]);
      scales[row * size.scales + block] = scale;
      // Whatever fills up the last block of a row meets activations that are 0.
      levels.fill(middle);
      const inverse = scale === 0 ? 0 : 1 / scale;
      for (let i = from; i < to; i++) levels[i - from] = level(data[i] * inverse, middle);
      const at = row * size.bytes + (block * length * bits) / 8;
      if (bits === 8) blocks.set(levels, at);
      else
        for (let pair = 0; pair < length / 2; pair++)
          blocks[at + pair] = levels[2 * pair] | (levels[2 * pair + 1] << 4);
    }
  }
  return { bits, shape: [rows, columns], blocks, scales };
};

/** A value in steps as the integer that is stored for it: the nearest, in reach. Truncating what is not negative is flooring. */
const level = (steps: number, middle: number): number => {
  const stored = steps + middle + 0.5;
  if (stored < 0) return 0;
  return stored >= 2 * middle ? 2 * middle - 1 : Math.trunc(stored);
};

const bestScale = (
  data: Float32Array,
  from: number,
  to: number,
  middle: number,
  factors: readonly number[],
): number => {
  let largest = 0;
  for (let i = from; i < to; i++) if (Math.abs(data[i]) > Math.abs(largest)) largest = data[i];
  if (largest === 0) return 0;
  const first = -largest / middle;
  if (factors.length === 1) return Math.fround(first);
  let [best, least] = [first, Number.POSITIVE_INFINITY];
  for (const factor of factors) {
    const scale = Math.fround(first * factor);
    const inverse = 1 / scale;
    let error = 0;
    for (let i = from; i < to; i++) {
      const off = data[i] - (level(data[i] * inverse, middle) - middle) * scale;
      error += off * off;
    }
    if (error < least) [best, least] = [scale, error];
  }
  return best;
};

/** The float32 values that a quantised matrix stands for, row-major. */
export const dequantiseMatrix = ({ bits, shape: [rows, columns], blocks, scales }: QuantisedWeight): Float32Array => {
  const size = quantisedRowSize(columns, bits);
  const middle = 2 ** (bits - 1);
  const data = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const byte = blocks[row * size.bytes + Math.floor((column * bits) / 8)];
      const stored = bits === 8 ? byte : column % 2 === 0 ? byte & 15 : byte >> 4;
      data[row * columns + column] =
        (stored - middle) * scales[row * size.scales + Math.floor(column / QUANTISED_BLOCK[bits])];
    }
  }
  return data;
};
