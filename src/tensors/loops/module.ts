/**
 * @file Just enough of WebAssembly's binary format (https://webassembly.github.io/spec/core/binary) for a module with one
 * function over 128-bit vectors. Instructions are lists of bytes that stand one after the other.
 */

/** Bytes of instructions that leave one value, or none, on the stack. */
export type Code = readonly number[];

/** Types of parameters and local variables. */
export const Type = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const;

export type TypeCode = (typeof Type)[keyof typeof Type];

/** Unsigned LEB128. */
const unsigned = (value: number): number[] => {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
};

const vector = (items: readonly Code[]): number[] => [...unsigned(items.length), ...items.flat()];
const section = (id: number, content: Code): number[] => [id, ...unsigned(content.length), ...content];
const name = (text: string): number[] => vector([...Buffer.from(text)].map((byte) => [byte]));

const simd = (code: number): number[] => [0xfd, ...unsigned(code)];

/** The alignment that is promised for a vector in memory, as a power of two: none. */
const UNALIGNED = 0;

export const getLocal = (index: number): Code => [0x20, ...unsigned(index)];
export const setLocal = (index: number): Code => [0x21, ...unsigned(index)];
export const teeLocal = (index: number): Code => [0x22, ...unsigned(index)];

/** The sum of two 32-bit integers. */
export const addAddresses = (left: Code, right: Code): Code => [...left, ...right, 0x6a];

/** Four float32 from `offset` bytes behind an address. */
export const loadVector = (address: Code, offset: number): Code => [
  ...address,
  ...simd(0),
  UNALIGNED,
  ...unsigned(offset),
];
export const storeVector = (address: Code, offset: number, vector: Code): Code => [
  ...address,
  ...vector,
  ...simd(11),
  UNALIGNED,
  ...unsigned(offset),
];
/** Four times the same float32. */
export const splat = (number: Code): Code => [...number, ...simd(0x13)];

const binary =
  (code: number) =>
  (left: Code, right: Code): Code => [...left, ...right, ...simd(code)];

export const addVectors = binary(0xe4);
export const subVectors = binary(0xe5);
export const mulVectors = binary(0xe6);
export const divVectors = binary(0xe7);
export const sqrtVector = (vector: Code): Code => [...vector, ...simd(0xe3)];

/** Sums and products of two float64 each. */
export const addDoubles = binary(0xf0);
export const mulDoubles = binary(0xf2);
/** The two lower float32 of a vector as float64. */
export const lowAsDoubles = (vector: Code): Code => [...vector, ...simd(0x5f)];
/** The upper half of a vector moved to its lower half. */
export const upperHalf = (vector: Code): Code => [
  ...vector,
  ...vector,
  ...simd(0x0d),
  ...[8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15],
];
/** One of the two float64 of a vector. */
export const doubleAt = (vector: Code, lane: 0 | 1): Code => [...vector, ...simd(0x21), lane];
/** The sum of two float64 numbers. */
export const addNumbers = (left: Code, right: Code): Code => [...left, ...right, 0xa0];

/** Sixteen times the same byte, from a 32-bit integer's lowest. */
export const splatByte = (number: Code): Code => [...number, ...simd(0x0f)];
/** All bits of the bytes of `left` that are below those of `right`, unsigned. */
export const bytesBelow = binary(0x26);
export const andBits = binary(0x4e);
export const orBits = binary(0x50);
export const xorBits = binary(0x51);
/** Sums of four 32-bit integers each, modulo 2³². */
export const addIntegers = binary(0xae);
/** Four 32-bit integers with their bits moved up, or down, by `places`. */
export const shiftUp = (vector: Code, places: number): Code => [...vector, ...constant(places), ...simd(0xab)];
export const shiftDown = (vector: Code, places: number): Code => [...vector, ...constant(places), ...simd(0xad)];
/** A 32-bit integer, at most 63: larger ones would read as negative. */
export const constant = (value: number): Code => [0x41, ...unsigned(value)];

/**
 * `body` again and again while the integer in a local variable, raised by `step` after each turn, is below another's.
 */
export const countedLoop = (counter: number, end: number, step: number, body: Code): Code => [
  ...[0x03, 0x40],
  ...body,
  ...getLocal(counter),
  ...constant(step),
  0x6a,
  ...teeLocal(counter),
  ...getLocal(end),
  ...[0x49, 0x0d, 0x00, 0x0b],
];

/** What of the JavaScript interface is used here; Node's types don't have it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: Readonly<Record<string, unknown>> };
  readonly Memory: new (size: { initial: number }) => WasmMemory;
};

/** Memory that functions work on. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

/** A module's only function. */
export interface FunctionCode {
  readonly parameters: readonly TypeCode[];
  readonly results: readonly TypeCode[];
  /** Local variables, numbered after the parameters. */
  readonly locals: readonly TypeCode[];
  readonly body: Code;
}

/** Bytes of a page of memory. */
const PAGE = 65_536;

/** @param bytes What the memory holds at least. */
export const createMemory = (bytes: number): WasmMemory => new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE) });

/**
 * Compiles a function.
 *
 * @returns Makes the function for a memory.
 */
export const compileFunction = <Call>({
  parameters,
  results,
  locals,
  body,
}: FunctionCode): ((memory: WasmMemory) => Call) => {
  const type = [0x60, ...vector(parameters.map((code) => [code])), ...vector(results.map((code) => [code]))];
  const code = [...vector(locals.map((local) => [1, local])), ...body, 0x0b];
  const bytes = Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector([type])),
    ...section(2, vector([[...name('from'), ...name('memory'), 2, 0, 0]])),
    ...section(3, vector([[0]])),
    ...section(7, vector([[...name('call'), 0, 0]])),
    ...section(10, vector([[...unsigned(code.length), ...code]])),
  ]);
  const module = new WebAssembly.Module(bytes);
  return (memory) => new WebAssembly.Instance(module, { from: { memory } }).exports.call as Call;
};
