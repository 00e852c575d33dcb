import { describe, expect, it } from 'vitest';
import { dequantiseMatrix, quantiseMatrix } from '../../src/t5/quantisation.js';
import * as t from '../../src/tensors/index.js';

const wave = (count: number, step: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(i * step + 0.3));

/** x Wᵀ, its sum weighted by w, and the gradient of that sum for x. */
const build = async (bits: t.QuantisedBits, columns: number, activations: t.QuantisedActivations) => {
  const quantised = quantiseMatrix(wave(6 * columns, 0.7), [6, columns], bits);
  const blocks = Math.ceil(columns / t.QUANTISED_BLOCK[bits]);
  const graph = new t.Graph();
  const x = graph.input('x', 'float32', ['n', columns]);
  const matrix = {
    bits,
    columns,
    blocks: graph.weight('blocks', [6, blocks, (t.QUANTISED_BLOCK[bits] * bits) / 8], quantised.blocks),
    scales: graph.weight('scales', [6, blocks], quantised.scales),
  };
  const y = t.quantisedMatmul(x, matrix, activations);
  const loss = t.sum(t.mul(y, graph.constant('float32', [6], [1, -0.5, 2, 0.3, -1, 0.7])));
  const [dx] = t.gradients(loss, [x]);
  const program = await t.compile(graph, { y, loss, dx, w: t.dequantised(matrix) });
  return { program, weights: dequantiseMatrix(quantised) };
};

describe.each([
  [4, 128],
  [8, 256],
  [4, 40],
  [8, 40],
  [4, 72],
  [8, 136],
] as const)('a product with a %i-bit matrix of %i columns', (bits, columns) => {
  it('is that with the matrix it stands for, to the rounding of the activations', async () => {
    const data = wave(3 * columns, 0.11);
    for (const [activations, tolerance] of [
      ['float32', 1e-5],
      ['int8', 0.15],
    ] as const) {
      const { program, weights } = await build(bits, columns, activations);
      const { y, w } = await program.run(new Map([['x', { data, dims: [3, columns] }]]));
      expect([...(w.data as Float32Array)]).toEqual([...weights]);
      for (let n = 0; n < 3; n++) {
        for (let o = 0; o < 6; o++) {
          let exact = 0;
          for (let c = 0; c < columns; c++) exact += data[n * columns + c] * weights[o * columns + c];
          expect(Math.abs((y.data as Float32Array)[n * 6 + o] - exact)).toBeLessThan(tolerance);
        }
      }
      await program.release();
    }
  });

  it('has the gradient that central finite differences show', async () => {
    const { program } = await build(bits, columns, 'float32');
    const data = wave(3 * columns, 0.11);
    const run = () => program.run(new Map([['x', { data, dims: [3, columns] }]]));
    const gradient = (await run()).dx.data as Float32Array;
    for (let i = 0; i < data.length; i += 7) {
      const kept = data[i];
      data[i] = kept + 0.5; // linear in x, so that the step may be large
      const above = ((await run()).loss.data as Float32Array)[0];
      data[i] = kept - 0.5;
      const below = ((await run()).loss.data as Float32Array)[0];
      data[i] = kept;
      expect(Math.abs(above - below - gradient[i])).toBeLessThan(1e-4);
    }
    await program.release();
  });
});

describe('quantising', () => {
  it.each([4, 8] as const)('to %i bits keeps every element within a step of its block', (bits) => {
    const block = t.QUANTISED_BLOCK[bits];
    const data = wave(8 * 3 * block, 1.7);
    const quantised = quantiseMatrix(data, [8, 3 * block], bits);
    const back = dequantiseMatrix(quantised);
    for (let i = 0; i < data.length; i++) {
      const step = Math.abs(quantised.scales[Math.floor(i / block)]);
      expect(Math.abs(back[i] - data[i])).toBeLessThanOrEqual(step * 1.0001);
    }
    const squares = (values: Iterable<number>) => [...values].reduce((total, value) => total + value * value, 0);
    const noise = Math.sqrt(squares(data.map((value, i) => back[i] - value)) / squares(data));
    expect(noise).toBeLessThan(bits === 8 ? 0.005 : 0.08);
  });

  it('leaves a block of zeros zero', () => {
    expect([...dequantiseMatrix(quantiseMatrix(new Float32Array(64), [1, 64], 4))]).toEqual(new Array(64).fill(0));
  });

  it('refuses shapes that do not fit', () => {
    const graph = new t.Graph();
    const blocks = graph.weight('blocks', [2, 1, 16], new Uint8Array(32));
    const scales = graph.weight('scales', [2, 1], new Float32Array(2));
    const x = graph.input('x', 'float32', ['n', 48]);
    expect(() => t.quantisedMatmul(x, { bits: 4, columns: 48, blocks, scales })).toThrow('do not fit');
  });
});
