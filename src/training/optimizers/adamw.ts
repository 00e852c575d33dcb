/**
 * @file AdamW (Loshchilov & Hutter 2019) as `torch.optim.AdamW` computes it: decay apart from the gradient, both
 * moments corrected for their start at zero.
 */
import { compileLoop, minus, over, plus, root, times } from '../../tensors/index.js';
import { type Optimizer, stateArrays } from './optimizer.js';

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

/** @example const optimizer = adamW({ weightDecay: 0 }); optimizer.step(parameters, 1e-3); */
export const adamW = ({ betas = [0.9, 0.999], epsilon = 1e-8, weightDecay = 0.01 }: AdamWOptions = {}): Optimizer => {
  const moments = stateArrays();
  const [beta1, beta2] = betas;
  const change = compileStep();
  let steps = 0;
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
      for (const { name, value, gradient } of parameters) {
        const mean = moments.get('exp_avg', name, value.length);
        const square = moments.get('exp_avg_sq', name, value.length);
        change({ value, gradient, mean, square }, scalars);
      }
    },
    state: () => moments.all,
    restore: (state, count) => {
      for (const [name, array] of state) moments.all.set(name, array);
      steps = count;
    },
  };
};
