/**
 * @file Formulas over long arrays on the host, four numbers at a time: what an optimiser does to hundreds of megabytes
 * after each step. A formula is compiled to a WebAssembly loop over 128-bit vectors; arrays that don't lie in its memory
 * pass through it in blocks that stay in the processor's cache, so that each is read and written once however long the
 * formula is. JavaScript's own loops compute in float64 and convert each number on its way.
 */
import { Failure } from '../../ground/failure.js';
import { type LoopMemory, memoryOf, newMemory, STAGING_BYTES } from './memory.js';
import * as wasm from './module.js';

/** A formula of float32 numbers. */
export type Formula =
  | { readonly kind: 'array'; readonly name: string }
  | { readonly kind: 'scalar'; readonly name: string }
  | { readonly kind: 'add' | 'sub' | 'mul' | 'div'; readonly of: readonly [Formula, Formula] }
  | { readonly kind: 'sqrt'; readonly of: readonly [Formula] };

export const plus = (left: Formula, right: Formula): Formula => ({ kind: 'add', of: [left, right] });
export const minus = (left: Formula, right: Formula): Formula => ({ kind: 'sub', of: [left, right] });
export const times = (left: Formula, right: Formula): Formula => ({ kind: 'mul', of: [left, right] });
export const over = (left: Formula, right: Formula): Formula => ({ kind: 'div', of: [left, right] });
export const root = (of: Formula): Formula => ({ kind: 'sqrt', of: [of] });

type Arrays<Name extends string> = Readonly<Record<Name, Float32Array>>;
type Scalars<Name extends string> = Readonly<Record<Name, number>>;
type Formulas<Name extends string> = Readonly<Record<Name, Formula>>;

/** Numbers of a block of arrays that are copied to and fro: such that a few of them fit a second-level cache. */
const BLOCK = 16_384;
const BLOCK_BYTES = BLOCK * 4;
const LANES = 4;
const VECTOR_BYTES = LANES * 4;

/** The function's parameters: where to end, in bytes; where each array begins; the scalars. Then its variables. */
const END = 0;

/** Lays out a loop's variables and turns formulas into code; what a formula names twice is worked out once. */
const compiler = (arrays: readonly string[], scalars: readonly string[]) => {
  const parameters = [wasm.Type.i32, ...arrays.map(() => wasm.Type.i32), ...scalars.map(() => wasm.Type.f32)];
  const counter = parameters.length;
  const locals: wasm.TypeCode[] = [wasm.Type.i32];
  const local = (type: wasm.TypeCode): number => counter + locals.push(type) - 1;
  const spread = new Map(scalars.map((name) => [name, local(wasm.Type.v128)]));
  const prologue = scalars.flatMap((name, index) => [
    ...wasm.splat(wasm.getLocal(1 + arrays.length + index)),
    ...wasm.setLocal(spread.get(name)!),
  ]);
  const known = new Map<Formula, number>();
  const address = (name: string): wasm.Code =>
    wasm.addAddresses(wasm.getLocal(1 + arrays.indexOf(name)), wasm.getLocal(counter));
  const code = (formula: Formula): wasm.Code => {
    if (formula.kind === 'scalar') return wasm.getLocal(spread.get(formula.name)!);
    const place = known.get(formula);
    if (place !== undefined) return wasm.getLocal(place);
    const made = local(wasm.Type.v128);
    const bytes = [...operation(formula), ...wasm.teeLocal(made)];
    known.set(formula, made);
    return bytes;
  };
  const operation = (formula: Exclude<Formula, { kind: 'scalar' }>): wasm.Code => {
    switch (formula.kind) {
      case 'array':
        return wasm.loadVector(address(formula.name), 0);
      case 'sqrt':
        return wasm.sqrtVector(code(formula.of[0]));
      default: {
        const combine = {
          add: wasm.addVectors,
          sub: wasm.subVectors,
          mul: wasm.mulVectors,
          div: wasm.divVectors,
        }[formula.kind];
        return combine(code(formula.of[0]), code(formula.of[1]));
      }
    }
  };
  const loop = (body: wasm.Code): wasm.Code => wasm.countedLoop(counter, END, VECTOR_BYTES, body);
  return { parameters, locals, local, prologue, code, loop, address };
};

type Call<Result> = (end: number, ...begins: number[]) => Result;

/**
 * Runs a function over arrays, in the memory that the first of them lies in that lies in any: those there where they are,
 * the others by blocks that are copied into its staging area, and back if `changed`.
 *
 * @param visit Called for each part with the function's arguments: its end, and where each array's part begins.
 */
const eachPart = (
  arrays: readonly Float32Array[],
  changed: readonly boolean[],
  home: LoopMemory,
  visit: (end: number, begins: readonly number[]) => void,
): void => {
  const { buffer } = home.wasm;
  const staged = arrays.map((array) => array.buffer !== buffer);
  const { length } = arrays[0];
  const slots = arrays.map((_, index) => new Float32Array(buffer, index * BLOCK_BYTES, BLOCK));
  /** One part; where `all`, every array is copied: a vector's last lanes would reach into what follows in its memory. */
  const run = (start: number, size: number, all: boolean): void => {
    const begins = arrays.map((array, index) => {
      if (!all && !staged[index]) return array.byteOffset + start * 4;
      slots[index].set(array.subarray(start, start + size));
      if (size % LANES !== 0) slots[index].fill(0, size, Math.ceil(size / LANES) * LANES);
      return index * BLOCK_BYTES;
    });
    visit(size * 4, begins);
    for (const [index, array] of arrays.entries())
      if (changed[index] && (all || staged[index]))
        array.set(size === BLOCK ? slots[index] : slots[index].subarray(0, size), start);
  };
  const whole = length - (length % LANES);
  for (let start = 0; start < whole; start += BLOCK) run(start, Math.min(BLOCK, whole - start), false);
  if (whole < length) run(whole, length - whole, true);
};

