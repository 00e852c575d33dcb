/**
 * @file How many reports a second the whole evaluation takes without a model: ROUGE under both settings, labels, words
 * of change, novelty, three baselines, both strata, bootstrap intervals of every figure, a randomisation test against
 * another system, and the report page. Seconds of processor time, compiling and collecting included, so that other
 * programs on the machine count little.
 *
 *     npm run build && node bench/evaluation.mjs [DATA.json] [ROUNDS]
 *
 * DATA.json: a list of {"study_id", "findings", "impression"}; without it 2,000 reports made of stock sentences.
 */
import { readFileSync } from 'node:fs';
import { evaluate } from '../dist/evaluation/evaluate.js';
import { reportPage } from '../dist/evaluation/report-page.js';
import { Random } from '../dist/ground/random.js';

const [dataFile, rounds = '3'] = process.argv.slice(2);

const stock = [
  'The heart is normal in size.',
  'The cardiomediastinal silhouette is stable and mildly enlarged.',
  'No focal consolidation, pleural effusion, or pneumothorax.',
  'Small left pleural effusion with adjacent atelectasis, not significantly changed.',
  'Patchy right lower lobe opacity may represent atelectasis or developing pneumonia.',
  'Endotracheal tube terminates 4.5 cm above the carina.',
  'Degenerative changes of the thoracic spine without acute fracture.',
  'Mild pulmonary vascular congestion without frank edema.',
  'A 6 mm nodule in the right upper lobe is unchanged.',
  'Lungs are hyperexpanded, consistent with emphysema.',
];
const random = Random.seeded(1);
const sentences = (count) => Array.from({ length: count }, () => stock[random.below(stock.length)]).join(' ');
const made = () =>
  Array.from({ length: 2000 }, (_, i) => ({
    study_id: String(i),
    findings: sentences(4 + random.below(4)),
    impression: sentences(1 + random.below(3)),
  }));

const data = dataFile === undefined ? made() : JSON.parse(readFileSync(dataFile, 'utf8'));
const other = (step) => data.map((_, i) => data[(i * step + 1) % data.length].impression);
const predictions = other(1);
const items = data.map(({ study_id, subject_id, findings, impression }, i) => ({
  studyId: study_id,
  subjectId: subject_id,
  findings,
  background: '',
  reference: impression,
  prediction: predictions[i],
}));

const timed = (run) => {
  const times = [];
  for (let round = 0; round < Number(rounds); round += 1) {
    const before = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / 1e6);
  }
  return { first: times[0], median: times.toSorted((a, b) => a - b)[times.length >> 1] };
};
const against = { name: 'other', predictions: other(3) };
const alone = timed(() => evaluate(items));
const whole = timed(() => reportPage({ title: 'bench', items, ...evaluate(items, { against }) }));
const rate = (seconds) => `${Math.round(items.length / seconds)} reports/s`;
console.log(`${items.length} reports, ${rounds} rounds`);
console.log(
  `evaluation              first ${alone.first.toFixed(2)} s (${rate(alone.first)}), median ${alone.median.toFixed(2)} s (${rate(alone.median)})`,
);
console.log(
  `with test and page      first ${whole.first.toFixed(2)} s (${rate(whole.first)}), median ${whole.median.toFixed(2)} s (${rate(whole.median)})`,
);
