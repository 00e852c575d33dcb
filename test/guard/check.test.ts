/** @file The guard as a whole: its offsets, its order, its endurance, and the choice among drafts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkImpression } from '../../src/guard/check.js';
import { type Flag, flagKinds, type Span } from '../../src/guard/flag.js';
import { rerank } from '../../src/guard/rerank.js';

const pieces = fc.constantFrom(
  'Small left pleural effusion. ',
  'No pneumothorax',
  ', ',
  'or ',
  'consolidation. ',
  'Heart size is normal. ',
  'The heart is enlarged',
  '. ',
  '9 mm nodule ',
  'in the right upper lobe',
  ' 3.5 x 2 cm mass',
  'stable ',
  'worse than ',
  'left greater than right ',
  'PICC tip in the SVC. ',
  '\n1. ',
  '____ ',
  'without ',
  'no ',
  'not ',
  'cannot be excluded',
  'has resolved',
  'recommend CT',
  '😀',
  '\u0000',
  '\ud800',
  'É',
  'T8-T9 ',
  'and ',
  'bilateral ',
  'lungs ',
  'clear ',
  'acute ',
  'cardiopulmonary ',
  'disease ',
  'mild ',
  'severe ',
  'possible ',
  'pneumonia ',
  ';',
  ':',
  'but ',
  'İ',
  'ß',
);
const reportText = fc.oneof(
  fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 200 }),
);

const expectSlice = (span: Span | null, text: string): void => {
  if (span === null) return;
  expect(span.end).toBeGreaterThan(span.start);
  expect(text.slice(span.start, span.end)).toBe(span.text);
};

describe('checkImpression', () => {
  it('gives spans that are exactly the slices of the texts, for any text', () => {
    fc.assert(
      fc.property(reportText, reportText, reportText, (findings, background, impression) => {
        for (const { kind, impression: stated, findings: found, message } of checkImpression({
          findings,
          background,
          impression,
        })) {
          expect(flagKinds).toContain(kind);
          expect(message).toMatch(/\.$/);
          expectSlice(stated, impression);
          expectSlice(found, findings);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('says the same every time, hard flags first', () => {
    const input = {
      findings: 'Small left pleural effusion. No pneumothorax. Mild cardiomegaly.',
      impression: 'Large right pleural effusion. Pneumothorax. Severe cardiomegaly, see ____.',
    };
    const flags = checkImpression(input);
    expect(checkImpression(input)).toEqual(flags);
    const severities = flags.map(({ severity }) => severity);
    expect(severities).toEqual([...severities].sort());
    expect(new Set(flags.map(({ kind }) => kind))).toEqual(
      new Set(['laterality', 'negation', 'unsupported', 'severity', 'form']),
    );
  });

  it('finds nothing in an impression that repeats its findings', () => {
    const text = 'Small left pleural effusion with adjacent atelectasis. Heart size is normal. No pneumothorax.';
    expect(checkImpression({ findings: text, impression: text })).toEqual([]);
  });

  it('points both ways: the side in the impression, the side in the findings', () => {
    const [flag] = checkImpression({ findings: 'Small left effusion.', impression: 'Small right effusion.' });
    expect(flag).toEqual({
      kind: 'laterality',
      severity: 'hard',
      impression: { start: 6, end: 11, text: 'right' },
      findings: { start: 6, end: 10, text: 'left' },
      message: expect.stringContaining('effusion'),
    } satisfies Flag);
  });

  const million = (unit: string): string => unit.repeat(Math.ceil(1_000_000 / unit.length));
  it.each(['no evidence of no effusion, ', '(', '____', 'a', '9 mm x '])(
    'survives an impression of one line of a million characters: %s',
    (unit) => {
      expect(() =>
        checkImpression({ findings: 'Small left effusion, 9 mm.', impression: million(unit) }),
      ).not.toThrow();
    },
  );
  it.each(['left effusion ', '\ud83d', '1. '])('survives findings of one line of a million characters: %s', (unit) => {
    expect(() => checkImpression({ findings: million(unit), impression: 'Small right effusion.' })).not.toThrow();
  });
  it('survives three texts of hundreds of thousands of characters', () => {
    const line = 'no left effusion and heart is normal, '.repeat(8000);
    expect(() => checkImpression({ findings: line, background: line, impression: line })).not.toThrow();
  });
});

/** Counts look-ups and list operations while `work` runs: the work done, without a clock. */
const countOperations = (work: () => void): number => {
  const targets = [
    [Map.prototype, 'get'],
    [Set.prototype, 'has'],
    [Array.prototype, 'push'],
    [Array.prototype, 'includes'],
    [Array.prototype, 'some'],
    [Array.prototype, 'filter'],
    [Array.prototype, 'find'],
    [Array.prototype, 'slice'],
  ] as const;
  let count = 0;
  const originals = targets.map(([owner, name]) => [owner, name, Reflect.get(owner, name)] as const);
  for (const [owner, name, original] of originals) {
    Reflect.set(owner, name, function counted(this: unknown, ...given: unknown[]) {
      // A list operation costs its list.
      count += Array.isArray(this) && name !== 'push' && name !== 'slice' ? this.length : 1;
      return Reflect.apply(original, this, given);
    });
  }
  try {
    work();
  } finally {
    for (const [owner, name, original] of originals) Reflect.set(owner, name, original);
  }
  return count;
};

