/**
 * @file Drafting's speed beside its peer's, Transformers on PyTorch, with random weights of a Flan-T5's true shape:
 * seconds of a draft, milliseconds a step, and the share of the limit that reading the decoder's weights once a step
 * sets. Both run in turn, so that what else the machine does weighs on both.
 *
 *     npm run build && node bench/generation.mjs SHAPE PYTHON [CASES] [ROUNDS] [THREADS]
 *
 * SHAPE: small, base, large or xl. PYTHON: an interpreter with torch and transformers, or - for no peer. CASES: a comma
 * list of WEIGHTS:BATCH:BEAMS, default float32:1:1,int8:1:1,int4:1:1,float32:8:1,int8:8:1,float32:1:4,int8:1:4.
 * On a machine that others use too, wall time says little: with one thread the processor time of both is fair, and is
 * what the ratios are of.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createEngine } from '../dist/generation/decode.js';
import { prepareDecoder } from '../dist/generation/prepare.js';
import { parseConfig } from '../dist/t5/config.js';
import { parameterShapes } from '../dist/t5/parameters.js';
import { compile, Graph, matmul, QUANTISED_BLOCK } from '../dist/tensors/index.js';

const SHAPES = {
  small: { d_model: 512, d_kv: 64, d_ff: 1024, num_layers: 8, num_decoder_layers: 8, num_heads: 6 },
  base: { d_model: 768, d_kv: 64, d_ff: 2048, num_layers: 12, num_decoder_layers: 12, num_heads: 12 },
  large: { d_model: 1024, d_kv: 64, d_ff: 2816, num_layers: 24, num_decoder_layers: 24, num_heads: 16 },
  xl: { d_model: 2048, d_kv: 64, d_ff: 5120, num_layers: 24, num_decoder_layers: 24, num_heads: 32 },
};
const [shape, python = '-', cases = '', rounds = '3', threads = '2'] = process.argv.slice(2);
if (!(shape in SHAPES)) {
  console.error('usage: node bench/generation.mjs small|base|large|xl [PYTHON|-] [CASES] [ROUNDS]');
  process.exit(2);
}
const DEFAULT_CASES = 'float32:1:1,int8:1:1,int4:1:1,float32:8:1,int8:8:1,float32:1:4,int8:1:4';
const wanted = (cases || DEFAULT_CASES).split(',').map((text) => {
  const [weights, batch, beams] = text.split(':');
  return { weights, batch: Number(batch), beams: Number(beams) };
});
const THREADS = Number(threads);
const INPUT = 256;
const NEW = shape === 'xl' ? 40 : 64;
const BYTES = { float32: 4, int8: 1 + 4 / QUANTISED_BLOCK[8], int4: 0.5 + 4 / QUANTISED_BLOCK[4] };
const config = {
  model_type: 't5',
  vocab_size: 32128,
  ...SHAPES[shape],
  feed_forward_proj: 'gated-gelu',
  tie_word_embeddings: false,
  decoder_start_token_id: 0,
};
const parsed = parseConfig(config, 'bench');
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const resident = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1e6;
const peak = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1e6;

/** Seconds: of the processor where one thread does all, else of the wall. */
const clock = () => {
  if (THREADS > 1) return performance.now() / 1000;
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** A model directory of random weights, kept for the next run. XL is written as bfloat16, as its hub files may be. */
const modelFolder = () => {
  const folder = join(tmpdir(), `impressionist-bench-${shape}`);
  const path = join(folder, 'model.safetensors');
  if (existsSync(path)) return folder;
  mkdirSync(folder, { recursive: true });
  const half = shape === 'xl';
  const shapes = [...parameterShapes(parsed, true)];
  let offset = 0;
  const header = {};
  for (const [name, dims] of shapes) {
    const bytes = dims.reduce((a, b) => a * b, 1) * (half ? 2 : 4);
    header[name] = { dtype: half ? 'BF16' : 'F32', shape: dims, data_offsets: [offset, offset + bytes] };
    offset += bytes;
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Math.ceil(json.length / 64) * 64 + 56;
  const start = Buffer.alloc(8 + length, ' ');
  start.writeBigUInt64LE(BigInt(length));
  json.copy(start, 8);
  const file = openSync(path, 'w');
  writeSync(file, start);
  let state = 1;
  for (const [, dims] of shapes) {
    const data = new Float32Array(dims.reduce((a, b) => a * b, 1));
    // Uniform numbers of the deviation that keeps a layer's output as large as its input.
    const scale = Math.sqrt(3 / dims.at(-1));
    for (let i = 0; i < data.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      data[i] = dims.length === 1 ? 1 : (state / 2 ** 31) * scale;
    }
    if (half) {
      const words = new Uint32Array(data.buffer);
      const halves = new Uint16Array(words.length);
      for (let i = 0; i < words.length; i++) halves[i] = words[i] >>> 16;
      writeSync(file, halves);
    } else writeSync(file, data);
  }
  closeSync(file);
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  return folder;
};

/** Bytes a second at which a product with one row reads its matrix. */
const bandwidth = async () => {
  const [k, n] = [4096, 24576];
  const graph = new Graph();
  const x = graph.input('x', 'float32', [1, k]);
  const y = matmul(x, graph.weight('w', [k, n], new Float32Array(k * n).fill(0.01)));
  const program = await compile(graph, { y }, { threads: THREADS });
  const feeds = new Map([['x', { data: new Float32Array(k), dims: [1, k] }]]);
  const seconds = [];
  for (let i = 0; i < 9; i++) {
    const started = clock();
    await program.run(feeds);
    seconds.push(clock() - started);
  }
  await program.release();
  return (k * n * 4) / Math.min(...seconds);
};

/** Weights that a decoding step reads: the decoder's without the keys and values of the input, and the head. */
const decoderWeights = () => {
  let count = 0;
  for (const [name, dims] of parameterShapes(parsed, true)) {
    if (dims.length < 2 || !/^(decoder|lm_head)/.test(name) || /EncDecAttention\.[kv]/.test(name)) continue;
    count += dims.reduce((a, b) => a * b, 1);
  }
  return count;
};

const folder = modelFolder();
const speed = await bandwidth();
console.log(
  `flan-t5-${shape}, ${INPUT} input and ${NEW} new tokens, ${THREADS === 1 ? '1 thread, processor time' : `${THREADS} threads`}, medians of ${rounds}; ` +
    `load ${loadavg()[0].toFixed(1)}; a matrix-vector product reads ${(speed / 1e9).toFixed(1)} GB/s`,
);
const model = { config: parsed, directory: folder };
const random = (seed) => Array.from({ length: INPUT }, (_, i) => 2 + ((seed * 7919 + i * 104729) % 30000));

for (const { weights, batch, beams } of wanted) {
  const options = { weights, batchSize: batch, threads: THREADS, maxNewTokens: NEW, minNewTokens: NEW };
  const decoder = await prepareDecoder(model, options);
  const searching = beams > 1 ? { beams } : { copyTokens: 0 };
  const engine = createEngine(decoder, { ...options, ...searching });
  const inputs = Array.from({ length: batch }, (_, row) => random(row + 1));
  const timed = async (run) => {
    const seconds = [];
    for (let round = 0; round < Number(rounds); round++) {
      const started = clock();
      await run();
      seconds.push(clock() - started);
    }
    return median(seconds);
  };
  await engine.decodeAll(inputs); // the first run lays out memory and compiles
  const encoder = await timed(() => decoder.encode(inputs));
  const total = await timed(() => engine.decodeAll(inputs));
  const step = ((total - encoder) / NEW) * 1000;
  const limit = ((decoderWeights() * BYTES[weights]) / speed) * 1000;
  let line =
    `${weights.padEnd(7)} batch ${batch} beams ${beams}: ${total.toFixed(2)} s, encoder ${encoder.toFixed(2)} s, ` +
    `${step.toFixed(1)} ms a step; limit ${limit.toFixed(1)} ms (${Math.round((limit / step) * 100)} % of it reached); ` +
    `resident ${resident().toFixed(2)} GB (peak ${peak().toFixed(2)})`;
  await engine.release();
  if (python !== '-') {
    const kinds = weights === 'float32' || beams > 1 || batch > 1 ? [false] : [false, true];
    for (const int8 of kinds) {
      const task = {
        config,
        input: INPUT,
        new: NEW,
        threads: THREADS,
        rounds: Number(rounds),
        cases: [{ batch, beams, int8 }],
      };
      const peer = JSON.parse(
        execFileSync(
          python,
          [fileURLToPath(new URL('peers/generation_peer.py', import.meta.url)), JSON.stringify(task)],
          {
            encoding: 'utf8',
            stdio: ['ignore', 'pipe', 'ignore'],
          },
        ),
      );
      line +=
        `\n    Transformers ${int8 ? 'int8' : 'float32'}: ${peer.total.toFixed(2)} s, ${peer.step.toFixed(1)} ms a step; ` +
        `ratio ${(peer.total / total).toFixed(2)} in all, ${(peer.step / step).toFixed(2)} a step`;
    }
  }
  console.log(`${line}; load ${loadavg()[0].toFixed(1)}`);
}
