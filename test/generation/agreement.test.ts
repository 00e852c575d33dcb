import { describe, expect, it } from 'vitest';
import { byAgreement } from '../../src/generation/agreement.js';

const drafts = [
  { impression: 'No acute disease.', score: -0.2 },
  { impression: 'Left lower lobe pneumonia.', score: -0.7 },
  { impression: 'Left pleural effusion.', score: -0.9 },
];
const report = { findings: 'The heart is normal in size. The lungs are clear.', background: '' };
const effusion = { findings: 'There is a small left pleural effusion. The heart is normal in size.', background: '' };

const order = (impressions: string[], of = report) =>
  byAgreement(
    drafts,
    impressions.map((impression, index) => ({ impression, studyId: String(index) })),
    of,
  );
const texts = (candidates: ReturnType<typeof order>): string[] => candidates.map(({ impression }) => impression);

describe('an impression chosen by similar reports', () => {
  it('is like what was written there', () => {
    const [best] = order(['Left pleural effusion.', 'Left effusion.', 'Bilateral pleural effusions.'], effusion);
    expect(best).toBe(drafts[2]);
    expect(order(['No acute disease.', 'No active disease.'])[0]).toBe(drafts[0]);
  });

  it('may be one of theirs, which then has no score and says whose it is', () => {
    const [best] = order(['Small left effusion.', 'Small left effusion.', 'Left effusion, small.'], effusion);
    expect(best).toEqual({ impression: 'Small left effusion.', score: null, truncated: false, borrowedFrom: '0' });
  });

  it('names what the findings name, even where most similar reports do not', () => {
    const similar = ['No acute disease.', 'No acute disease.', 'No acute cardiopulmonary disease.'];
    expect(order(similar)[0]).toBe(drafts[0]);
    expect(order(['No acute abnormality.', 'Left pleural effusion.'], effusion)[0]).toBe(drafts[2]);
  });

  it('does not contradict the findings for the sake of agreement', () => {
    const similar = ['Right pleural effusion.', 'Right pleural effusion.', 'Left pleural effusion.'];
    expect(order(similar, effusion)[0]).toBe(drafts[2]);
  });

  it('comes with all other candidates, each once, a draft rather than the same text borrowed', () => {
    const all = order(['Left pleural effusion.', 'Cardiomegaly.']);
    expect(texts(all).toSorted()).toEqual([...texts(drafts as never), 'Cardiomegaly.'].toSorted());
    expect(all).toContain(drafts[2]);
    expect(byAgreement(drafts.slice(0, 1), [], report)).toEqual(drafts.slice(0, 1));
  });
});
