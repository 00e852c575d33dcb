/**
 * @file Fine-tuning a model of Flan-T5 XL's shape on one machine: random weights of the true shape made on the spot, its
 * linear layers rounded, a LoRA adapter trained on top, batch 1 with accumulation. Prints memory and tokens a second.
 *
 *     npm run build && node bench/quantised-training.mjs [SHAPE] [BITS] [INPUT] [TARGET] [ACCUMULATION] [STEPS]
 *
 * Defaults: xl 4 512 128 2 1. No file is read or written: reading a real model rounds tensor by tensor in the same way.
 */
import { readFileSync } from 'node:fs';
import { parseConfig } from '../dist/t5/config.js';
import { adaptedMatrices, initialAdapter } from '../dist/t5/lora.js';
import { parameterShapes } from '../dist/t5/parameters.js';
import { quantisedRowSize } from '../dist/t5/quantisation.js';
import { seededMasks } from '../dist/tensors/index.js';
import { padBatch } from '../dist/training/batch.js';
import { adamW } from '../dist/training/optimizers/adamw.js';
import { clipping } from '../dist/training/optimizers/clip.js';
import { buildTrainingStep } from '../dist/training/step.js';
import { loraTuning } from '../dist/training/tuning.js';
import { shapes } from './shapes.mjs';

const [shape = 'xl', ...numbers] = process.argv.slice(2);
const [bits = 4, inputTokens = 512, targetTokens = 128, accumulation = 2, steps = 1] = numbers.map(Number);
const config = parseConfig(shapes[shape], shape);
const memory = () => {
  const status = readFileSync('/proc/self/status', 'utf8');
  const gib = (name) => (Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)[1]) / 2 ** 20).toFixed(2);
  return `${gib('VmRSS')} GiB, peak ${gib('VmHWM')} GiB`;
};

/** xorshift32: three thousand million numbers have to come quickly. */
let state = 2463534242;
const next = () => {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return state >>> 0;
};
const linear = adaptedMatrices(config, ['all']);
const weights = new Map();
const quantised = new Map();
let parameters = 0;
for (const [name, dims] of parameterShapes(config, true)) {
  const count = dims.reduce((a, b) => a * b, 1);
  parameters += count;
  if (linear.has(name)) {
    // Uniform integers with the scale that gives T5's untrained deviation.
    const [rows, columns] = dims;
    const size = quantisedRowSize(columns, bits);
    const blocks = new Uint8Array(rows * size.bytes);
    const words = new Uint32Array(blocks.buffer, 0, blocks.length >> 2);
    for (let i = 0; i < words.length; i++) words[i] = next();
    const deviation = (2 ** bits / Math.sqrt(12)) * Math.sqrt(columns) * (name.endsWith('.q.weight') ? 8 : 1);
    quantised.set(name, {
      bits,
      shape: dims,
      blocks,
      scales: new Float32Array(rows * size.scales).fill(1 / deviation),
    });
  } else {
    const data = new Float32Array(count);
    if (dims.length === 1) data.fill(1);
    else for (let i = 0; i < count; i++) data[i] = (next() / 2 ** 32 - 0.5) * (name === 'shared.weight' ? 2 : 0.1);
    weights.set(name, { shape: dims, data });
  }
}
console.log(`${(parameters / 1e9).toFixed(2)} billion parameters, linear layers of ${bits} bits: ${memory()}`);

const adapter = initialAdapter(config, { r: 8, alpha: 32, targets: ['q', 'v'] }, 1);
const tuning = loraTuning({ weights, quantised }, adapter, 0.1);
const step = await buildTrainingStep({ config, ownHead: true, tuning, dropout: 0.1, masks: seededMasks(1) });
console.log(`compiled: ${memory()}`);
const ids = (length, seed) => Array.from({ length }, (_, i) => 3 + ((i * 7919 + seed * 31) % 32000));
const batches = Array.from({ length: accumulation }, (_, seed) =>
  padBatch([{ input: ids(inputTokens, seed), target: ids(targetTokens, seed) }], config),
);
const optimizer = adamW();
for (let i = 0; i < steps; i++) {
  const started = performance.now();
  const loss = await step.computeGradients(batches, i);
  const { norm, scale } = clipping(step.parameters, 1);
  optimizer.step(step.parameters, 1e-3, scale);
  const seconds = (performance.now() - started) / 1000;
  const tokens = accumulation * (inputTokens + targetTokens);
  console.log(
    `step ${i + 1}: loss ${loss.toFixed(3)}, gradient norm ${norm.toPrecision(3)}, ${seconds.toFixed(1)} s for ${tokens} tokens, ${(tokens / seconds).toFixed(1)} tokens/s; ${memory()}`,
  );
}
