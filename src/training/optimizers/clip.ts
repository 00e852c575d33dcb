/** @file Clipping by the common norm of all gradients (Pascanu et al. 2013), as `torch.nn.utils.clip_grad_norm_`. */
import { sumOfSquares } from '../../tensors/index.js';
import type { Trainable } from './optimizer.js';

/**
 * How gradients are to be scaled so that their common norm is at most `limit`. They are left as they are: the
 * optimiser's step takes the scale, which saves a pass over all of them.
 *
 * @param limit 0 or less: no limit.
 * @returns The Euclidean norm of all gradients, and the factor.
 */
export const clipping = (parameters: readonly Trainable[], limit: number): { norm: number; scale: number } => {
  const norm = Math.sqrt(parameters.reduce((total, parameter) => total + squaresOf(parameter), 0));
  return { norm, scale: limit > 0 && norm > limit ? limit / norm : 1 };
};

const squaresOf = ({ shape, gradient, rowsRead }: Trainable): number => {
  if (rowsRead === undefined) return sumOfSquares(gradient);
  const width = gradient.length / shape[0];
  let sum = 0;
  for (const row of rowsRead) sum += sumOfSquares(gradient.subarray(row * width, (row + 1) * width));
  return sum;
};
