/**
 * @file The random bytes behind dropout: AES-128 in counter mode, keyed by a seed and started at a step's own place,
 * so that the step numbered n draws the same masks whether a run went there without a break or was resumed.
 */
import { createCipheriv, createHash } from 'node:crypto';

/** A source of reproducible random masks. */
export interface MaskSource {
  /**
   * Fills a mask for one random input of one step.
   *
   * @param length Number of elements.
   * @param kept An element is 1 with probability `kept / 256`, else 0.
   * @returns Bytes of 0 and 1.
   */
  mask(step: number, site: number, length: number, kept: number): Uint8Array;
}

/**
 * @param seed Any integer.
 * @example const masks = seededMasks(7); masks.mask(0, 3, 1024, 230);
 */
export const seededMasks = (seed: number): MaskSource => {
  const key = createHash('sha256').update(`dropout ${seed}`).digest().subarray(0, 16);
  let zeros = new Uint8Array(0);
  return {
    mask: (step, site, length, kept) => {
      const counter = Buffer.alloc(16);
      counter.writeUInt32BE(Math.floor(step / 2 ** 32), 0);
      counter.writeUInt32BE(step >>> 0, 4);
      counter.writeUInt32BE(site, 8);
      const padded = Math.ceil(length / 4) * 4;
      if (zeros.length < padded) zeros = new Uint8Array(padded);
      const random = createCipheriv('aes-128-ctr', key, counter).update(zeros.subarray(0, padded));
      keepBytes(new Uint32Array(random.buffer, random.byteOffset, padded / 4), kept);
      return new Uint8Array(random.buffer, random.byteOffset, length);
    },
  };
};

/**
 * Turns each random byte into 1 if it is below `kept`, else 0, four at a time: a byte b is below k exactly if
 * b + (256 − k) does not carry out of its eight bits. Odd and even bytes are added apart, so that a carry has room.
 */
const keepBytes = (words: Uint32Array, kept: number): void => {
  const offset = (256 - kept) * 0x0001_0001;
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    const even = (((word & 0x00ff_00ff) + offset) >>> 8) & 0x0001_0001;
    const odd = ((((word >>> 8) & 0x00ff_00ff) + offset) >>> 8) & 0x0001_0001;
    words[i] = (even | (odd << 8)) ^ 0x0101_0101;
  }
};
