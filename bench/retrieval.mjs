/**
 * @file Whether `--retrieve` and the background help: `tiny` trained four times on the same folds (with and without each),
 * scored on patients it has not seen, beside the fixed sentence and the nearest report's impression.
 *
 *     npm run build && node bench/retrieval.mjs DATA [MINUTES] [FOLD] [K] [RUNS] [ONLY]
 *
 * DATA: examples (.json); MINUTES of each training (10); FOLD 0 to 4, the fifth of the patients that is kept back (0);
 * K similar reports (3); RUNS: the folder that an earlier call kept, whose models are scored again (- for none);
 * ONLY: one of the four, by whether it has background and similar reports, such as true-true. Each model drafts
 * greedily, and as similar reports choose (`--rerank similar`). Prints stemmed ROUGE-L over all kept-back reports, over
 * those that the fixed sentence does not fit (its own ROUGE-L below 0.5), and over those it fits least (below 0.3).
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fixedSentence } from '../dist/evaluation/baselines.js';
import { createRougeScorer } from '../dist/evaluation/rouge.js';
import { indexReports } from '../dist/reports/similar.js';

const [data, minutes = '10', fold = '0', k = '3', runs = '-', only] = process.argv.slice(2);
if (data === undefined) {
  console.error('usage: node bench/retrieval.mjs DATA [MINUTES] [FOLD] [K] [RUNS] [ONLY]');
  process.exit(2);
}
const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const folder = runs === '-' ? mkdtempSync(join(tmpdir(), 'bench-retrieval-')) : runs;
const examples = JSON.parse(readFileSync(data, 'utf8'));
const foldOf = ({ subject_id, study_id }) =>
  createHash('sha256')
    .update(String(subject_id || study_id))
    .digest()
    .readUInt32BE(0) % 5;
const train = examples.filter((each) => foldOf(each) !== Number(fold));
const test = examples.filter((each) => foldOf(each) === Number(fold));
const [trainFile, testFile] = ['train.json', 'test.json'].map((name) => join(folder, name));
writeFileSync(trainFile, JSON.stringify(train));
writeFileSync(testFile, JSON.stringify(test));

const rouge = createRougeScorer(['rougeL']);
const rougeL = (reference, prediction) => rouge.score(reference, prediction).stemmed.rougeL.fmeasure;
const fit = test.map(({ impression }) => rougeL(impression, fixedSentence));
const mean = (values) => values.reduce((total, value) => total + value, 0) / values.length;
const show = (name, predictions) => {
  const scores = test.map(({ impression }, i) => rougeL(impression, predictions[i]));
  const below = (limit) => mean(scores.filter((_, i) => fit[i] < limit)).toFixed(3);
  console.log(`${name.padEnd(66)} ${mean(scores).toFixed(3)}  ${below(0.5)}  ${below(0.3)}`);
};

console.log(
  `${train.length} training reports, ${test.length} kept back, fitted by the fixed sentence below 0.5: ${fit.filter((score) => score < 0.5).length}, below 0.3: ${fit.filter((score) => score < 0.3).length}`,
);
console.log(`${'stemmed ROUGE-L'.padEnd(66)} all    < 0.5  < 0.3`);
show(
  `always "${fixedSentence}"`,
  test.map(() => fixedSentence),
);
const reports = train.map((each) => ({ studyId: String(each.study_id), subjectId: String(each.subject_id), ...each }));
const index = indexReports(reports);
show(
  'the nearest report’s impression (BM25)',
  test.map(({ findings }) => index.search({ findings }, 1)[0]?.impression ?? ''),
);

const parts = { similar: 'Impressions of similar reports: {similar} ', background: 'Background: {background} ' };
for (const background of [false, true]) {
  for (const retrieve of [false, true]) {
    if (only !== undefined && only !== `${background}-${retrieve}`) continue;
    const name = `${background ? 'with' : 'without'} background, ${retrieve ? `with ${k}` : 'without'} similar reports`;
    const run = join(folder, `${background}-${retrieve}`);
    const prompt = `${retrieve ? parts.similar : ''}${background ? parts.background : ''}Findings: {findings}`;
    const options = ['--model', 'tiny', '--out', run, '--minutes', minutes, '--prompt', prompt];
    const command = (...args) => execFileSync(process.execPath, [main, ...args], { stdio: 'ignore' });
    if (!existsSync(join(run, 'model', 'README.md')))
      command('train', trainFile, ...options, '--retrieve', retrieve ? k : '0');
    const drafts = join(run, 'drafts-of-test.jsonl');
    const model = ['--data', testFile, '--model', join(run, 'model'), '--out', drafts];
    const beams = ['--beams', '8', '--n-best', '8', '--rerank', 'similar'];
    for (const [how, more] of [
      ['greedy', ['--beams', '1']],
      ['chosen by similar', retrieve ? [] : [...beams, '--similar-reports', trainFile]],
    ]) {
      command('generate', ...model, ...more);
      const lines = readFileSync(drafts, 'utf8').trimEnd().split('\n');
      show(
        `${name}, ${how}`,
        lines.map((line) => JSON.parse(line).impression),
      );
    }
  }
}
console.log(`Runs kept in ${folder}`);
