/**
 * @file What a checkpoint costs: median seconds of writing one of a Flan-T5's shape with AdamW's two moments a weight, flushed
 * to the disk, all weights or a LoRA adapter. The folder decides which disk.
 *
 *     node bench/checkpoint.mjs [SHAPE] [FOLDER]
 */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initialWeights } from '../dist/models/untrained.js';
import { parseConfig } from '../dist/t5/config.js';
import { initialAdapter } from '../dist/t5/lora.js';
import { saveCheckpoint } from '../dist/training/checkpoint.js';
import { fullTuning, loraTuning } from '../dist/training/tuning.js';
import { shapes } from './shapes.mjs';

const [shape = 'small', parent = tmpdir()] = process.argv.slice(2);
const TIMES = 5;
const config = parseConfig(shapes[shape], shape);
const weights = initialWeights(config, 1);
const adapter = initialAdapter(config, { r: 8, alpha: 32, targets: ['q', 'v'] }, 1);
const tunings = { 'all weights': fullTuning(weights, true), LoRA: loraTuning({ weights }, adapter, 0) };
for (const [name, { trained }] of Object.entries(tunings)) {
  const parameters = [...trained].map(([each, { shape: dims, data }]) => ({ name: each, shape: dims, value: data }));
  const moments = new Map(
    parameters.flatMap(({ name: each, value }) => ['m', 'v'].map((kind) => [`${kind}.${each}`, value.slice()])),
  );
  const folder = await mkdtemp(join(parent, 'checkpoint-'));
  const seconds = [];
  for (let step = 1; step <= TIMES; step++) {
    const started = performance.now();
    await saveCheckpoint(folder, { step, seconds: 0, fingerprint: '' }, parameters, moments);
    seconds.push((performance.now() - started) / 1000);
  }
  const { size } = await stat(join(folder, `step-${String(TIMES).padStart(8, '0')}.safetensors`));
  await rm(folder, { recursive: true });
  const median = seconds.sort((a, b) => a - b)[Math.floor(TIMES / 2)];
  const share = (100 * median) / 600;
  console.log(
    `flan-t5-${shape}, ${name}: ${(size / 1e6).toFixed(0)} MB in ${median.toFixed(2)} s, ${share.toFixed(2)} % of ten minutes`,
  );
}
