/**
 * @file Training steps beside Transformers on PyTorch (eager, float32): the same shape, batch and threads, each side in
 * processes of its own, in turns; medians without each process's first step, and peak memory.
 *
 *     npm run build && node bench/training.mjs PYTHON [SHAPE] [MODE] [ROUNDS] [STEPS]
 *
 * PYTHON has torch, transformers and peft. SHAPE: small (default), base. MODE: full, lora, both (default).
 * Batch 8 of 256 + 64 tokens, 2 threads; LoRA of rank 16 on q and v.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { shapes } from './shapes.mjs';

const [python, shape = 'small', modes = 'both', rounds = '2', steps = '4'] = process.argv.slice(2);
if (python === undefined) {
  console.error('usage: node bench/training.mjs PYTHON [SHAPE] [full|lora|both] [ROUNDS] [STEPS]');
  process.exit(2);
}
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'bench-training-'));
const config = join(folder, 'config.json');
writeFileSync(config, JSON.stringify(shapes[shape]));
const size = ['8', '256', '64', steps, '2'];
const run = (command, args) =>
  JSON.parse(
    execFileSync(command, args, { stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .trim()
      .split('\n')
      .at(-1),
  );
const sides = (mode) => ({
  impressionist: () => run(process.execPath, [here('training-step.mjs'), mode, shape, ...size]),
  'Transformers + PyTorch': () => run(python, [here('peers/training.py'), mode, config, ...size]),
});
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

for (const mode of modes === 'both' ? ['full', 'lora'] : [modes]) {
  const found = {};
  for (let round = 0; round < Number(rounds); round++) {
    for (const [name, measure] of Object.entries(sides(mode))) {
      const { seconds, peakMiB } = measure();
      found[name] ??= { seconds: [], peakMiB: 0 };
      const side = found[name];
      side.seconds.push(...seconds.slice(1));
      side.peakMiB = Math.max(side.peakMiB, peakMiB);
    }
  }
  console.log(
    `flan-t5-${shape} shape, ${mode} step, batch 8 x (256 + 64) tokens, 2 threads, ${rounds} x ${Number(steps) - 1} steps`,
  );
  for (const [name, { seconds, peakMiB }] of Object.entries(found))
    console.log(
      `  ${name.padEnd(24)} ${median(seconds).toFixed(2)} s (${Math.min(...seconds).toFixed(2)} to ${Math.max(...seconds).toFixed(2)}), peak ${peakMiB} MiB`,
    );
  const [ours, peer] = Object.values(found);
  console.log(`  ${(median(peer.seconds) / median(ours.seconds)).toFixed(2)} times the peer's speed`);
}
rmSync(folder, { recursive: true });