/** A function that is made for each memory when first needed there. */
const inEachMemory = <Result>(made: (memory: wasm.WasmMemory) => Call<Result>) => {
  const calls = new WeakMap<LoopMemory, Call<Result>>();
  const own = newMemory(0);
  return (arrays: readonly Float32Array[]): { home: LoopMemory; call: Call<Result> } => {
    const home = arrays.map(memoryOf).find((memory) => memory !== undefined) ?? own;
    const call = calls.get(home) ?? made(home.wasm);
    calls.set(home, call);
    return { home, call };
  };
};

const named = <Name extends string>(kind: 'array' | 'scalar', names: readonly Name[]): Formulas<Name> =>
  Object.fromEntries(names.map((name): [string, Formula] => [name, { kind, name } as Formula])) as Formulas<Name>;

/**
 * Compiles a loop that changes arrays element by element.
 *
 * @param arrays Names of the arrays, all of one length in each call.
 * @param scalars Names of the numbers, rounded to float32.
 * @param write The new value of each array that changes, all worked out from the old ones.
 * @returns Runs the loop over arrays, in place.
 * @example
 * const scaleAndAdd = compileLoop(['x', 'y'], ['a'], ({ x, y }, { a }) => ({ y: plus(y, times(a, x)) }));
 * scaleAndAdd({ x, y }, { a: 0.5 });
 */
export const compileLoop = <ArrayName extends string, ScalarName extends string>(
  arrays: readonly ArrayName[],
  scalars: readonly ScalarName[],
  write: (arrays: Formulas<ArrayName>, scalars: Formulas<ScalarName>) => Partial<Formulas<ArrayName>>,
): ((on: Arrays<ArrayName>, by: Scalars<ScalarName>) => void) => {
  if (arrays.length * BLOCK_BYTES > STAGING_BYTES)
    throw new Failure({ what: 'a loop over too many arrays', got: String(arrays.length) });
  const { parameters, locals, prologue, code, loop, address } = compiler(arrays, scalars);
  const written = Object.entries(write(named('array', arrays), named('scalar', scalars))) as [ArrayName, Formula][];
  // All values before any is stored: a formula may read an array that another one changes.
  const values = written.flatMap(([, formula]) => [...code(formula), 0x1a]);
  const stores = written.flatMap(([name, formula]) => wasm.storeVector(address(name), 0, code(formula)));
  const body = [...prologue, ...loop([...values, ...stores])];
  const find = inEachMemory(wasm.compileFunction<Call<void>>({ parameters, results: [], locals, body }));
  const changed = arrays.map((name) => written.some(([each]) => each === name));
  return (on, by) => {
    const numbers = scalars.map((name) => by[name]);
    const all = arrays.map((name) => on[name]);
    const { home, call } = find(all);
    eachPart(all, changed, home, (end, begins) => call(end, ...begins, ...numbers));
  };
};

/**
 * The sum of the squares of an array's numbers, in float64; the same for the same numbers wherever it runs.
 *
 * @example const norm = Math.sqrt(sumOfSquares(gradient));
 */
export const sumOfSquares = (array: Float32Array): number => {
  squares ??= compileSquares();
  const { home, call } = squares([array]);
  let sum = 0;
  eachPart([array], [false], home, (end, begins) => {
    sum += call(end, ...begins);
  });
  return sum;
};

let squares: ReturnType<typeof compileSquares> | undefined;

const compileSquares = () => {
  const { parameters, locals, local, code, loop } = compiler(['x'], []);
  const [low, high] = [local(wasm.Type.v128), local(wasm.Type.v128)];
  const x: Formula = { kind: 'array', name: 'x' };
  const doubles = local(wasm.Type.v128);
  const addSquare = (into: number, half: wasm.Code): wasm.Code => [
    ...wasm.lowAsDoubles(half),
    ...wasm.setLocal(doubles),
    ...wasm.addDoubles(wasm.getLocal(into), wasm.mulDoubles(wasm.getLocal(doubles), wasm.getLocal(doubles))),
    ...wasm.setLocal(into),
  ];
  const loaded = local(wasm.Type.v128);
  const turn = [
    ...code(x),
    ...wasm.setLocal(loaded),
    ...addSquare(low, wasm.getLocal(loaded)),
    ...addSquare(high, wasm.upperHalf(wasm.getLocal(loaded))),
  ];
  const both = wasm.addDoubles(wasm.getLocal(low), wasm.getLocal(high));
  const body = [
    ...loop(turn),
    ...both,
    ...wasm.setLocal(doubles),
    ...wasm.addNumbers(wasm.doubleAt(wasm.getLocal(doubles), 0), wasm.doubleAt(wasm.getLocal(doubles), 1)),
  ];
  return inEachMemory(wasm.compileFunction<Call<number>>({ parameters, results: [wasm.Type.f64], locals, body }));
};
