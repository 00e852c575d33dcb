/**
 * @file The random bytes behind dropout: sixteen at a time from four generators side by side, xoshiro128++ (Blackman &
 * Vigna 2021), whose states are the SHA-512 of seed, step and place: so the step numbered n draws the same masks whether
 * a run went there without a break or was resumed. Compiled to WebAssembly, since a step draws some hundred million.
 */
import { createHash } from 'node:crypto';
import * as wasm from './loops/module.js';

/** A source of reproducible random masks. */
export interface MaskSource {
  /**
   * Fills a mask for one random input of one step.
   *
   * @param length Number of elements.
   * @param kept An element is 1 with probability `kept / 256`, else 0.
   * @returns Bytes of 0 and 1, which the next call for the same `site` overwrites.
   */
  mask(step: number, site: number, length: number, kept: number): Uint8Array;
}

/**
 * @param seed Any integer.
 * @example const masks = seededMasks(7); masks.mask(0, 3, 1024, 230);
 */
export const seededMasks = (seed: number): MaskSource => {
  const { states, block, draw } = compileGenerator();
  const masks = new Map<number, Uint8Array>();
  return {
    mask: (step, site, length, kept) => {
      let mask = masks.get(site);
      if (mask === undefined || mask.length < length) {
        mask = new Uint8Array(length);
        masks.set(site, mask);
      }
      states.set(createHash('sha512').update(`dropout ${seed} ${step} ${site}`).digest());
      for (let start = 0; start < length; start += BLOCK_BYTES) {
        const size = Math.min(BLOCK_BYTES, length - start);
        draw(size, kept);
        mask.set(size === BLOCK_BYTES ? block : block.subarray(0, size), start);
      }
      return mask.subarray(0, length);
    },
  };
};

const VECTOR_BYTES = 16;
/** The generator's memory: the states' four vectors, then a block of bytes. */
const STATE_BYTES = 4 * VECTOR_BYTES;
const BLOCK_BYTES = 65_536;

/** Draws bytes of 0 and 1 into its block, going on from the states in its memory, which it leaves as they are then. */
const compileGenerator = (): {
  states: Uint8Array;
  block: Uint8Array;
  draw: (size: number, kept: number) => void;
} => {
  const [end, kept, counter, s0, s1, s2, s3, limit, ones, shifted, drawn] = Array.from({ length: 11 }, (_, i) => i);
  const { v128, i32 } = wasm.Type;
  const get = wasm.getLocal;
  const states = [s0, s1, s2, s3];
  const start = wasm.constant(0);
  const set = (local: number, value: wasm.Code): wasm.Code => [...value, ...wasm.setLocal(local)];
  const xorInto = (local: number, other: number): wasm.Code => set(local, wasm.xorBits(get(local), get(other)));
  const rotated = (vector: wasm.Code, places: number): wasm.Code =>
    wasm.orBits(wasm.shiftUp(vector, places), wasm.shiftDown(vector, 32 - places));
  const turn = [
    ...set(drawn, wasm.addIntegers(get(s0), get(s3))),
    ...set(drawn, wasm.addIntegers(rotated(get(drawn), 7), get(s0))),
    ...wasm.storeVector(get(counter), STATE_BYTES, wasm.andBits(wasm.bytesBelow(get(drawn), get(limit)), get(ones))),
    ...set(shifted, wasm.shiftUp(get(s1), 9)),
    ...xorInto(s2, s0),
    ...xorInto(s3, s1),
    ...xorInto(s1, s2),
    ...xorInto(s0, s3),
    ...xorInto(s2, shifted),
    ...set(s3, rotated(get(s3), 11)),
  ];
  const memory = wasm.createMemory(STATE_BYTES + BLOCK_BYTES);
  const draw = wasm.compileFunction<(size: number, kept: number) => void>({
    parameters: [i32, i32],
    results: [],
    locals: [i32, ...Array.from({ length: 8 }, () => v128)],
    body: [
      ...states.flatMap((state, index) => set(state, wasm.loadVector(start, index * VECTOR_BYTES))),
      ...set(limit, wasm.splatByte(get(kept))),
      ...set(ones, wasm.splatByte(wasm.constant(1))),
      ...wasm.countedLoop(counter, end, VECTOR_BYTES, turn),
      ...states.flatMap((state, index) => wasm.storeVector(start, index * VECTOR_BYTES, get(state))),
    ],
  })(memory);
  return {
    states: new Uint8Array(memory.buffer, 0, STATE_BYTES),
    block: new Uint8Array(memory.buffer, STATE_BYTES, BLOCK_BYTES),
    draw,
  };
};
