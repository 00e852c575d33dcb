/**
 * @file One side of bench/training.mjs: times training steps here, on random weights and tokens.
 *
 *     node bench/training-step.mjs full|lora SHAPE BATCH INPUT TARGET STEPS THREADS
 */
import { readFileSync } from 'node:fs';
import { initialWeights } from '../dist/models/untrained.js';
import { parseConfig } from '../dist/t5/config.js';
import { initialAdapter } from '../dist/t5/lora.js';
import { seededMasks } from '../dist/tensors/index.js';
import { padBatch } from '../dist/training/batch.js';
import { adamW } from '../dist/training/optimizers/adamw.js';
import { clipping } from '../dist/training/optimizers/clip.js';
import { buildTrainingStep } from '../dist/training/step.js';
import { fullTuning, loraTuning } from '../dist/training/tuning.js';
import { shapes } from './shapes.mjs';

const [mode, shape, ...numbers] = process.argv.slice(2);
const [batchSize, inputTokens, targetTokens, steps, threads] = numbers.map(Number);
const config = parseConfig(shapes[shape], shape);
let weights = initialWeights(config, 1);
const adapter = mode === 'lora' ? initialAdapter(config, { r: 16, alpha: 32, targets: ['q', 'v'] }, 1) : undefined;
const tuning = adapter === undefined ? fullTuning(weights, true) : loraTuning({ weights }, adapter, 0.1);
weights = undefined;
const step = await buildTrainingStep({ config, ownHead: true, tuning, dropout: 0.1, masks: seededMasks(1), threads });
const optimizer = adamW();
const ids = (length) => Array.from({ length }, (_, i) => 3 + ((i * 7919 + length) % 32000));
const batch = padBatch(
  Array.from({ length: batchSize }, () => ({ input: ids(inputTokens), target: ids(targetTokens) })),
  config,
);
const seconds = [];
let loss;
for (let i = 0; i < steps; i++) {
  const started = performance.now();
  loss = await step.computeGradients([batch], i);
  const { scale } = clipping(step.parameters, 1);
  optimizer.step(step.parameters, 1e-4, scale);
  seconds.push((performance.now() - started) / 1000);
}
const peakMiB = Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024);
console.log(JSON.stringify({ seconds, peakMiB, loss }));
