/**
 * @file Formulas over long arrays on the host, four numbers at a time: what an optimiser does to hundreds of megabytes
 * after each step. A formula is compiled to a WebAssembly loop over 128-bit vectors; arrays pass through its memory in
 * blocks that stay in the processor's cache, so that they are read and written once however long the formula is.
 * JavaScript's own loops take twice the time: they compute in float64 and convert each number on its way.
 */
import * as wasm from './module.js';

/** A formula of float32 numbers. */
export type Formula =
  | { readonly kind: 'array' | 'scalar'; readonly name: string }
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

/** Numbers of a block: four of them and their array's next line take a quarter of a usual second-level cache. */
const BLOCK = 16_384;
const BLOCK_BYTES = BLOCK * 4;
const LANES = 4;
const VECTOR_BYTES = LANES * 4;

/** The function's parameters: where to end, in bytes; then the scalars. Then its variables, this one first. */
const END = 0;

/** Lays out a loop's variables and turns formulas into code; what a formula names twice is worked out once. */
const compiler = (arrays: readonly string[], scalars: readonly string[]) => {
  const counter = 1 + scalars.length;
  const locals: wasm.TypeCode[] = [wasm.Type.i32];
  const local = (type: wasm.TypeCode): number => counter + locals.push(type) - 1;
  const spread = new Map(scalars.map((name) => [name, local(wasm.Type.v128)]));
  const prologue = scalars.flatMap((name, index) => [
    ...wasm.splat(wasm.getLocal(1 + index)),
    ...wasm.setLocal(spread.get(name)!),
  ]);
  const known = new Map<Formula, number>();
  const address = wasm.getLocal(counter);
  const offset = (name: string): number => arrays.indexOf(name) * BLOCK_BYTES;
  const code = (formula: Formula): wasm.Code => {
    if (formula.kind === 'scalar') return wasm.getLocal(spread.get(formula.name)!);
    const place = known.get(formula);
    if (place !== undefined) return wasm.getLocal(place);
    const made = local(wasm.Type.v128);
    const bytes = [...operation(formula), ...wasm.teeLocal(made)];
    known.set(formula, made);
    return bytes;
  };
  const operation = (formula: Exclude<Formula, { kind: 'scalar' }> | Formula): wasm.Code => {
    switch (formula.kind) {
      case 'array':
        return wasm.loadVector(address, offset(formula.name));
      case 'scalar':
        return code(formula);
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
  const parameters = [wasm.Type.i32, ...scalars.map(() => wasm.Type.f32)];
  const loop = (body: wasm.Code): wasm.Code => wasm.countedLoop(counter, END, VECTOR_BYTES, body);
  return { parameters, locals, local, prologue, code, loop, address, offset };
};

const named = <Name extends string>(kind: 'array' | 'scalar', names: readonly Name[]): Formulas<Name> =>
  Object.fromEntries(names.map((name): [string, Formula] => [name, { kind, name }])) as Formulas<Name>;

/** The blocks of arrays of one length: calls with where each starts and how many numbers it has. */
const eachBlock = (length: number, visit: (start: number, size: number) => void): void => {
  for (let start = 0; start < length; start += BLOCK) visit(start, Math.min(BLOCK, length - start));
};

const viewsOf = (memory: ArrayBuffer, count: number): Float32Array[] =>
  Array.from({ length: count }, (_, index) => new Float32Array(memory, index * BLOCK_BYTES, BLOCK));

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
  const { parameters, locals, prologue, code, loop, address, offset } = compiler(arrays, scalars);
  const written = Object.entries(write(named('array', arrays), named('scalar', scalars))) as [ArrayName, Formula][];
  // All values before any is stored: a formula may read an array that another one changes.
  const values = written.flatMap(([, formula]) => [...code(formula), 0x1a]);
  const stores = written.flatMap(([name, formula]) => wasm.storeVector(address, offset(name), code(formula)));
  const body = [...prologue, ...loop([...values, ...stores])];
  const made = wasm.instantiate<(end: number, ...scalars: number[]) => void>(
    { parameters, results: [], locals, body },
    arrays.length * BLOCK_BYTES,
  );
  const views = viewsOf(made.memory, arrays.length);
  const changed = written.map(([name]) => ({ name, view: views[arrays.indexOf(name)] }));
  return (on, by) => {
    const numbers = scalars.map((name) => by[name]);
    eachBlock(on[arrays[0]].length, (start, size) => {
      for (const [index, name] of arrays.entries()) views[index].set(on[name].subarray(start, start + size));
      made.call(size * 4, ...numbers);
      for (const { name, view } of changed) on[name].set(size === BLOCK ? view : view.subarray(0, size), start);
    });
  };
};

/**
 * The sum of the squares of an array's numbers, in float64; the same for the same numbers wherever it runs.
 *
 * @example const norm = Math.sqrt(sumOfSquares(gradient));
 */
export const sumOfSquares = (array: Float32Array): number => {
  squares ??= compileSquares();
  const { view, call } = squares;
  let sum = 0;
  eachBlock(array.length, (start, size) => {
    view.set(array.subarray(start, start + size));
    view.fill(0, size, Math.min(BLOCK, Math.ceil(size / LANES) * LANES));
    sum += call(size * 4);
  });
  return sum;
};

let squares: { view: Float32Array; call: (end: number) => number } | undefined;

const compileSquares = (): NonNullable<typeof squares> => {
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
  const made = wasm.instantiate<(end: number) => number>(
    { parameters, results: [wasm.Type.f64], locals, body },
    BLOCK_BYTES,
  );
  return { view: viewsOf(made.memory, 1)[0], call: made.call };
};
