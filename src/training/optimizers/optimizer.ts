/** @file What every optimiser is: steps on named arrays in place, with a state that a checkpoint can hold. */

import { arrayBeside } from '../../tensors/index.js';

/** A trainable array, its gradient, and its shape. */
export interface Trainable {
  readonly name: string;
  readonly shape: readonly number[];
  readonly value: Float32Array;
  readonly gradient: Float32Array;
  /**
   * Of a table of which a batch reads a few rows: those whose gradient may be other than 0. Without it any may be.
   */
  readonly rowsRead?: ReadonlySet<number>;
}

/** Changes parameters by their gradients. */
export interface Optimizer {
  /**
   * Makes one step on all parameters, in place.
   *
   * @param learningRate The step's learning rate, after warm-up and decay.
   * @param scale A factor on all gradients, from {@link clipping}; default 1. The arrays themselves stay as they are.
   */
  step(parameters: readonly Trainable[], learningRate: number, scale?: number): void;
  /** Steps made so far. */
  readonly steps: number;
  /** The state's arrays by name, for a checkpoint; the arrays themselves, not copies. */
  state(): Map<string, Float32Array>;
  /** Takes up a state saved earlier, after `steps` steps. */
  restore(state: ReadonlyMap<string, Float32Array>, steps: number): void;
}

/** An optimiser's arrays under `kind.name`, made of zeros when first asked for. */
export interface StateArrays {
  get(kind: string, name: string, length: number): Float32Array;
  /** One of an array's length, where loops reach both without copying. */
  beside(kind: string, name: string, array: Float32Array): Float32Array;
  readonly all: Map<string, Float32Array>;
}

export const stateArrays = (): StateArrays => {
  const all = new Map<string, Float32Array>();
  /** Those that stand where they belong; one that a checkpoint brought is moved there first. */
  const placed = new Set<Float32Array>();
  return {
    all,
    get: (kind, name, length) => {
      const key = `${kind}.${name}`;
      const known = all.get(key);
      if (known) return known;
      const made = new Float32Array(length);
      all.set(key, made);
      return made;
    },
    beside: (kind, name, array) => {
      const key = `${kind}.${name}`;
      const known = all.get(key);
      if (known !== undefined && placed.has(known)) return known;
      const made = arrayBeside(array);
      if (known !== undefined) made.set(known);
      placed.add(made);
      all.set(key, made);
      return made;
    },
  };
};
