/**
 * @file AdamW (Loshchilov & Hutter 2019) as `torch.optim.AdamW` computes it: decay apart from the gradient, both
 * moments corrected for their start at zero.
 */
import { compileLoop, minus, over, plus, root, times } from '../../tensors/index.js';
import { type Optimizer, stateArrays, type Trainable } from './optimizer.js';

/** AdamW's settings; the defaults are PyTorch's. */
export interface AdamWOptions {
  /** Decay of the mean gradient and of the mean squared gradient; default 0.9 and 0.999. */
  readonly betas?: readonly [number, number];
  /** Added to the root of the second moment; default 1e-8. */
  readonly epsilon?: number;
  /** Share of a parameter taken away in each step, times the learning rate; default 0.01. */
  readonly weightDecay?: number;
}

/** One parameter's step; all of it in float32, as PyTorch's is. */
const compileStep = () =>
  compileLoop(
    ['value', 'gradient', 'mean', 'square'],
    ['scale', 'beta1', 'rest1', 'beta2', 'rest2', 'keep', 'stepSize', 'secondScale', 'epsilon'],
    (arrays, { scale, beta1, rest1, beta2, rest2, keep, stepSize, secondScale, epsilon }) => {
      const gradient = times(scale, arrays.gradient);
      const mean = plus(times(beta1, arrays.mean), times(rest1, gradient));
      const square = plus(times(beta2, arrays.square), times(times(rest2, gradient), gradient));
      const update = over(times(stepSize, mean), plus(times(root(square), secondScale), epsilon));
      return { mean, square, value: minus(times(arrays.value, keep), update) };
    },
  );

/** What a step leaves of a parameter without gradient or moments. */
const compileDecay = () => compileLoop(['value'], ['keep'], ({ value }, { keep }) => ({ value: times(value, keep) }));

/** Marks the rows of a table that have moments: those that some batch has read. */
const rowsWithMoments = (moments: readonly Float32Array[], rows: number): Uint8Array =>
  Uint8Array.from({ length: rows }, (_, row) => {
    const isMarked = (array: Float32Array): boolean => {
      const width = array.length / rows;
      return array.subarray(row * width, (row + 1) * width).some((each) => each !== 0);
    };
    return moments.some(isMarked) ? 1 : 0;
  });

/** Elements from `from` up to, not including, `to`: those of rows that were read before, or of rows that never were. */
interface Range {
  readonly from: number;
  readonly to: number;
  readonly read: boolean;
}

/** The ranges of neighbouring rows that are alike in being marked or not. */
const rangesOf = (marked: Uint8Array, width: number): Range[] => {
  const ranges: Range[] = [];
  for (let from = 0; from < marked.length; ) {
    let to = from + 1;
    while (to < marked.length && marked[to] === marked[from]) to++;
    ranges.push({ from: from * width, to: to * width, read: marked[from] === 1 });
    from = to;
  }
  return ranges;
};

/** @example const optimizer = adamW({ weightDecay: 0 }); optimizer.step(parameters, 1e-3); */
export const adamW = ({ betas = [0.9, 0.999], epsilon = 1e-8, weightDecay = 0.01 }: AdamWOptions = {}): Optimizer => {
  const moments = stateArrays();
  const [beta1, beta2] = betas;
  const [change, decay] = [compileStep(), compileDecay()];
  /** Of each table of which batches read a few rows: the rows read so far. The others have no moments to work out. */
  const seen = new Map<string, Uint8Array>();
  let steps = 0;

  const rangesSeen = (parameter: Trainable, ...arrays: readonly Float32Array[]): Range[] => {
    const { name, shape, value, rowsRead } = parameter;
    if (rowsRead === undefined) return [{ from: 0, to: value.length, read: true }];
    const known = seen.get(name) ?? rowsWithMoments(arrays, shape[0]);
    seen.set(name, known);
    for (const row of rowsRead) known[row] = 1;
    return rangesOf(known, value.length / shape[0]);
  };

  return {
    get steps() {
      return steps;
    },
    step: (parameters, learningRate, scale = 1) => {
      steps++;
      const scalars = {
        scale,
        beta1,
        rest1: 1 - beta1,
        beta2,
        rest2: 1 - beta2,
        keep: 1 - learningRate * weightDecay,
        stepSize: learningRate / (1 - beta1 ** steps),
        secondScale: 1 / Math.sqrt(1 - beta2 ** steps),
        epsilon,
      };
      for (const parameter of parameters) {
        const { name, value, gradient } = parameter;
        const mean = moments.beside('exp_avg', name, gradient);
        const square = moments.beside('exp_avg_sq', name, gradient);
        for (const { from, to, read } of rangesSeen(parameter, mean, square)) {
          const part = (array: Float32Array): Float32Array => array.subarray(from, to);
          if (read)
            change({ value: part(value), gradient: part(gradient), mean: part(mean), square: part(square) }, scalars);
          else if (scalars.keep !== 1) decay({ value: part(value) }, scalars);
        }
      }
    },
    state: () => moments.all,
    restore: (state, count) => {
      for (const [name, array] of state) moments.all.set(name, array);
      seen.clear();
      steps = count;
    },
  };
};
