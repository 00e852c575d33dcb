import { describe, expect, it } from 'vitest';
import * as t from '../../src/tensors/index.js';

/** Deterministic numbers in (low, high), away from each other so that central differences stay smooth. */
const numbers = (count: number, low = -1.5, high = 1.5): Float32Array =>
  Float32Array.from(
    { length: count },
    (_, i) => low + (high - low) * (((Math.sin(i * 12.9898 + 4.1) * 43758.5453) % 1) + 1) * 0.5,
  );

interface Case {
  /** Shape of each differentiable input; a leading 'n' is a named dimension of 3. */
  inputs: { shape: t.Shape; low?: number; high?: number }[];
  build: (graph: t.Graph, inputs: t.Tensor[]) => t.Tensor;
  feeds?: [string, t.Value][];
}

const N = 3;
const size = (shape: t.Shape): number[] => shape.map((dim) => (typeof dim === 'number' ? dim : N));

/** Compares every gradient of Σ w·f(x) (w fixed, so that no direction is lost) with central differences. */
const worstDifference = async ({ inputs, build, feeds = [] }: Case): Promise<number> => {
  const graph = new t.Graph();
  const tensors = inputs.map(({ shape }, i) => graph.input(`x${i}`, 'float32', shape));
  const y = build(graph, tensors);
  const weights = graph.input('w', 'float32', y.shape);
  const loss = t.sum(t.mul(y, weights));
  const grads = t.gradients(loss, tensors);
  const program = await t.compile(graph, {
    loss,
    y,
    ...Object.fromEntries(grads.map((g, i) => [`g${i}`, g])),
  } as Record<string, t.Tensor>);
  const values = inputs.map(({ shape, low, high }) => {
    const dims = size(shape);
    return {
      data: numbers(
        dims.reduce((a, b) => a * b, 1),
        low,
        high,
      ),
      dims,
    };
  });
  const masks = t.seededMasks(5);
  const all = new Map<string, t.Value>([...feeds, ...values.map((v, i): [string, t.Value] => [`x${i}`, v])]);
  const dims = size(
    y.shape.map((dim) =>
      typeof dim === 'string' && dim.includes('*') ? dim.split('*').reduce((a, p) => a * (Number(p) || N), 1) : dim,
    ),
  );
  all.set('w', {
    data: numbers(
      dims.reduce((a, b) => a * b, 1),
      0.2,
      1.2,
    ),
    dims,
  });
  const run = () => program.run(all, undefined, { masks, step: 2 });

  const exact = await run();
  let worst = 0;
  for (const [i, { data }] of values.entries()) {
    const gradient = exact[`g${i}`].data as Float32Array;
    expect(gradient.length).toBe(data.length);
    for (let j = 0; j < data.length; j++) {
      const kept = data[j];
      const h = 1e-2;
      // Richardson's extrapolation of two central differences: float32 forward values allow no small steps.
      const at = async (offset: number): Promise<number> => {
        data[j] = kept + offset;
        const result = (await run()).y.data as Float32Array;
        const w = all.get('w')!.data as Float32Array;
        return result.reduce((total, value, k) => total + value * w[k], 0);
      };
      const coarse = ((await at(2 * h)) - (await at(-2 * h))) / (4 * h);
      const fine = ((await at(h)) - (await at(-h))) / (2 * h);
      data[j] = kept;
      const numeric = (4 * fine - coarse) / 3;
      worst = Math.max(worst, Math.abs(numeric - gradient[j]) / Math.max(1, Math.abs(numeric)));
    }
  }
  await program.release();
  return worst;
};

const indices: [string, t.Value] = ['i', { data: BigInt64Array.of(0n, 3n, 3n, 1n, 2n, 3n), dims: [3, 2] }];
const index = (graph: t.Graph): t.Tensor => graph.input('i', 'int64', ['n', 2]);
const labels: [string, t.Value] = ['labels', { data: BigInt64Array.of(4n, -100n, 0n), dims: [3] }];

