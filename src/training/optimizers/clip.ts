/** @file Clipping by the common norm of all gradients (Pascanu et al. 2013), as `torch.nn.utils.clip_grad_norm_`. */
import type { Trainable } from './optimizer.js';

/** Scales all gradients so that their common norm is at most `limit`; returns the norm before. */
export const clip = (parameters: readonly Trainable[], limit: number): number => {
  let squares = 0;
  for (const { gradient } of parameters) for (let i = 0; i < gradient.length; i++) squares += gradient[i] * gradient[i];
  const norm = Math.sqrt(squares);
  if (limit > 0 && norm > limit) {
    const scale = limit / norm;
    for (const { gradient } of parameters) for (let i = 0; i < gradient.length; i++) gradient[i] *= scale;
  }
  return norm;
};
