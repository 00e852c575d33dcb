import { describe, expect, it } from 'vitest';
import { flagRates } from '../../src/evaluation/flags.js';
import { labelReport } from '../../src/evaluation/labels/label.js';
import { countNovel, sourceGrams } from '../../src/evaluation/novelty.js';
import { stratumOf } from '../../src/evaluation/strata.js';
import { temporalF1, temporalWords, temporalWordsIn } from '../../src/evaluation/temporal.js';
import { tokenize } from '../../src/evaluation/tokenize.js';
import { wordDifference } from '../../src/evaluation/word-diff.js';

describe('F1 over words of change', () => {
  const f1 = (reference: string, prediction: string): number =>
    temporalF1(temporalWordsIn(reference), temporalWordsIn(prediction));

  it('is 1 where neither text speaks of change and 0 where one does', () => {
    expect(f1('Cardiomegaly.', 'Effusion.')).toBe(1);
    expect(f1('Stable cardiomegaly.', 'Cardiomegaly.')).toBe(0);
    expect(f1('Cardiomegaly.', 'Stable cardiomegaly.')).toBe(0);
  });

  it('counts each word once and only whole words of the list', () => {
    expect(f1('Stable, stable; no NEW opacity.', 'Stable, renewed.')).toBeCloseTo(2 / 3, 12);
    expect(temporalWords.size).toBe(44);
  });
});

describe('novelty', () => {
  it('counts words and pairs that the findings lack', () => {
    const source = sourceGrams(tokenize('Small left effusion.'));
    expect(countNovel(tokenize('Small effusion, stable'), source)).toEqual({
      novelWords: 1,
      words: 3,
      novelPairs: 2,
      pairs: 2,
    });
    expect(countNovel([], source).pairs).toBe(0);
  });
});

describe('the stratum', () => {
  it.each([
    ['No acute cardiopulmonary abnormality.', 'normal'],
    ['Stable pacemaker. No edema.', 'normal'],
    ['Possible pneumonia.', 'abnormal'],
    ['Hyperexpanded lungs.', 'abnormal'],
  ])('of %j is %s', (impression, stratum) => {
    expect(stratumOf(labelReport(impression))).toBe(stratum);
  });
});

describe('flag rates', () => {
  it('are shares of the reports, a report counting once however many flags it has', () => {
    const rates = flagRates([{ laterality: { hard: 2, soft: 0 } }, { comparison: { hard: 0, soft: 1 } }, {}, {}]);
    expect(rates).toEqual({
      hard: 0.25,
      soft: 0.25,
      byKind: { comparison: { hard: 0, soft: 0.25 }, laterality: { hard: 0.25, soft: 0 } },
    });
  });
});

describe('the difference of two texts', () => {
  const parts = (reference: string, prediction: string) => {
    const { onlyInReference, onlyInPrediction } = wordDifference(reference, prediction);
    return [
      onlyInReference.map(([start, end]) => reference.slice(start, end)),
      onlyInPrediction.map(([start, end]) => prediction.slice(start, end)),
    ];
  };

  it('is the words outside a common subsequence, neighbours together', () => {
    expect(parts('Small left effusion. No edema.', 'small RIGHT effusion and pneumonia.')).toEqual([
      ['left', 'No edema'],
      ['RIGHT', 'and pneumonia'],
    ]);
  });

  it('is nothing for texts that differ in case and punctuation, and all where one is empty', () => {
    expect(parts('No edema.', 'NO EDEMA')).toEqual([[], []]);
    expect(parts('', 'No edema.')).toEqual([[], ['No edema']]);
  });
});