const cases: Record<string, Case> = {
  'add, broadcasting both sides': {
    inputs: [{ shape: ['n', 1, 4] }, { shape: [2, 1] }],
    build: (_, [a, b]) => t.add(a, b),
  },
  'sub, broadcasting': { inputs: [{ shape: ['n', 4] }, { shape: [4] }], build: (_, [a, b]) => t.sub(a, b) },
  'mul, broadcasting a scalar': { inputs: [{ shape: ['n', 4] }, { shape: [] }], build: (_, [a, b]) => t.mul(a, b) },
  'mul of a tensor with itself': { inputs: [{ shape: ['n', 4] }], build: (_, [a]) => t.mul(a, a) },
  div: { inputs: [{ shape: ['n', 4] }, { shape: ['n', 1], low: 0.5, high: 2 }], build: (_, [a, b]) => t.div(a, b) },
  neg: { inputs: [{ shape: ['n'] }], build: (_, [a]) => t.neg(a) },
  exp: { inputs: [{ shape: ['n', 2] }], build: (_, [a]) => t.exp(a) },
  log: { inputs: [{ shape: ['n', 2], low: 0.5, high: 3 }], build: (_, [a]) => t.log(a) },
  sqrt: { inputs: [{ shape: ['n', 2], low: 0.5, high: 3 }], build: (_, [a]) => t.sqrt(a) },
  sigmoid: { inputs: [{ shape: ['n', 4], low: -4, high: 4 }], build: (_, [a]) => t.sigmoid(a) },
  relu: {
    inputs: [
      { shape: ['n', 5], low: 0.1, high: 2 },
      { shape: ['n', 5], low: -2, high: -0.1 },
    ],
    build: (_, [a, b]) => t.add(t.relu(a), t.relu(b)),
  },
  geluNew: { inputs: [{ shape: ['n', 7], low: -4, high: 4 }], build: (_, [a]) => t.geluNew(a) },
  where: {
    inputs: [{ shape: ['n', 4] }, { shape: [4] }],
    build: (graph, [a, b]) => t.where(t.greater(graph.constant('float32', [4], [1, 0, 1, 0]), graph.scalar(0.5)), a, b),
  },
  dropout: { inputs: [{ shape: ['n', 40] }], build: (_, [a]) => t.dropout(a, 0.3) },
  'sum over some axes': { inputs: [{ shape: ['n', 2, 4] }], build: (_, [a]) => t.sum(a, [0, 2]) },
  'sum over the last axis, kept': { inputs: [{ shape: ['n', 2, 4] }], build: (_, [a]) => t.sum(a, [-1], true) },
  meanLast: { inputs: [{ shape: ['n', 4] }], build: (_, [a]) => t.meanLast(a) },
  logSumExp: { inputs: [{ shape: ['n', 5] }], build: (_, [a]) => t.logSumExp(a) },
  softmax: { inputs: [{ shape: ['n', 5] }], build: (_, [a]) => t.softmax(a) },
  rmsNorm: { inputs: [{ shape: ['n', 2, 6] }, { shape: [6] }], build: (_, [a, w]) => t.rmsNorm(a, w, 1e-6) },
  reshape: { inputs: [{ shape: ['n', 2, 6] }], build: (_, [a]) => t.reshape(a, ['n', 2, 3, 2]) },
  'reshape merging a named dimension': {
    inputs: [{ shape: ['n', 2, 6] }],
    build: (_, [a]) => t.reshape(a, ['2*n', 6]),
  },
  unsqueeze: { inputs: [{ shape: ['n', 5] }], build: (_, [a]) => t.unsqueeze(a, [0, 2]) },
  transpose: { inputs: [{ shape: ['n', 2, 5] }], build: (_, [a]) => t.transpose(a, [1, 2, 0]) },
  concat: { inputs: [{ shape: ['n', 2] }, { shape: ['n', 3] }], build: (_, [a, b]) => t.concat([a, b, a], 1) },
  broadcastLike: {
    inputs: [{ shape: ['n', 1] }, { shape: ['n', 4] }],
    build: (_, [a, b]) => t.mul(t.broadcastLike(a, b), b),
  },
  'gather, one row read several times': {
    inputs: [{ shape: [4, 3] }],
    build: (graph, [table]) => t.gather(table, index(graph)),
    feeds: [indices],
  },
  'matmul of matrices': { inputs: [{ shape: ['n', 4] }, { shape: [4, 2] }], build: (_, [a, b]) => t.matmul(a, b) },
  'matmul of a batch with one matrix, transposed': {
    inputs: [{ shape: ['n', 2, 4] }, { shape: [5, 4] }],
    build: (_, [a, b]) => t.matmul(a, b, { transB: true, scale: 0.5 }),
  },
  'matmul of a batch with one matrix': {
    inputs: [{ shape: ['n', 2, 4] }, { shape: [4, 5] }],
    build: (_, [a, b]) => t.matmul(a, b),
  },
  'matmul of two batches, right transposed': {
    inputs: [{ shape: ['n', 2, 3, 4] }, { shape: ['n', 2, 5, 4] }],
    build: (_, [a, b]) => t.matmul(a, b, { transB: true }),
  },
  'matmul of two batches, left transposed': {
    inputs: [{ shape: ['n', 4, 3] }, { shape: ['n', 4, 5] }],
    build: (_, [a, b]) => t.matmul(a, b, { transA: true, scale: 2 }),
  },
  'matmul, both transposed': {
    inputs: [{ shape: ['n', 4, 3] }, { shape: ['n', 5, 4] }],
    build: (_, [a, b]) => t.matmul(a, b, { transA: true, transB: true }),
  },
  'matmul broadcasting a batch axis': {
    inputs: [{ shape: ['n', 2, 4] }, { shape: [1, 4, 3] }],
    build: (_, [a, b]) => t.matmul(a, b),
  },
  'crossEntropySum with an ignored label': {
    inputs: [{ shape: ['n', 5] }],
    build: (graph, [logits]) => t.crossEntropySum(logits, graph.input('labels', 'int64', ['n'])),
    feeds: [labels],
  },
};

cases['smoothedCrossEntropySum with an ignored label'] = {
  inputs: [{ shape: ['n', 5] }],
  build: (graph, [logits]) => t.smoothedCrossEntropySum(logits, graph.input('labels', 'int64', ['n']), 0.2),
  feeds: [labels],
};

describe('every vector-Jacobian rule agrees with central finite differences', () => {
  for (const [name, each] of Object.entries(cases)) {
    it(name, async () => expect(await worstDifference(each)).toBeLessThan(1e-3));
  }

  it('through the gradient itself: d/dx of |∇ Σ x³|²', async () => {
    const graph = new t.Graph();
    const x = graph.input('x', 'float32', ['n']);
    const [g] = t.gradients(t.sum(t.mul(x, t.mul(x, x))), [x]);
    const [gg] = t.gradients(t.sum(t.mul(g, g)), [x]); // (3x²)² has the derivative 36x³
    const program = await t.compile(graph, { gg });
    const { data } = (await program.run(new Map([['x', { data: Float32Array.of(1, -2, 0.5), dims: [3] }]]))).gg;
    expect([...(data as Float32Array)]).toEqual([36, -288, 4.5]);
  });
});
