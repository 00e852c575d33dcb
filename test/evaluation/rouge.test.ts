import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRougeScorer, type RougeType } from '../../src/evaluation/rouge.js';
import { readFixture } from './fixture.js';

interface Pair {
  readonly target: string;
  readonly prediction: string;
  readonly plain: Record<string, [number, number, number]>;
  readonly stemmed: Record<string, [number, number, number]>;
}

const allTypes = [...Array.from({ length: 9 }, (_, n) => `rouge${n + 1}`), 'rougeL', 'rougeLsum'] as RougeType[];

describe.each([
  ['rouge-pairs.json.gz', 619],
  ['rouge-hard.json.gz', 400],
])('the scores of %s', (name, count) => {
  it('are those of rouge_score within 1e-9, with and without stemmer', () => {
    const pairs = readFixture<Pair[]>(name);
    expect(pairs).toHaveLength(count);
    const scorer = createRougeScorer(allTypes);
    const wrong: unknown[] = [];
    for (const [index, pair] of pairs.entries()) {
      const scores = scorer.score(pair.target, pair.prediction);
      for (const setting of ['plain', 'stemmed'] as const) {
        for (const [type, expected] of Object.entries(pair[setting])) {
          const { precision, recall, fmeasure } = scores[setting][type as RougeType];
          const off = [precision, recall, fmeasure].some((value, at) => !(Math.abs(value - expected[at]) < 1e-9));
          if (off) wrong.push({ index, setting, type });
        }
      }
    }
    expect(wrong).toEqual([]);
  });
});

const words = fc.array(fc.constantFrom('aa', 'bb', 'cc', 'dd', 'ee', '\n'), { maxLength: 90 });

/** The textbook table, to check the bit-parallel one against. */
const commonLength = (left: readonly string[], right: readonly string[]): number => {
  let row = new Array<number>(right.length + 1).fill(0);
  for (const token of left) {
    const next = [0];
    right.forEach((other, j) => {
      next.push(token === other ? row[j] + 1 : Math.max(row[j + 1], next[j]));
    });
    row = next;
  }
  return row[right.length];
};

describe('ROUGE', () => {
  const scorer = createRougeScorer(allTypes);

  it('of a text with itself is 1 for every type the text is long enough for', () => {
    const text = 'One two three four five six seven eight\nnine ten';
    for (const type of allTypes) expect(scorer.score(text, text).stemmed[type].fmeasure).toBe(1);
  });

  it('is 0, not undefined, where a side has no token or is shorter than n', () => {
    for (const type of allTypes) {
      for (const [target, prediction] of [
        ['', ''],
        ['a b', '...'],
        ['\n', 'a b'],
      ])
        expect(scorer.score(target, prediction).plain[type]).toEqual({ precision: 0, recall: 0, fmeasure: 0 });
    }
    expect(scorer.score('a b', 'a b').plain.rouge3.fmeasure).toBe(0);
  });

  it('swaps precision and recall when the texts are swapped', () => {
    fc.assert(
      fc.property(words, words, (left, right) => {
        const there = scorer.score(left.join(' '), right.join(' ')).plain;
        const back = scorer.score(right.join(' '), left.join(' ')).plain;
        for (const type of ['rouge1', 'rouge2', 'rouge4', 'rougeL'] as const) {
          expect(there[type].precision).toBe(back[type].recall);
        }
      }),
    );
  });

  it('counts the longest common subsequence that the textbook table counts', () => {
    fc.assert(
      fc.property(words, words, (left, right) => {
        const tokens = [left, right].map((side) => side.filter((word) => word !== '\n'));
        fc.pre(tokens[0].length > 0);
        const { recall } = scorer.score(left.join(' '), right.join(' ')).plain.rougeL;
        expect(Math.round(recall * tokens[0].length)).toBe(commonLength(tokens[0], tokens[1]));
      }),
    );
  });

  it('of a type that does not exist is refused', () => {
    expect(() => createRougeScorer(['rouge0' as RougeType])).toThrow(/unknown type of ROUGE, got rouge0/);
    expect(() => createRougeScorer(['rouge10' as RougeType])).toThrow(/rouge10/);
  });
});
