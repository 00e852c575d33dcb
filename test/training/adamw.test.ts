import { describe, expect, it } from 'vitest';
import { arrayBeside, loopArrays } from '../../src/tensors/index.js';
import { adamW } from '../../src/training/optimizers/adamw.js';
import { clipping } from '../../src/training/optimizers/clip.js';
import type { Trainable } from '../../src/training/optimizers/optimizer.js';

const [ROWS, WIDTH] = [50, 7];

/** Rows that a step reads; some come again, most never do. */
const readAt = (step: number): number[] => [3, 10 + step, 11 + step, 49].filter((row) => row !== 49 || step > 1);

const fillGradient = (gradient: Float32Array, step: number): void => {
  gradient.fill(0);
  for (const row of readAt(step))
    for (let i = 0; i < WIDTH; i++) gradient[row * WIDTH + i] = Math.sin(row * 31 + i + step * 7);
};

const table = (sparse: boolean): Trainable & { readonly rowsRead?: Set<number> } => ({
  name: 'table',
  shape: [ROWS, WIDTH],
  value: Float32Array.from({ length: ROWS * WIDTH }, (_, i) => Math.cos(i)),
  gradient: sparse ? loopArrays([ROWS * WIDTH], 2)[0] : new Float32Array(ROWS * WIDTH),
  rowsRead: sparse ? new Set<number>() : undefined,
});

describe('AdamW on a table of which batches read a few rows', () => {
  it.each([0, 0.01])('makes the very steps that it makes on the whole table, weight decay %d', (weightDecay) => {
    const [sparse, dense] = [table(true), table(false)];
    let sparseOptimizer = adamW({ weightDecay });
    const denseOptimizer = adamW({ weightDecay });
    for (let step = 0; step < 6; step++) {
      if (step === 4) {
        // A run that is resumed: moments come from a file, and which rows were read is not in it.
        const saved = new Map([...sparseOptimizer.state()].map(([name, array]) => [name, array.slice()]));
        sparseOptimizer = adamW({ weightDecay });
        sparseOptimizer.restore(saved, step);
      }
      sparse.rowsRead?.clear();
      for (const row of readAt(step)) sparse.rowsRead?.add(row);
      for (const each of [sparse, dense]) fillGradient(each.gradient, step);
      const [found, wanted] = [clipping([sparse], 1), clipping([dense], 1)];
      expect(found.norm).toBeCloseTo(wanted.norm, 5);
      sparseOptimizer.step([sparse], 1e-2, wanted.scale);
      denseOptimizer.step([dense], 1e-2, wanted.scale);
      expect(sparse.value).toEqual(dense.value);
    }
    for (const [name, array] of denseOptimizer.state()) expect(sparseOptimizer.state().get(name)).toEqual(array);
  });

  it('scales gradients whose norm is above the limit, and only those', () => {
    const parameter = { ...table(false), gradient: Float32Array.of(3, 4) };
    expect(clipping([parameter], 1)).toEqual({ norm: 5, scale: 0.2 });
    expect(clipping([parameter], 6)).toEqual({ norm: 5, scale: 1 });
    expect(clipping([parameter], 0)).toEqual({ norm: 5, scale: 1 });
    expect([...parameter.gradient]).toEqual([3, 4]);
  });
});

describe('arrays in loop memory', () => {
  it('find room beside the first of them, and elsewhere when there is none left', () => {
    const [first] = loopArrays([10], 1);
    expect(arrayBeside(first).buffer).toBe(first.buffer);
    const third = arrayBeside(arrayBeside(first));
    expect(third).toEqual(new Float32Array(10));
  });
});
