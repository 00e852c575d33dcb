import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { quantiseMatrix } from '../../src/t5/quantisation.js';
import * as t from '../../src/tensors/index.js';
import { fusedOperations } from '../../src/tensors/onnx/fused.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fused-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const wave = (count: number, step: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(i * step + 0.3));
const types = (graph: t.Graph): string[] => fusedOperations(graph).map(({ type }) => type);

/** Runs a graph fused, and as it was recorded. */
const bothWays = async (
  graph: t.Graph,
  outputs: Record<string, t.Tensor>,
  feeds: ReadonlyMap<string, t.Value>,
): Promise<Record<string, number[]>[]> => {
  const results: Record<string, number[]>[] = [];
  for (const fused of [true, false]) {
    const program = await t.compile(graph, outputs, { fused, threads: 1 });
    const values = await program.run(feeds);
    results.push(
      Object.fromEntries(Object.entries(values).map(([name, { data }]) => [name, Array.from(data, Number)])),
    );
    await program.release();
  }
  return results;
};

const expectEqual = (results: Record<string, number[]>[]): void => {
  for (const [name, values] of Object.entries(results[0]))
    for (const [i, value] of values.entries()) expect(value).toBeCloseTo(results[1][name][i], 4);
};

describe('products of one input with rounded matrices of one file', () => {
  /** Matrices of so many rows after another, with what lies between their bytes. */
  const graphOf = async (rows: readonly number[], gap: number) => {
    const columns = 128;
    const matrices = rows.map((count, i) => quantiseMatrix(wave(count * columns, 0.7 + i), [count, columns], 8));
    const file = join(folder, `${rows.join('-')}-${gap}.bin`);
    const chunks: Buffer[] = [];
    const place = (data: Uint8Array | Float32Array): t.FilePlace => {
      const offset = chunks.reduce((sum, { length }) => sum + length, 0);
      chunks.push(Buffer.from(data.buffer, data.byteOffset, data.byteLength), Buffer.alloc(gap));
      return { file, offset, length: data.byteLength };
    };
    const scales = matrices.map((matrix) => place(matrix.scales));
    const blocks = matrices.map((matrix) => place(matrix.blocks));
    await writeFile(file, Buffer.concat(chunks));
    const graph = new t.Graph();
    const x = graph.input('x', 'float32', ['n', columns]);
    const outputs = Object.fromEntries(
      rows.map((count, i) => [
        `y${i}`,
        t.quantisedMatmul(
          x,
          {
            bits: 8,
            columns,
            blocks: graph.mappedWeight(`blocks${i}`, 'uint8', [count, 1, 128], blocks[i]),
            scales: graph.mappedWeight(`scales${i}`, 'float32', [count, 1], scales[i]),
          },
          'int8',
        ),
      ]),
    );
    return { graph, outputs, feeds: new Map([['x', { data: wave(2 * columns, 0.11), dims: [2, columns] }]]) };
  };

  it('become one where the matrices lie side by side, with the same results', async () => {
    const { graph, outputs, feeds } = await graphOf([6, 4, 8], 0);
    expect(types(graph)).toEqual(['MatMulNBits', 'Split']);
    expectEqual(await bothWays(graph, outputs, feeds));
  });

  it('stay apart where something lies between them', async () => {
    const { graph, outputs, feeds } = await graphOf([6, 4], 16);
    expect(types(graph)).toEqual(['MatMulNBits', 'MatMulNBits']);
    expectEqual(await bothWays(graph, outputs, feeds));
  });
});

describe('a sum that is normalised', () => {
  it('is one operation with its first norm, and still there for others', async () => {
    const graph = new t.Graph();
    const [a, b] = ['a', 'b'].map((name) => graph.input(name, 'float32', ['batch', 'tokens', 6]));
    const weight = graph.weight('weight', [6], wave(6, 0.5));
    const sum = t.add(a, b);
    const outputs = { normed: t.rmsNorm(sum, weight, 1e-6), doubled: t.mul(sum, graph.scalar(2)) };
    expect(types(graph)).toEqual(['SkipSimplifiedLayerNormalization', 'Mul']);
    const feeds = new Map(['a', 'b'].map((name, i) => [name, { data: wave(24, 0.3 + i), dims: [2, 2, 6] }]));
    expectEqual(await bothWays(graph, outputs, feeds));
  });

  it('is left alone where one term is broadcast', () => {
    const graph = new t.Graph();
    const a = graph.input('a', 'float32', ['batch', 'tokens', 6]);
    const b = graph.input('b', 'float32', [1, 'tokens', 6]);
    t.rmsNorm(t.add(a, b), graph.weight('weight', [6], wave(6, 0.5)), 1e-6);
    expect(types(graph)).toEqual(['Add', 'SimplifiedLayerNormalization']);
  });
});

describe('attention over whole sequences', () => {
  const [heads, d] = [2, 4];
  const graphOf = (biasShape: t.Shape) => {
    const graph = new t.Graph();
    const [x, y] = ['queries', 'keys'].map((tokens) => graph.input(tokens, 'float32', ['batch', tokens, heads * d]));
    const split = (z: t.Tensor): t.Tensor =>
      t.transpose(t.reshape(z, [z.shape[0], z.shape[1], heads, d]), [0, 2, 1, 3]);
    const bias = graph.input('bias', 'float32', biasShape);
    const context = t.attention(split(x), split(y), split(t.mul(y, graph.scalar(0.5))), bias, 0);
    return { graph, context: t.reshape(t.transpose(context, [0, 2, 1, 3]), ['batch', 'queries', heads * d]) };
  };
  const feeds = (bias: readonly number[]) =>
    new Map([
      ['queries', { data: wave(2 * 3 * 8, 0.37), dims: [2, 3, 8] }],
      ['keys', { data: wave(2 * 5 * 8, 0.53), dims: [2, 5, 8] }],
      [
        'bias',
        {
          data: wave(
            bias.reduce((a, b) => a * b),
            0.71,
          ),
          dims: bias,
        },
      ],
    ]);

  it('is one operation, with the same result, its bias for each batch or for all', async () => {
    for (const batch of ['batch', 1] as const) {
      const { graph, context } = graphOf([batch, heads, 'queries', 'keys']);
      expect(types(graph)).toContain('MultiHeadAttention');
      expectEqual(await bothWays(graph, { context }, feeds([batch === 1 ? 1 : 2, heads, 3, 5])));
    }
  });

  it('is left alone where the bias is broadcast over the queries', async () => {
    const { graph, context } = graphOf(['batch', 1, 1, 'keys']);
    expect(types(graph)).not.toContain('MultiHeadAttention');
    expectEqual(await bothWays(graph, { context }, feeds([2, 1, 1, 5])));
  });
});
