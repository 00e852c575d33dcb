/**
 * @file One side of bench/epoch.mjs: trains on a share of an epoch's batches, as this package makes them.
 *
 *     node bench/epoch-side.mjs PAIRS.json SHAPE BATCHES THREADS
 */
import { readFileSync } from 'node:fs';
import { initialWeights } from '../dist/models/untrained.js';
import { parseConfig } from '../dist/t5/config.js';
import { seededMasks } from '../dist/tensors/index.js';
import { padBatch } from '../dist/training/batch.js';
import { epochBatches, isWorthPacking } from '../dist/training/batches.js';
import { adamW } from '../dist/training/optimizers/adamw.js';
import { clipping } from '../dist/training/optimizers/clip.js';
import { buildTrainingStep } from '../dist/training/step.js';
import { fullTuning } from '../dist/training/tuning.js';
import { shapes } from './shapes.mjs';

const [file, shape, count, threads] = process.argv.slice(2);
const pairs = JSON.parse(readFileSync(file, 'utf8'));
const config = parseConfig(shapes[shape], shape);
const tuning = fullTuning(initialWeights(config, 1), true);
const lengths = pairs.map(({ input, target }) => ({ input: input.length, target: target.length }));
const all = epochBatches(lengths, 8, 1, 0);
const step = await buildTrainingStep({
  config,
  ownHead: true,
  tuning,
  dropout: 0.1,
  masks: seededMasks(1),
  threads: Number(threads),
  packed: isWorthPacking(lengths, all),
});
const every = Math.max(1, Math.floor(all.length / Number(count)));
const chosen = all.filter((_, i) => i % every === 0).slice(0, Number(count));
const optimizer = adamW();
let [tokens, seconds] = [0, 0];
for (const [i, members] of chosen.entries()) {
  const batch = padBatch(
    members.map((index) => pairs[index]),
    config,
  );
  const started = performance.now();
  await step.computeGradients([batch], i);
  const { scale } = clipping(step.parameters, 1);
  optimizer.step(step.parameters, 1e-4, scale);
  if (i === 0) continue; // the first step warms up
  seconds += (performance.now() - started) / 1000;
  tokens += members.reduce((total, index) => total + lengths[index].input + lengths[index].target, 0);
}
console.log(JSON.stringify({ tokens, seconds }));
