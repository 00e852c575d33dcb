/**
 * @file The labeling rules against the sentences labelled by hand: the table of docs/evaluation.md.
 *
 *     npm run build && node bench/labels.mjs
 */
import { readFileSync } from 'node:fs';
import { labelReport } from '../dist/evaluation/labels/label.js';
import { observations } from '../dist/evaluation/labels/observations.js';

const file = new URL('../test/fixtures/evaluation/labelled-sentences.jsonl', import.meta.url);
const sentences = readFileSync(file, 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line));
const counts = new Map();
const count = (row, kind) => {
  if (!counts.has(row)) counts.set(row, { given: 0, found: 0, right: 0 });
  counts.get(row)[kind] += 1;
};
const missed = [];
for (const { text, labels } of sentences) {
  const rules = labelReport(text);
  for (const name of observations) {
    for (const row of [name, 'all']) {
      if (name in labels) count(row, 'given');
      if (name in rules) count(row, 'found');
      if (name in labels && labels[name] === rules[name]) count(row, 'right');
    }
    if (name in labels) count(`(${labels[name]})`, 'given');
    if (name in rules) count(`(${rules[name]})`, 'found');
    if (name in labels && labels[name] === rules[name]) count(`(${labels[name]})`, 'right');
    if (labels[name] !== rules[name])
      missed.push(`${JSON.stringify(text)}: ${name} ${labels[name]}, rules ${rules[name]}`);
  }
}
console.log('| | by hand | by rules | alike | F1 |\n| --- | --- | --- | --- | --- |');
for (const row of [...observations, '(positive)', '(negative)', '(uncertain)', 'all']) {
  const { given, found, right } = counts.get(row) ?? { given: 0, found: 0, right: 0 };
  console.log(`| ${row} | ${given} | ${found} | ${right} | ${((2 * right) / (given + found)).toFixed(3)} |`);
}
console.log(`\n${sentences.length} sentences; not alike:\n${missed.join('\n')}`);
