import { describe, expect, it } from 'vitest';
import { byAgreement } from '../../src/generation/agreement.js';

const drafts = [
  { impression: 'No acute disease.', score: -0.2 },
  { impression: 'Left pleural effusion.', score: -0.9 },
  { impression: 'Left lower lobe pneumonia.', score: -0.7 },
];
const order = (impressions: string[]): string[] => byAgreement(drafts, impressions).map(({ impression }) => impression);

describe('drafts by agreement with similar reports', () => {
  it('come with the one most like what was written there first', () => {
    expect(order(['Small left pleural effusion.', 'Left effusion.', 'Bilateral pleural effusions.'])[0]).toBe(
      'Left pleural effusion.',
    );
    expect(order(['No acute cardiopulmonary disease.', 'No acute disease.'])[0]).toBe('No acute disease.');
  });

  it('keep the order of the score where they agree alike, and all of them', () => {
    const byScore = ['No acute disease.', 'Left lower lobe pneumonia.', 'Left pleural effusion.'];
    expect(order([])).toEqual(byScore);
    expect(order(['Cardiomegaly.'])).toEqual(byScore);
    expect(drafts[0].impression).toBe('No acute disease.');
  });
});
