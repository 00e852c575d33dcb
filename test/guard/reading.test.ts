/** @file Reading: what a text is found to say, phrase by phrase. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConceptId } from '../../src/guard/lexicon/concepts.js';
import { expandPhrase } from '../../src/guard/reading/phrases.js';
import { read } from '../../src/guard/reading/read.js';
import { splitSentences } from '../../src/guard/reading/sentences.js';
import { tokenize, wordForm } from '../../src/guard/reading/tokens.js';

type Status = 'affirmed' | 'denied' | 'uncertain';

const statusOf = (text: string, concept: ConceptId): Status | undefined => {
  const mention = read(text).byConcept.get(concept)?.[0];
  if (mention === undefined) return undefined;
  if (mention.denied) return 'denied';
  return mention.uncertain ? 'uncertain' : 'affirmed';
};

describe('denial and doubt', () => {
  const cases: readonly (readonly [string, ConceptId, Status])[] = [
    ['There is a pneumothorax.', 'pneumothorax', 'affirmed'],
    ['There is no evidence of pneumothorax.', 'pneumothorax', 'denied'],
    ['No effusion, pneumothorax or focal consolidation.', 'consolidation', 'denied'],
    ['No effusion, pneumothorax, and consolidation are seen.', 'consolidation', 'denied'],
    ['The lungs are free of focal airspace disease.', 'consolidation', 'denied'],
    ['Negative for fracture.', 'fracture', 'denied'],
    ['The pneumothorax has resolved.', 'pneumothorax', 'denied'],
    ['Pneumothorax is no longer seen.', 'pneumothorax', 'denied'],
    ['Effusion and pneumothorax are not identified.', 'effusion', 'denied'],
    ['No pneumothorax, but there is an effusion.', 'effusion', 'affirmed'],
    ['No pneumothorax, the heart is enlarged.', 'cardiomegaly', 'affirmed'],
    ['No pneumothorax with stable cardiomegaly.', 'cardiomegaly', 'affirmed'],
    ['No significant change in the effusion.', 'effusion', 'affirmed'],
    ['The nodule was not seen on prior exams.', 'nodule', 'affirmed'],
    ['The heart is not enlarged.', 'cardiomegaly', 'denied'],
    ['Heart size and mediastinal contours are within normal limits.', 'mediastinal-widening', 'denied'],
    ['Normal heart size and mediastinal contours.', 'cardiomegaly', 'denied'],
    ['The heart is enlarged and the lungs are clear.', 'opacity', 'denied'],
    ['The lungs are not clear.', 'opacity', 'affirmed'],
    ['Heart size is at the upper limits of normal.', 'cardiomegaly', 'uncertain'],
    ['Osseous structures are intact.', 'fracture', 'denied'],
    ['Possible pneumonia.', 'pneumonia', 'uncertain'],
    ['Opacity may represent pneumonia.', 'pneumonia', 'uncertain'],
    ['Pneumonia cannot be excluded.', 'pneumonia', 'uncertain'],
    ['Atelectasis versus infiltrate.', 'atelectasis', 'uncertain'],
    ['Atelectasis or pneumonia.', 'pneumonia', 'uncertain'],
    ['Aspiration is suspected.', 'aspiration', 'uncertain'],
    ['No acute disease Stable cardiomegaly.', 'cardiomegaly', 'affirmed'],
  ];
  it.each(cases)('reads "%s": %s is %s', (text, concept, status) => {
    expect(statusOf(text, concept)).toBe(status);
  });

  it('keeps its place through nested triggers', () => {
    const text = 'No evidence of, without, or negative for no not pneumothorax that cannot be excluded.';
    expect(statusOf(text, 'pneumothorax')).toBe('denied');
  });
});

describe('attributes', () => {
  const first = (text: string, concept: ConceptId) => read(text).byConcept.get(concept)![0];
  it('gives a side to the finding behind it', () => {
    expect(first('Small right pleural effusion.', 'effusion').sides.map(({ side }) => side)).toEqual(['right']);
  });
  it('gives a side to the finding before it by a preposition', () => {
    expect(first('Opacity in the left base, right effusion.', 'opacity').sides[0].side).toBe('left');
    expect(first('Opacity in the left base, right effusion.', 'effusion').sides[0].side).toBe('right');
  });
  it('does not take the side of a part of an organ', () => {
    expect(first('Central venous catheter tip in the right atrium.', 'central-line').sides).toEqual([]);
  });
  it('reads degree, zone and course', () => {
    const effusion = first('Large left basilar effusion has increased.', 'effusion');
    expect(effusion.degree?.level).toBe(4);
    expect(effusion.zones).toContain('lower');
    expect(effusion.course?.course).toBe('worse');
  });
  it('reads measurements in one base unit', () => {
    expect(
      read('Mass of 3.5 x 2 cm, nodules of 3-4 mm.').measures.map(({ values }) => values.map(({ value }) => value)),
    ).toEqual([
      [35, 20],
      [3, 4],
    ]);
  });
  it('reads no measurement from list numbers, views, blanks and ages', () => {
    expect(
      read('1. Two views of the chest in a 45 year-old. 2. T8 and 5th rib. ____ 3').measures.map(
        ({ dimension }) => dimension,
      ),
    ).toEqual(['time']);
  });
  it('reads ribs and vertebrae', () => {
    const places = read('Fractures of the right 5th and sixth ribs, T8-9 and L1.').numberedPlaces.map(
      ({ place }) => place,
    );
    expect(places.sort()).toEqual(['L1', 'T8', 'T9', 'rib 5', 'rib 6']);
  });
});

describe('tokens and sentences', () => {
  it('brings words to the form of the tables', () => {
    const forms = ['Opacities', 'pneumothoraces', 'masses', 'atelectasis', 'apices', 'oedema', 'has', 'thorax'].map(
      wordForm,
    );
    expect(forms).toEqual(['opacity', 'pneumothorax', 'mass', 'atelectasis', 'apex', 'edema', 'has', 'thorax']);
  });
  it('parts digits from letters and joins hyphenated words', () => {
    expect(tokenize('left-sided 8mm, 3.5-cm').map(({ form }) => form)).toEqual([
      'left',
      'sided',
      '8',
      'mm',
      ',',
      '3.5',
      '-',
      'cm',
    ]);
  });
  it('leaves list numbers out of sentences and does not end one at a decimal or an abbreviation', () => {
    const text = '1. Mass of 3.5 cm vs. nodule. 2. Clear.';
    const tokens = tokenize(text);
    const sentences = splitSentences(text, tokens).map(({ first, end }) =>
      text.slice(tokens[first].start, tokens[end - 1].end),
    );
    expect(sentences).toEqual(['Mass of 3.5 cm vs. nodule', 'Clear']);
  });
  it('reads a wrapped line on and ends a sentence at a list item', () => {
    const text = 'No focal\nconsolidation\n- Small effusion';
    const tokens = tokenize(text);
    expect(splitSentences(text, tokens)).toHaveLength(2);
  });
  it('writes out the alternatives of a phrase', () => {
    expect(expandPhrase('{low,small} lung {volume,}')).toEqual([
      'low lung volume',
      'low lung ',
      'small lung volume',
      'small lung ',
    ]);
    expect(() => expandPhrase('{low')).toThrow(/unclosed/);
  });
  it('covers any text with tokens in order that never overlap', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const tokens = tokenize(text);
        const ordered = tokens.every(({ start, end }, index) => start >= (tokens[index - 1]?.end ?? 0) && end > start);
        return ordered && (tokens.at(-1)?.end ?? 0) <= text.length;
      }),
    );
  });
});
