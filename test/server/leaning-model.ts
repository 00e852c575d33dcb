/** @file The tests' tiny model as `train --retrieve 2` would leave it: with similar reports, and a place for them in its prompt. */
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FINDINGS, MODEL } from './running.js';

/** The first two share the findings' words. */
const REPORTS = [
  { study_id: 's1', subject_id: 'p1', findings: FINDINGS, impression: 'Large left pleural effusion.' },
  { study_id: 's2', subject_id: 'p2', findings: `${FINDINGS} Clear.`, impression: 'Left pleural effusion, large.' },
  { study_id: 's3', subject_id: 'p3', findings: 'Heart size is normal.', impression: 'Normal heart.' },
  { study_id: 's4', subject_id: 'p4', findings: 'No fracture of the wrist.', impression: 'No fracture.' },
];

/** Writes the model into a folder, and returns its directory. */
export const leaningModel = async (folder: string): Promise<string> => {
  const model = join(folder, 'model');
  await cp(MODEL, model, { recursive: true });
  await writeFile(join(model, 'similar.json'), JSON.stringify({ k: 2, reports: REPORTS }));
  const template = 'Similar: {similar} Background: {background} Findings: {findings}';
  await writeFile(join(model, 'prompt.json'), JSON.stringify({ template }));
  return model;
};
