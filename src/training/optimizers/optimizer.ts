/** @file What every optimiser is: steps on named arrays in place, with a state that a checkpoint can hold. */

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

/** Rows from `from` up to, not including, `to`. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/** The ranges of neighbouring rows that are alike in being chosen or not. */
export const rangesOf = (chosen: Uint8Array): (RowRange & { readonly chosen: boolean })[] => {
  const ranges: (RowRange & { chosen: boolean })[] = [];
  for (let from = 0; from < chosen.length; ) {
    let to = from + 1;
    while (to < chosen.length && chosen[to] === chosen[from]) to++;
    ranges.push({ from, to, chosen: chosen[from] === 1 });
    from = to;
  }
  return ranges;
};

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

/** The state's arrays under `kind.name`, made of zeros when first asked for. */
export const stateArrays = (): {
  get: (kind: string, name: string, length: number) => Float32Array;
  all: Map<string, Float32Array>;
} => {
  const all = new Map<string, Float32Array>();
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
  };
};
