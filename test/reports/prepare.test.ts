import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type PrepareOptions, type PrepareSummary, prepare } from '../../src/reports/prepare.js';
import { type EntryToWrite, reportEntry, type ZipToWrite, zipBytes } from './zip-bytes.js';

const fixtures = fileURLToPath(new URL('../fixtures/reports/', import.meta.url));
let folder: string;
const at = (name: string): string => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'prepare-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const REPORT = ' INDICATION: Secret.\n \n FINDINGS: Secret lungs.\n \n IMPRESSION: 1. Secret.\n';
const entry = (
  study: string,
  content: string | Uint8Array = REPORT,
  wrong: Partial<EntryToWrite> = {},
): EntryToWrite => ({
  name: reportEntry(study, '10000001'),
  content: Buffer.from(content),
  ...wrong,
});
const split = (rows: string): string => `study_id,subject_id,split\n${rows}`;

/** Runs prepare on a zip and a split made for the test. */
const run = (
  zip: Uint8Array | readonly EntryToWrite[],
  rows: string,
  options: Partial<PrepareOptions> = {},
  shape?: ZipToWrite,
): Promise<PrepareSummary> => {
  writeFileSync(at('r.zip'), zip instanceof Uint8Array ? zip : zipBytes(zip, shape));
  writeFileSync(at('s.csv'), rows);
  return prepare({ zip: at('r.zip'), split: at('s.csv'), outputs: { train: at('train.json') }, ...options });
};
const written = (name = 'train.json'): unknown[] => JSON.parse(readFileSync(at(name), 'utf8'));
const ONE = split('50000001,10000001,train\n');

