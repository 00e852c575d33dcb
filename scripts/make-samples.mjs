/**
 * @file Makes `samples/`: a small corpus of invented chest radiograph reports in MIMIC-CXR's layout, for the demo and
 * the tests. Facts are drawn at random, findings and impression are written from them, so the impression follows
 * from the findings; every sentence is of this project's own writing. The same seed gives the same reports.
 *
 *   node scripts/make-samples.mjs [--out samples] [--train 1200] [--dev 150] [--seed 20]
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { background } from './samples/background.mjs';
import { drawChest } from './samples/chest.mjs';
import { findings } from './samples/findings.mjs';
import { impression } from './samples/impression.mjs';
import { layOut } from './samples/layout.mjs';
import { Chance } from './samples/random.mjs';
import { zip } from './samples/zip.mjs';

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: 'samples' },
    train: { type: 'string', default: '1200' },
    dev: { type: 'string', default: '150' },
    seed: { type: 'string', default: '20' },
  },
});

const chance = new Chance(Number(values.seed));

/** One report's text. */
const report = () => {
  const chest = drawChest(chance);
  const parts = {
    background: background(chest, chance),
    findings: findings(chest, chance),
    impression: impression(chest),
  };
  return layOut(chest, parts, chance);
};

/** Studies of one split; a patient has one to four, all in the same split. */
const studies = (split, count, firstPatient) => {
  const rows = [];
  for (let patient = firstPatient; rows.length < count; patient++) {
    const own = Math.min(chance.between(1, 4), count - rows.length);
    for (let study = 0; study < own; study++) rows.push({ subject: String(patient), split });
  }
  return rows;
};

const rows = [...studies('train', Number(values.train), 19000001), ...studies('dev', Number(values.dev), 19500001)].map(
  (row, place) => ({ ...row, study: String(59000001 + place) }),
);
const files = rows.map(({ subject, study }) => [
  `files/p${subject.slice(0, 2)}/p${subject}/s${study}.txt`,
  Buffer.from(report()),
]);
writeFileSync(join(values.out, 'reports.zip'), zip(files));
const lines = rows.map(({ study, subject, split }) => `${study},${subject},${split}\n`);
writeFileSync(join(values.out, 'split.csv'), `study_id,subject_id,split\n${lines.join('')}`);
console.log(`${rows.length} reports in ${values.out}`);
