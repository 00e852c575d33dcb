/**
 * @file Memory in which compiled loops reach arrays without copying them: that of WebAssembly. Arrays in it are usual
 * Float32Arrays for everybody else, ONNX Runtime included.
 */
import { createMemory, type WasmMemory } from './module.js';

/** Bytes at the beginning of each memory for the blocks of arrays that lie elsewhere. */
export const STAGING_BYTES = 1 << 20;

/** A memory of WebAssembly with room for arrays behind its staging area. */
export interface LoopMemory {
  readonly wasm: WasmMemory;
  used: number;
}

const memories = new WeakMap<ArrayBufferLike, LoopMemory>();

/** The loop memory that an array lies in, if any. */
export const memoryOf = (array: Float32Array): LoopMemory | undefined => memories.get(array.buffer);

/** Makes a memory with room for so many bytes of arrays. */
export const newMemory = (bytes: number): LoopMemory => {
  const memory = { wasm: createMemory(STAGING_BYTES + bytes), used: STAGING_BYTES };
  memories.set(memory.wasm.buffer, memory);
  return memory;
};

/** A vector's bytes: arrays begin at multiples of them. */
const ALIGNMENT = 16;

const bytesOf = (length: number): number => Math.ceil((length * 4) / ALIGNMENT) * ALIGNMENT;

const allocate = (memory: LoopMemory, length: number): Float32Array | undefined => {
  if (memory.used + bytesOf(length) > memory.wasm.buffer.byteLength) return undefined;
  const array = new Float32Array(memory.wasm.buffer, memory.used, length);
  memory.used += bytesOf(length);
  return array;
};

/** A memory of this size is filled before another is made; WebAssembly allows at most 4 GiB. */
const MEMORY_BYTES = 2 ** 30;

/**
 * Arrays of zeros in loop memory, each with room for others of its length in the same memory: see {@link arrayBeside}.
 *
 * @param lengths Numbers of elements.
 * @param beside How many others.
 */
export const loopArrays = (lengths: readonly number[], beside: number): Float32Array[] => {
  const sizes = lengths.map((length) => bytesOf(length) * (1 + beside));
  let room = 0;
  let memory: LoopMemory | undefined;
  return sizes.map((size, index) => {
    if (memory === undefined || room < size) {
      room = 0;
      for (let next = index; next < sizes.length && (next === index || room + sizes[next] <= MEMORY_BYTES); next++)
        room += sizes[next];
      memory = newMemory(room);
    }
    room -= size;
    return allocate(memory, lengths[index])!;
  });
};

/** An array of zeros, of an array's length and in its memory where there is room. */
export const arrayBeside = (array: Float32Array): Float32Array => {
  const memory = memoryOf(array);
  return (memory && allocate(memory, array.length)) ?? new Float32Array(array.length);
};
