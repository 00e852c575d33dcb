/**
 * @file An epoch over real reports beside Transformers' Trainer as it runs by default: tokens a second, padding not counted.
 * The same token ids on both sides, flan-t5-small's shape with random weights, batch 8, 2 threads, full fine-tuning.
 *
 *     npm run build && node bench/epoch.mjs PYTHON DATA.json [BATCHES] [ROUNDS]
 *
 * BATCHES: evenly spaced ones out of the epoch's (20). Also prints the share of padding on each side over the whole epoch.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Random } from '../dist/ground/random.js';
import { encodeInput, encodeTarget } from '../dist/models/encoding.js';
import { tinyTokenizer } from '../dist/models/tiny.js';
import { DEFAULT_PROMPT } from '../dist/reports/prompt.js';
import { epochBatches } from '../dist/training/batches.js';
import { shapes } from './shapes.mjs';

const [python, data, batches = '20', rounds = '1'] = process.argv.slice(2);
if (data === undefined) {
  console.error('usage: node bench/epoch.mjs PYTHON DATA.json [BATCHES] [ROUNDS]');
  process.exit(2);
}
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'bench-epoch-'));
const tokenizer = await tinyTokenizer();
const pairs = JSON.parse(readFileSync(data, 'utf8')).map((example) => ({
  input: encodeInput(tokenizer, DEFAULT_PROMPT, example, 896).ids,
  target: encodeTarget(tokenizer, example.impression, 128).ids,
}));
const [pairsFile, config] = ['pairs.json', 'config.json'].map((name) => join(folder, name));
writeFileSync(pairsFile, JSON.stringify(pairs));
writeFileSync(config, JSON.stringify(shapes.small));

const padding = (made) => {
  let [real, padded] = [0, 0];
  for (const members of made) {
    for (const side of ['input', 'target']) {
      const lengths = members.map((index) => pairs[index][side].length);
      real += lengths.reduce((a, b) => a + b, 0);
      padded += Math.max(...lengths) * lengths.length;
    }
  }
  return `${(100 * (1 - real / padded)).toFixed(1)} % padding`;
};
const lengths = pairs.map(({ input, target }) => ({ input: input.length, target: target.length }));
const order = Random.seeded(0).shuffle(pairs.map((_, i) => i));
const random = Array.from({ length: Math.ceil(order.length / 8) }, (_, i) => order.slice(i * 8, i * 8 + 8));
console.log(
  `${pairs.length} reports; batches of like length: ${padding(epochBatches(lengths, 8, 1, 0))}, random ones: ${padding(random)}`,
);

const sides = {
  impressionist: [process.execPath, [here('epoch-side.mjs'), pairsFile, 'small', batches, '2']],
  'Transformers Trainer': [python, [here('peers/epoch.py'), pairsFile, config, batches, '2']],
};
const rates = { impressionist: [], 'Transformers Trainer': [] };
for (let round = 0; round < Number(rounds); round++) {
  for (const [name, [command, args]] of Object.entries(sides)) {
    const output = execFileSync(command, args, { stdio: ['ignore', 'pipe', 'ignore'] }).toString();
    const { tokens, seconds } = JSON.parse(output.trim().split('\n').at(-1));
    rates[name].push(tokens / seconds);
  }
}
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
for (const [name, values] of Object.entries(rates))
  console.log(`  ${name.padEnd(22)} ${Math.round(median(values))} tokens/s`);
console.log(`  ${(median(rates.impressionist) / median(rates['Transformers Trainer'])).toFixed(2)} times the peer's`);
rmSync(folder, { recursive: true });
