/**
 * @file How fast ONNX Runtime multiplies with a matrix rounded to 4 or 8 bits, by the length of its blocks: why
 * `QUANTISED_BLOCK` is what it is. One row is a decoding step, which waits for memory; 256 are an encoder's.
 *
 *     npm run build && node bench/rounded-products.mjs [COLUMNS] [ROWS] [THREADS]
 *
 * COLUMNS and ROWS of the matrix (out, in): 5120 and 2048, flan-t5-xl's; several of them in turn, so that none stays in a cache.
 */
import { compile, Graph } from '../dist/tensors/index.js';

const [columns = 2048, rows = 5120, threads = 2] = process.argv.slice(2).map(Number);
const MATRICES = Math.ceil(160e6 / (rows * columns));
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

for (const bits of [4, 8]) {
  for (const block of [32, 64, 128]) {
    const graph = new Graph();
    const x = graph.input('x', 'float32', ['n', columns]);
    const count = Math.ceil(columns / block);
    const outputs = Object.fromEntries(
      Array.from({ length: MATRICES }, (_, i) => {
        const blocks = Uint8Array.from({ length: (rows * count * block * bits) / 8 }, (_, at) => (at * 37 + i) & 255);
        const inputs = [
          x,
          graph.weight(`blocks${i}`, [rows, count, (block * bits) / 8], blocks),
          graph.weight(`scales${i}`, [rows, count], new Float32Array(rows * count).fill(0.01)),
        ];
        const [y] = graph.record('MatMulNBits', inputs, {
          domain: 'com.microsoft',
          attributes: {
            K: { int: columns },
            N: { int: rows },
            bits: { int: bits },
            block_size: { int: block },
            accuracy_level: { int: 4 },
          },
          outputs: [{ dtype: 'float32', shape: ['n', rows] }],
        });
        return [`y${i}`, y];
      }),
    );
    const program = await compile(graph, outputs, { threads });
    const line = [];
    for (const n of [1, 256]) {
      const feeds = new Map([['x', { data: new Float32Array(n * columns).fill(0.1), dims: [n, columns] }]]);
      const times = [];
      for (let i = 0; i < (n === 1 ? 15 : 5); i++) {
        const started = performance.now();
        await program.run(feeds);
        times.push((performance.now() - started) / 1000);
      }
      const seconds = median(times) / MATRICES;
      const weights = rows * columns;
      line.push(
        n === 1
          ? `1 row: ${(weights / seconds / 1e9).toFixed(1)} G weights/s, ${((weights * (bits / 8 + 4 / block)) / seconds / 1e9).toFixed(1)} GB/s`
          : `${n} rows: ${((2 * n * weights) / seconds / 1e9).toFixed(0)} GFLOP/s`,
      );
    }
    await program.release();
    console.log(`${bits} bits, blocks of ${block}: ${line.join('; ')}`);
  }
}
