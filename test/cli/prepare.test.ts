import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { interruptible } from '../../src/cli/interrupt.js';
import { reportEntry, zipBytes } from '../reports/zip-bytes.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'cli-prepare-'));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));
// The program runs as users run it, so it must be built; this builds it when it is out of date.
beforeAll(() => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/setup.mjs'], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
});

const cli = (...args: string[]) =>
  spawnSync(process.execPath, [join(root, 'dist/cli/main.js'), 'prepare', ...args], { encoding: 'utf8' });
const samples = [join(root, 'samples/reports.zip'), join(root, 'samples/split.csv')];

describe('impressionist prepare', () => {
  it('prepares the samples and says what it wrote', () => {
    const { status, stdout, stderr } = cli(
      ...samples,
      '--train-file',
      at('t.json'),
      '--dev-file',
      at('d.json'),
      '--test-file',
      at('e.json'),
    );
    expect(status).toBe(0);
    expect(stdout).toContain('1,350 studies (train 1,200, dev 150, test 0)');
    expect(stdout).toContain(`train: 1,200 examples written to ${at('t.json')}`);
    expect(stdout).toContain('test: the split names no studies, no file written');
    expect(stderr).toMatch(/reading reports: 1,350\/1,350 reports/);
    expect(readdirSync(folder)).toEqual(['d.json', 't.json']);
  });

  it('prints a summary for programs with --json', () => {
    const { stdout } = cli(...samples, '--dev-file', at('d.json'), '--json');
    expect(JSON.parse(stdout)).toEqual({
      named: { total: 1350, train: 1200, dev: 150, test: 0, other: 0 },
      written: { dev: { file: at('d.json'), examples: 150 } },
      skipped: [],
    });
  });

  it('reads many reports on several threads, bad ones left out, all in order', () => {
    const ids = Array.from({ length: 12000 }, (_, place) => String(50000000 + ((place * 7) % 12000)));
    const content = (id: string) => Buffer.from(`\n FINDINGS: Study ${id}é.\n IMPRESSION: ${id}.`);
    const bad = new Set([ids[4], ids[4444], ids[11999]]);
    const inOrder = ids.toSorted();
    writeFileSync(
      at('r.zip'),
      zipBytes(
        inOrder.map((id) => ({
          name: reportEntry(id, '10000001'),
          content: bad.has(id) ? Buffer.from('x') : content(id),
        })),
      ),
    );
    writeFileSync(at('s.csv'), `study_id,subject_id,split\n${ids.map((id) => `${id},10000001,train\n`).join('')}`);
    const { status, stdout, stderr } = cli(at('r.zip'), at('s.csv'), '--train-file', at('many.json'), '--skip-invalid');
    expect(status).toBe(0);
    expect(stdout).toContain('left out: 3 reports');
    expect(stderr).toContain(
      `left out: ${reportEntry(ids[4], '10000001')} (line 6), the report has no findings section`,
    );
    const studies = JSON.parse(readFileSync(at('many.json'), 'utf8')) as { study_id: string; findings: string }[];
    expect(studies.map(({ study_id }) => study_id)).toEqual(ids.filter((id) => !bad.has(id)));
    for (const { study_id, findings } of studies) expect(findings).toBe(`Study ${study_id}é.`);
  });

  it('fails with one line on stderr', () => {
    writeFileSync(at('no.zip'), 'no zip');
    const { status, stdout, stderr } = cli(at('no.zip'), samples[1], '--train-file', at('x.json'));
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toBe(
      `impressionist: not a zip file, ${at('no.zip')}, name the zip of reports, e.g. mimic-cxr-reports.zip\n`,
    );
  });

  it.each([
    ['no output file', samples, /impressionist: no output, give at least one of --train-file/],
    ['an empty file name', [...samples, '--train-file', ''], /impressionist: .*A file name is missing/],
    ['no split', [samples[0], '--train-file', 'x'], /impressionist: missing required argument 'split'/],
  ])('exits with 2 on %s', (_, args, message) => {
    const { status, stderr } = cli(...args);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });
});

describe('interruptible', () => {
  it('stops the work on the first interrupt and exits with 130', async () => {
    const before = process.exitCode;
    const listeners = process.listenerCount('SIGINT');
    await interruptible(async (signal) => {
      process.emit('SIGINT');
      signal.throwIfAborted();
    }, 'nothing changed');
    expect(process.exitCode).toBe(130);
    process.exitCode = before;
    expect(process.listenerCount('SIGINT')).toBe(listeners);
  });

  it('passes on what else goes wrong', async () => {
    const wrong = new Error('wrong');
    await expect(interruptible(() => Promise.reject(wrong), '')).rejects.toBe(wrong);
  });
});
