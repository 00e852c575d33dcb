/** @file `impressionist check` as a user runs it: a process, files, exit codes. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkImpression } from '../../src/guard/check.js';

const data = 'test/fixtures/guard/reports.json';
const predictions = 'test/fixtures/guard/predictions.jsonl';
const folder = mkdtempSync(join(tmpdir(), 'check-'));
afterAll(() => rmSync(folder, { recursive: true }));

const run = (...given: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/cli/main.js', 'check', ...given], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
};

const linesOf = (path: string): unknown[] =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('impressionist check', () => {
  it("finds nothing in the data's own impressions and says so", () => {
    const out = join(folder, 'own.jsonl');
    const { status, stdout } = run(data, '--out', out);
    expect(status).toBe(0);
    expect(linesOf(out)).toEqual(['1', '2', '3'].map((study_id) => ({ study_id, flags: [] })));
    expect(stdout).toMatch(/reports 3, with a hard flag 0 \(0\.0 %\)/);
  });

  it('writes a line an example, in the order of the data, with the flags of the library', () => {
    const out = join(folder, 'flags.jsonl');
    const { status, stdout } = run(data, '--predictions', predictions, '--out', out, '--json');
    expect(status).toBe(0);
    const reports = JSON.parse(readFileSync(data, 'utf8')) as {
      study_id: string;
      findings: string;
      background: string;
    }[];
    const drafts = linesOf(predictions) as { impression: string }[];
    expect(linesOf(out)).toEqual(
      reports.map(({ study_id, findings, background }, index) => ({
        study_id,
        flags: checkImpression({ findings, background, impression: drafts[index].impression }),
      })),
    );
    const summary = JSON.parse(stdout);
    expect(summary).toMatchObject({ reports: 3, hard_reports: 2, flagged_reports: 2 });
    expect(summary.kinds.laterality).toEqual({ flags: 1, hard_reports: 1, soft_reports: 0 });
    expect(summary.kinds.number).toEqual({ flags: 1, hard_reports: 1, soft_reports: 0 });
  });

  it('prints its own report card on seeded errors, the same for the same seed', () => {
    const out = join(folder, 'seeded.jsonl');
    const first = run(data, '--seed-errors', '--seed', '3', '--out', out);
    expect(first.status).toBe(0);
    expect(first.stdout).toMatch(/^error +seeded +found +found hard/);
    expect(first.stdout).toMatch(/untouched impressions 3, with a hard flag 0 .*seed 3/);
    expect(run(data, '--seed-errors', '--seed', '3').stdout).toBe(first.stdout);
    const errors = linesOf(out) as { study_id: string; error: string; caught: boolean; impression: string }[];
    expect(new Set(errors.map(({ error }) => error))).toContain('side');
    expect(errors.filter(({ error }) => error === 'side' || error === 'number').every(({ caught }) => caught)).toBe(
      true,
    );
  });

  it('refuses what it cannot honour with exit code 2, and writes nothing', () => {
    const out = join(folder, 'never.jsonl');
    expect(run(data)).toMatchObject({ status: 2, stderr: expect.stringContaining('--out') });
    expect(run(data, '--out', out, '--seed', '1')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('--seed-errors'),
    });
    expect(run(data, '--seed-errors', '--predictions', predictions)).toMatchObject({ status: 2 });
    expect(run(data, '--seed-errors', '--seed', 'x')).toMatchObject({ status: 2 });
    expect(existsSync(out)).toBe(false);
  });

  it('names the study without a prediction in one line, and leaves the old file as it was', () => {
    const out = join(folder, 'kept.jsonl');
    const few = join(folder, 'few.jsonl');
    writeFileSync(out, 'old');
    writeFileSync(few, '{"study_id": "1", "impression": "Effusion."}\n');
    const { status, stderr } = run(data, '--predictions', few, '--out', out);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^impressionist: .*study 2.*\n$/);
    expect(readFileSync(out, 'utf8')).toBe('old');
  });
});