describe('the work of the guard', () => {
  const units = [
    'Small left pleural effusion is seen, no pneumothorax or consolidation in the right upper lobe. ',
    'no left effusion, no right effusion, ',
    'heart and lungs and mediastinum are normal and ',
    'a 9 mm nodule at T8 and the 5th rib, ',
    'left greater than right ',
    'acute disease. ',
    'granuloma ',
    'left base ',
    'stable mild ',
    'effusion. left. ',
    'no ',
    ', and ',
    'acute or active cardiac, pulmonary ',
    'PICC tip in the right atrium malpositioned. ',
    'is not seen, cannot be excluded, versus ',
    'moderate right and small left effusion, ',
    'no findings consistent with ',
    'worsening of the amount of the ',
    'smudging of the left base. right pneumonia. ',
    'no nodule of 9 mm, a 9 mm opacity. ',
    'edema, atelectasis or pneumonia, ',
  ];
  it.each(units)('grows with the length of the text, not its square: %s', (unit) => {
    const ofLength = (times: number): number => {
      const text = `An effusion in the ${unit.repeat(times)}`;
      return countOperations(() => checkImpression({ findings: text, background: text, impression: text }));
    };
    ofLength(1);
    // Past the length of any report, where the caps on comparisons hold: ten times the text, about ten times the work.
    expect(ofLength(1000) / ofLength(100)).toBeLessThan(20);
  });
});

describe('rerank', () => {
  const input = { findings: 'Small left effusion. No pneumothorax.' };
  it('prefers fewer hard flags, then fewer soft ones, then the score', () => {
    const ranked = rerank(
      [
        { impression: 'Small right effusion.', score: 0 },
        { impression: 'Small left effusion, see ____.', score: -1 },
        { impression: 'Small left effusion.', score: -3 },
        { impression: 'Small left pleural effusion.', score: -2 },
      ],
      input,
    );
    expect(ranked.map(({ score }) => score)).toEqual([-2, -3, -1, 0]);
    expect(ranked[3].flags[0].kind).toBe('laterality');
  });
  it('keeps the order of equals and leaves its input alone', () => {
    const drafts = [
      { impression: 'Left effusion.', score: 1, id: 'a' },
      { impression: 'Left effusion.', score: 1, id: 'b' },
    ];
    expect(rerank(drafts, input).map(({ id }) => id)).toEqual(['a', 'b']);
    expect(drafts[0]).not.toHaveProperty('flags');
    expect(rerank([], input)).toEqual([]);
  });
});