describe('prepare', () => {
  it.each(['mediqa', 'nasty'])('writes the bytes of the official script (%s)', async (name) => {
    const outputs = { train: at('train.json'), dev: at('dev.json'), test: at('test.json') };
    await prepare({ zip: join(fixtures, name, 'reports.zip'), split: join(fixtures, name, 'split.csv'), outputs });
    const theirs = readdirSync(join(fixtures, name)).filter((file) => file.endsWith('.json'));
    expect(readdirSync(folder)).toEqual(theirs);
    for (const file of theirs) {
      expect(readFileSync(at(file)).equals(readFileSync(join(fixtures, name, file)))).toBe(true);
    }
  });

  it('counts what the split names and what it wrote', async () => {
    const rows = split('50000001,10000001,train\n50000001,10000001,dev\n50000001,10000001,other\n');
    const outputs = { train: at('train.json'), test: at('test.json') };
    expect(await run([entry('50000001')], rows, { outputs })).toEqual({
      named: { total: 3, train: 1, dev: 1, test: 0, other: 1 },
      written: { train: { file: at('train.json'), examples: 1 } },
      skipped: [],
    });
    expect(readdirSync(folder).sort()).toEqual(['r.zip', 's.csv', 'train.json']);
  });

  it.each<[string, EntryToWrite, ZipToWrite?]>([
    ['stored', entry('50000001', REPORT, { method: 0 })],
    ['with a local extra field', entry('50000001', REPORT, { localExtra: 9 })],
    ['in a Zip64 archive', entry('50000001'), { zip64: true }],
    ['behind other data', entry('50000001'), { prefix: Buffer.from('#!/bin/sh\n') }],
    ['in a Zip64 archive behind other data', entry('50000001'), { zip64: true, prefix: Buffer.alloc(100) }],
    ['in an archive with a comment', entry('50000001'), { comment: 'PK\x05\x06 made by hand' }],
    ['longer than one read', entry('50000001', `${REPORT} ${'x '.repeat(400_000)}`)],
  ])('reads a report %s', async (_, file, shape) => {
    await run([entry('50000002', 'not this one'), file], ONE, {}, shape);
    expect(written()).toMatchObject([{ study_id: '50000001', subject_id: '10000001', findings: 'Secret lungs.' }]);
  });

  it('takes the last of several entries with one name', async () => {
    await run([entry('50000001'), entry('50000001', REPORT.replace('Secret lungs', 'The last'))], ONE);
    expect(written()).toMatchObject([{ findings: 'The last.' }]);
  });

  it('reads only reports that it writes', async () => {
    const rows = split('50000001,10000001,train\n50000009,10000001,dev\n');
    await run([entry('50000001')], rows);
    expect(written()).toHaveLength(1);
  });

  const damage = (packed: Buffer): Buffer => Buffer.concat([Buffer.of(packed[0] | 6), packed.subarray(1)]);
  const badReports: [string, EntryToWrite, RegExp][] = [
    ['lacks findings', entry('50000002', ' IMPRESSION: Secret.'), /the report has no findings section/],
    ['lacks an impression', entry('50000002', '\n FINDINGS: Secret.'), /the report has no impression section/],
    ['is not UTF-8', entry('50000002', Buffer.from([0x0a, 0xe4, 0x20])), /not valid UTF-8/],
    ['has another CRC-32', entry('50000002', REPORT, { crc: 1 }), /the report is damaged, .*got another CRC-32/],
    ['is stored with another CRC-32', entry('50000002', REPORT, { crc: 1, method: 0 }), /got another CRC-32/],
    ['has another size', entry('50000002', REPORT, { size: 200 }), /the wrong length, .*got 74 of 200 bytes/],
    ['is longer than said', entry('50000002', REPORT, { size: 7 }), /the compressed report is damaged/],
    ['has a broken stream', entry('50000002', REPORT, { damage }), /the compressed report is damaged/],
    ['is encrypted', entry('50000002', REPORT, { flags: 1 }), /the report is encrypted/],
    ['is packed otherwise', entry('50000002', REPORT, { method: 14 }), /compressed in an unknown way, .*method 14/],
    ['claims to be huge', entry('50000002', REPORT, { size: 0xfffffff0 }), /too long/],
    ['is missing', entry('50000003'), /no such report in the zip/],
  ];
  const three = split('50000001,10000001,train\n50000002,10000001,train\n50000004,10000001,train\n');

  it.each(badReports)('names a report that %s, and leaves old files alone', async (_, bad, message) => {
    writeFileSync(at('train.json'), 'old');
    const error = await run([entry('50000001'), bad, entry('50000004')], three).catch((caught: unknown) => caught);
    expect(String(error)).toMatch(message);
    expect(String(error)).toContain('files/p10/p10000001/s50000002.txt in r.zip (s.csv line 3)');
    expect(String(error)).not.toContain('Secret');
    expect(readFileSync(at('train.json'), 'utf8')).toBe('old');
    expect(readdirSync(folder)).toHaveLength(3);
  });

  it.each(badReports)('leaves out a report that %s when asked to, and lists it', async (_, bad, message) => {
    const { skipped } = await run([entry('50000001'), bad, entry('50000004')], three, { skipInvalid: true });
    expect(skipped).toMatchObject([{ studyId: '50000002', split: 'train', line: 3 }]);
    // The place stands between what is wrong and what was found in the error only.
    expect(skipped[0].reason.replace(', got', ', , got')).toMatch(message);
    expect(written()).toMatchObject([{ study_id: '50000001' }, { study_id: '50000004' }]);
  });

  it('says how many more reports are bad', async () => {
    await expect(run([entry('50000003')], three)).rejects.toThrow(/no such report.*2 more reports can't be used/);
  });

  it.each([
    ['study_id', split('50000001,10000001,train\n,10000001,train\n')],
    ['subject_id', split('50000001,10000001,train\n50000007,,train\n')],
  ])('refuses a row without %s', async (column, rows) => {
    await expect(run([entry('50000001')], rows)).rejects.toThrow(new RegExp(`a row without ${column}, .*line 3`));
  });

  it('takes a row that ends before its split for one of no split', async () => {
    const { named } = await run([entry('50000001')], split('50000001,10000001,train\n50000007,10000001\n'));
    expect(named).toMatchObject({ total: 2, train: 1, other: 1 });
  });

  it.each([
    [
      'another column',
      'study,subject_id,split\n1,2,train\n',
      /no column study_id, .*s\.csv line 1, .*study_id,subject_id,split/,
    ],
    ['no rows', split('\n\n'), /the split names no studies/],
    ['no content', '', /the file is empty, .*s\.csv/],
    ['a blank first line', `\n${ONE}`, /no column study_id/],
  ])('refuses a split with %s', async (_, rows, message) => {
    await expect(run([entry('50000001')], rows)).rejects.toThrow(message);
  });

  it('reads a split with a byte-order mark, CRLF, quotes, other columns and another order', async () => {
    await run(
      [entry('50000001')],
      '\ufeffsplit,note,"study_id",subject_id\r\n\r\ntrain,"a\r\nb",50000001,10000001\r\n',
    );
    expect(written()).toHaveLength(1);
  });

  const whole = zipBytes([entry('50000001'), entry('50000002')]);
  it.each([
    ['no zip', Buffer.from('study_id'), /not a zip file, .*r\.zip/],
    ['empty', Buffer.alloc(0), /the zip is empty, .*got 0 bytes/],
    ['cut short', whole.subarray(0, whole.length - 30), /the zip is cut short, .*r\.zip.*download it again/],
    [
      'cut in the middle',
      Buffer.concat([whole.subarray(0, 60), whole.subarray(90)]),
      /the zip is damaged|is not where|compressed/,
    ],
    [
      'damaged in its directory',
      Buffer.from(whole).fill(9, whole.lastIndexOf('PK\x01\x02'), whole.length - 22),
      /the zip is damaged/,
    ],
  ])('refuses a zip that is %s', async (_, bytes, message) => {
    await expect(run(bytes, ONE)).rejects.toThrow(message);
  });

  it('says when there is no zip, no split, or a folder instead', async () => {
    await expect(run([entry('50000001')], ONE, { zip: at('no.zip') })).rejects.toThrow(/no such file, .*no\.zip/);
    await expect(run([entry('50000001')], ONE, { split: at('no.csv') })).rejects.toThrow(/no such file, .*no\.csv/);
    await expect(run([entry('50000001')], ONE, { zip: folder })).rejects.toThrow(/got a folder/);
  });

  it('checks outputs before it reads anything', async () => {
    const refused = (outputs: PrepareOptions['outputs']) => run(Buffer.from('no zip'), 'no split', { outputs });
    mkdirSync(at('sub'));
    symlinkSync(at('s.csv'), at('link.json'));
    await expect(refused({ train: at('none/t.json') })).rejects.toThrow(/cannot write, .*no folder/);
    await expect(refused({ train: at('sub') })).rejects.toThrow(/got a folder of that name/);
    await expect(refused({ train: at('r.zip') })).rejects.toThrow(/the train output is also an input/);
    await expect(refused({ dev: at('link.json') })).rejects.toThrow(/the dev output is also an input/);
    await expect(refused({ train: at('x.json'), dev: at('sub/../x.json') })).rejects.toThrow(
      /the dev output is also the train output/,
    );
    await expect(refused({ train: '/dev/null' })).rejects.toThrow(/not a plain file/);
  });

  it('replaces the file that an output links to', async () => {
    mkdirSync(at('sub'));
    writeFileSync(at('sub/real.json'), 'old');
    symlinkSync(at('sub/real.json'), at('train.json'));
    await run([entry('50000001')], ONE);
    expect(written('sub/real.json')).toHaveLength(1);
  });

  it('fails when nothing of a split is left', async () => {
    const outcome = run([entry('50000001', 'x')], ONE, { skipInvalid: true });
    await expect(outcome).rejects.toThrow(/no report of the train split can be used, .*got 1 left out/);
  });

  it('stops when told to, leaving files as they were', async () => {
    writeFileSync(at('train.json'), 'old');
    const controller = new AbortController();
    const onProgress = (): void => controller.abort();
    const outcome = run([entry('50000001')], ONE, { signal: controller.signal, onProgress });
    await expect(outcome).rejects.toSatisfy((error) => error === controller.signal.reason);
    expect(readFileSync(at('train.json'), 'utf8')).toBe('old');
    expect(readdirSync(folder).sort()).toEqual(['r.zip', 's.csv', 'train.json']);
  });
});
