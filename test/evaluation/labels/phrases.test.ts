import { describe, expect, it } from 'vitest';
import { compilePhrases } from '../../../src/evaluation/labels/phrases.js';
import { tokensOf } from '../../../src/evaluation/labels/tokens.js';

const words = (text: string): string[] => tokensOf(text).map((token) => token.text);

describe('tokens of a sentence', () => {
  it.each<[string, string[]]>([
    ['No CHF/edema.', ['no', 'chf', 'or', 'edema', '.']],
    ['Atelectasis and/or pneumonia', ['atelectasis', 'or', 'pneumonia']],
    ['Air-space disease - stable', ['air', 'space', 'disease', ';', 'stable']],
    ["Can't exclude 2.5 cm nodule", ["can't", 'exclude', '2', '5', 'cm', 'nodule']],
  ])('of %j', (text, expected) => {
    expect(words(text)).toEqual(expected);
  });

  it('have their places in the sentence', () => {
    const text = 'Small  LEFT effusion.';
    expect(tokensOf(text).map(({ start, end }) => text.slice(start, end))).toEqual(['Small', 'LEFT', 'effusion', '.']);
  });
});

describe('phrases', () => {
  const find = compilePhrases([
    ['pleural effusion*', 'effusion'],
    ['pleural thickening|scar*', 'pleura'],
    ['pleural', 'part'],
    ['resolved', 'before'],
    ['resolved', 'after'],
  ]);
  const found = (text: string) => find(tokensOf(text)).map(({ start, end, meanings }) => [start, end, ...meanings]);

  it('are found longest first, with endings and alternatives', () => {
    expect(found('bilateral pleural effusions')).toEqual([[1, 3, 'effusion']]);
    expect(found('pleural scarring, pleural thickening')).toEqual([
      [0, 2, 'pleura'],
      [3, 5, 'pleura'],
    ]);
    expect(found('pleural thickenings')).toEqual([[0, 1, 'part']]);
  });

  it('given twice have both meanings', () => {
    expect(found('resolved')).toEqual([[0, 1, 'before', 'after']]);
  });
});
