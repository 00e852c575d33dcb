import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { alignPredictions, type Prediction, readPredictions, writePredictions } from '../../src/reports/predictions.js';

const folder = mkdtempSync(join(tmpdir(), 'predictions-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'p.jsonl');

const example = (studyId: string) => ({ studyId, subjectId: '', findings: 'F', impression: 'I', background: '' });

describe('predictions in a file', () => {
  it('come back as they were written, line ends and all', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({ studyId: fc.stringMatching(/^[0-9a-z]{1,9}$/), impression: fc.string({ unit: 'grapheme' }) }),
          {
            minLength: 1,
          },
        ),
        async (predictions) => {
          await writePredictions(path, predictions);
          expect(await readPredictions(path)).toEqual(predictions);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('are JSON Lines with study_id and impression', async () => {
    await writePredictions(path, [{ studyId: '5', impression: 'No\nchange.' }]);
    expect(readFileSync(path, 'utf8')).toBe('{"study_id":"5","impression":"No\\nchange."}\n');
  });

  it.each([
    ['{"study_id": 1}', /without impression, .*line 1, got no such field/],
    ['{"study_id": 1, "impression": null}', /without impression, .*line 1, got null/],
    ['{"impression": "x"}', /without study_id, .*line 1/],
    ['{"study_id": 1, "impression": "x"}\nnope', /not valid JSON, .*line 2/],
  ])('are refused when a line is %s', async (line, message) => {
    writeFileSync(path, line);
    await expect(readPredictions(path)).rejects.toThrow(message);
  });
});

describe('alignPredictions', () => {
  it("puts predictions into the data's order", () => {
    const shuffled = fc
      .uniqueArray(fc.nat(50).map(String), { minLength: 1 })
      .chain((ids) => fc.tuple(fc.constant(ids), fc.shuffledSubarray(ids, { minLength: ids.length })));
    fc.assert(
      fc.property(shuffled, ([ids, order]) => {
        const predictions = order.map((studyId): Prediction => ({ studyId, impression: `for ${studyId}` }));
        const aligned = alignPredictions(ids.map(example), predictions);
        expect(aligned.map(({ impression }) => impression)).toEqual(ids.map((id) => `for ${id}`));
      }),
    );
  });

  it('gives repeated studies their predictions in order', () => {
    const predictions = [
      { studyId: 'a', impression: 'first' },
      { studyId: 'b', impression: 'other' },
      { studyId: 'a', impression: 'second' },
    ];
    expect(alignPredictions(['a', 'b', 'a'].map(example), predictions)).toEqual(predictions);
  });

  it.each([
    [['a', 'b'], ['a'], /a study without a prediction, study b/],
    [['a'], ['a', 'a'], /more predictions than examples for a study, study a, got 2 for 1/],
    [['a'], ['a', 'z'], /not in the data, study z/],
    [['a', 'a'], ['a'], /a study without a prediction, study a/],
  ])('refuses data %j with predictions %j', (ids, given, message) => {
    const predictions = given.map((studyId) => ({ studyId, impression: '' }));
    expect(() => alignPredictions(ids.map(example), predictions)).toThrow(message);
  });
});
