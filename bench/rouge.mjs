/**
 * @file ROUGE against google-research's `rouge_score`: both stemmer settings, ROUGE-1, 2, L and Lsum, 2,000 pairs, one
 * process each, medians of several rounds, and whether the means agree.
 *
 *     npm run build && PYTHONPATH=WHERE_ROUGE_SCORE_LIES node bench/rouge.mjs PYTHON [PAIRS.json] [ROUNDS]
 *
 * PAIRS.json: a list of {"target", "prediction"}; without it the test fixture's references, each with other predictions.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { createRougeScorer } from '../dist/evaluation/rouge.js';

const [python, pairsFile, rounds = '9'] = process.argv.slice(2);
if (python === undefined) {
  console.error('usage: node bench/rouge.mjs PYTHON [PAIRS.json] [ROUNDS]');
  process.exit(2);
}

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const fixture = () => {
  const pairs = JSON.parse(
    gunzipSync(readFileSync(here('../test/fixtures/evaluation/rouge-pairs.json.gz'))).toString(),
  );
  return Array.from({ length: 2000 }, (_, i) => ({
    target: pairs[i % pairs.length].target,
    prediction: pairs[(i + 7 * Math.floor(i / pairs.length)) % pairs.length].prediction,
  }));
};
const pairs = pairsFile === undefined ? fixture() : JSON.parse(readFileSync(pairsFile, 'utf8'));
const types = ['rouge1', 'rouge2', 'rougeL', 'rougeLsum'];
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

const seconds = [];
let means = [];
for (let round = 0; round < Number(rounds); round += 1) {
  const started = performance.now();
  const scorer = createRougeScorer(types);
  const totals = new Array(8).fill(0);
  for (const { target, prediction } of pairs) {
    const scores = scorer.score(target, prediction);
    let place = 0;
    for (const setting of ['plain', 'stemmed'])
      for (const type of types) totals[place++] += scores[setting][type].fmeasure;
  }
  seconds.push((performance.now() - started) / 1000);
  means = totals.map((total) => total / pairs.length);
}

const folder = mkdtempSync(join(tmpdir(), 'rouge-'));
const file = join(folder, 'pairs.json');
writeFileSync(file, JSON.stringify(pairs));
const peer = JSON.parse(execFileSync(python, [here('peers/rouge_peer.py'), file, rounds], { encoding: 'utf8' }));
rmSync(folder, { recursive: true });

const ours = median(seconds);
const theirs = median(peer.seconds);
const apart = Math.max(...means.map((mean, i) => Math.abs(mean - peer.means[i])));
console.log(`${pairs.length} pairs, plain and stemmed, ${types.join(' ')}, median of ${rounds} rounds`);
console.log(
  `impressionist  ${ours.toFixed(4)} s  ${Math.round(pairs.length / ours)} pairs/s  (first round ${seconds[0].toFixed(4)} s)`,
);
console.log(`rouge_score    ${theirs.toFixed(4)} s  ${Math.round(pairs.length / theirs)} pairs/s`);
console.log(`ratio          ${(theirs / ours).toFixed(1)} (first round ${(theirs / seconds[0]).toFixed(1)})`);
console.log(`largest difference of a mean F  ${apart.toExponential(1)}`);
