import { describe, expect, it } from 'vitest';
import type { Example } from '../../src/reports/example.js';
import { hasSimilar, parsePrompt, RETRIEVAL_PROMPT, renderPrompt } from '../../src/reports/prompt.js';
import { indexReports, similarText } from '../../src/reports/similar.js';

const report = (studyId: string, subjectId: string, findings: string): Example => ({
  studyId,
  subjectId,
  findings,
  impression: `Impression of ${studyId}.`,
  background: '',
});
const reports = [
  report('1', 'a', 'Large left pleural effusion. The heart is normal.'),
  report('2', 'b', 'Small right pneumothorax. The heart is normal.'),
  report('3', 'c', 'Left pleural effusion, large.'),
  report('4', 'a', 'Large left pleural effusion again.'),
  report('5', '', 'The lungs are clear. The heart is normal.'),
  report('6', '', 'Nothing of the kind whatsoever.'),
];
const index = indexReports(reports);
const found = (query: Parameters<typeof index.search>[0], k = 3): string[] =>
  index.search(query, k).map(({ studyId }) => studyId);

describe('similar reports', () => {
  it('are those that share the rarest words, most similar first', () => {
    expect(found({ findings: 'large pleural effusion on the left' }, 2)).toEqual(['3', '4']);
    expect(found({ findings: 'PNEUMOTHORAX' })).toEqual(['2']);
  });

  it('are never the report itself, of its study, or of its patient', () => {
    expect(found(reports[0], 9)).not.toContain('1');
    expect(found(reports[0], 9)).not.toContain('4');
    expect(found({ ...reports[4] }, 9)).not.toContain('5');
    // An unknown patient is not the same as another unknown one.
    expect(found({ findings: 'lungs clear', subjectId: '', studyId: '' })).toEqual(['5']);
  });

  it('are none where no word is shared', () => {
    expect(found({ findings: 'xyzzy' })).toEqual([]);
    expect(indexReports([]).search({ findings: 'lungs' }, 3)).toEqual([]);
  });

  it('score as BM25 with k1 1.2 and b 0.75', () => {
    // By hand: both hold "b"; d1 twice in 4 words, d2 once in 2; mean length 3.
    const two = indexReports([report('d1', '', 'b b c d'), report('d2', '', 'b e')]);
    const term = (count: number, length: number): number =>
      (count * 2.2) / (count + 1.2 * (0.25 + (0.75 * length) / 3));
    const order = term(2, 4) > term(1, 2) ? ['d1', 'd2'] : ['d2', 'd1'];
    expect(two.search({ findings: 'b' }, 2).map(({ studyId }) => studyId)).toEqual(order);
  });

  it('stand in the prompt, and a phrase where there are none', () => {
    const fields = { findings: 'Clear.', background: '' };
    expect(renderPrompt(RETRIEVAL_PROMPT, { ...fields, similar: similarText(reports.slice(0, 2)) })).toContain(
      'Impression of 1. ; Impression of 2. Background',
    );
    expect(renderPrompt(RETRIEVAL_PROMPT, fields)).toContain('similar reports: none Background');
    expect(hasSimilar(RETRIEVAL_PROMPT)).toBe(true);
    expect(hasSimilar(parsePrompt('{findings}'))).toBe(false);
    expect(similarText([{ ...reports[0], impression: 'word '.repeat(400) }]).split(' ').length).toBe(150);
  });
});
