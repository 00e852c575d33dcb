import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leadSentence, nearestImpressions, nearestReports } from '../../src/evaluation/baselines.js';

const report = (studyId: string, findings: string, subjectId?: string) => ({
  studyId,
  subjectId,
  findings,
  reference: `impression of ${studyId}`,
});

describe('the nearest report', () => {
  it('is the one whose findings share most words, case and punctuation aside', () => {
    const pool = [report('a', 'heart normal'), report('b', 'left effusion and consolidation'), report('c', 'effusion')];
    expect(nearestImpressions([report('q', 'LEFT effusion, consolidation.')], pool)).toEqual(['impression of b']);
  });

  it('is never of the same study, nor of the same patient unless that is allowed', () => {
    const pool = [report('q', 'same words', '1'), report('a', 'same words', '1'), report('b', 'same word', '2')];
    const query = [report('q', 'same words', '1')];
    expect([...nearestReports(query, pool)]).toEqual([2]);
    expect([...nearestReports(query, pool, { excludeSamePatient: false })]).toEqual([1]);
  });

  it('treats unknown patients as different', () => {
    expect([...nearestReports([report('q', 'words', '')], [report('a', 'words', '')])]).toEqual([0]);
  });

  it('is none where no word is shared', () => {
    expect(nearestImpressions([report('q', 'alpha')], [report('a', 'beta'), report('b', '')])).toEqual(['']);
  });

  it('is the first of those that a plain search over all pairs finds best', () => {
    const findings = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'), { maxLength: 8 });
    fc.assert(
      fc.property(fc.array(findings, { minLength: 1, maxLength: 12 }), (texts) => {
        const pool = texts.map((words, index) => report(String(index), words.join(' ')));
        const sets = texts.map((words) => new Set(words));
        const expected = sets.map((query, q) => {
          let best = -1;
          let bestSimilarity = 0;
          sets.forEach((other, index) => {
            const common = [...query].filter((word) => other.has(word)).length;
            const similarity = common / (query.size + other.size - common);
            if (index !== q && similarity > bestSimilarity) {
              best = index;
              bestSimilarity = similarity;
            }
          });
          return best;
        });
        expect([...nearestReports(pool, pool)]).toEqual(expected);
      }),
    );
  });
});

describe('the lead sentence', () => {
  it.each([
    ['The heart is 2.5 cm larger. No effusion.', 'The heart is 2.5 cm larger.'],
    ['Dr. Ray was told. Lungs clear.', 'Dr. Ray was told.'],
    ['____', ''],
    ['', ''],
  ])('of %j is %j', (findings, lead) => {
    expect(leadSentence(findings)).toBe(lead);
  });
});
