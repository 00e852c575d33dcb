/**
 * @file AdamW (Loshchilov & Hutter 2019) as `torch.optim.AdamW` computes it: decay apart from the gradient, both
 * moments corrected for their start at zero.
 */
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

/** @example const optimizer = adamW({ weightDecay: 0 }); optimizer.step(parameters, 1e-3); */
export const adamW = ({ betas = [0.9, 0.999], epsilon = 1e-8, weightDecay = 0.01 }: AdamWOptions = {}): Optimizer => {
  const moments = stateArrays();
  const [beta1, beta2] = betas;
  let steps = 0;
  return {
    get steps() {
      return steps;
    },
    step: (parameters, learningRate) => {
      steps++;
      const stepSize = learningRate / (1 - beta1 ** steps);
      const secondScale = 1 / Math.sqrt(1 - beta2 ** steps);
      const keep = 1 - learningRate * weightDecay;
      for (const { name, value, gradient } of parameters) {
        const mean = moments.get('exp_avg', name, value.length);
        const square = moments.get('exp_avg_sq', name, value.length);
        for (let i = 0; i < value.length; i++) {
          const g = gradient[i];
          const m = beta1 * mean[i] + (1 - beta1) * g;
          const v = beta2 * square[i] + (1 - beta2) * g * g;
          mean[i] = m;
          square[i] = v;
          value[i] = value[i] * keep - (stepSize * m) / (Math.sqrt(v) * secondScale + epsilon);
        }
      }
    },
    state: () => moments.all,
    restore: (state, count) => {
      for (const [name, array] of state) moments.all.set(name, array);
      steps = count;
    },
  };
};
