import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readExamples, repeatedStudyIds } from '../../src/reports/dataset.js';
import type { Example } from '../../src/reports/example.js';
import { prepare } from '../../src/reports/prepare.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'samples-'));
afterAll(() => rmSync(folder, { recursive: true }));

const examplesOf = async (samples: string, name: string): Promise<{ train: Example[]; dev: Example[] }> => {
  const outputs = { train: join(folder, `${name}-train.json`), dev: join(folder, `${name}-dev.json`) };
  await prepare({ zip: join(samples, 'reports.zip'), split: join(samples, 'split.csv'), outputs });
  return { train: await readExamples(outputs.train), dev: await readExamples(outputs.dev) };
};

let train: Example[];
let dev: Example[];
beforeAll(async () => {
  ({ train, dev } = await examplesOf(join(root, 'samples'), 'kept'));
});

describe('samples', () => {
  it('are what the kept script makes', async () => {
    execFileSync(process.execPath, [join(root, 'scripts/make-samples.mjs'), '--out', folder]);
    expect(readFileSync(join(folder, 'split.csv'), 'utf8')).toBe(readFileSync(join(root, 'samples/split.csv'), 'utf8'));
    // The same texts; the packed bytes may differ between versions of zlib.
    expect(await examplesOf(folder, 'made')).toEqual({ train, dev });
  });

  it('hold 1,200 studies to train on and 150 others of other patients', () => {
    expect([train.length, dev.length]).toEqual([1200, 150]);
    expect(repeatedStudyIds([...train, ...dev])).toEqual([]);
    const patients = new Set(train.map(({ subjectId }) => subjectId));
    expect(dev.filter(({ subjectId }) => patients.has(subjectId))).toEqual([]);
  });

  it('have impressions that follow from their findings', () => {
    const words = (text: string) => new Set(text.toLowerCase().match(/[a-z]+|\d+ (?:mm|cm)/g));
    for (const { studyId, findings, impression } of [...train, ...dev]) {
      const found = words(findings);
      for (const word of [
        'left',
        'right',
        'bilateral',
        'apical',
        'trace',
        'small',
        'large',
        'severe',
        'upper',
        'lower',
      ]) {
        if (!words(impression).has(word)) continue;
        const said = found.has(word) || (word === 'bilateral' && found.has('bilaterally'));
        const other = (word === 'apical' && found.has('apex')) || (word === 'severe' && found.has('severely'));
        expect(said || other, `${studyId}: ${word}`).toBe(true);
      }
      for (const size of impression.match(/\d+ mm/g) ?? []) expect(findings, studyId).toContain(size);
      if (impression.includes('without pneumothorax'))
        expect(findings, studyId).toMatch(/no (pleural effusion or |effusion or )?pneumothorax/i);
    }
  });
});
