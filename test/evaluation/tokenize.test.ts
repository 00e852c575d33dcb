import { describe, expect, it } from 'vitest';
import { createVocabulary, tokenize } from '../../src/evaluation/tokenize.js';

describe('tokens of a text', () => {
  it.each<[string, string[]]>([
    ['Chest X-ray: 2.5 cm', ['chest', 'x', 'ray', '2', '5', 'cm']],
    ['İ K ſ', ['i', 'k']],
    ['naïve\u00a0ＣＴ x²', ['na', 've', 'x']],
    ['____ -- \ud800 \u{1f600}', []],
    ['', []],
  ])('of %j are those that Python finds', (text, tokens) => {
    expect(tokenize(text)).toEqual(tokens);
  });

  it('are stemmed only when longer than three characters', () => {
    expect(tokenize('gas gases was lungs dyed', true)).toEqual(['gas', 'gase', 'was', 'lung', 'dy']);
  });
});

describe('a vocabulary', () => {
  it('numbers equal words alike across texts and ends lines after their last token', () => {
    const words = createVocabulary();
    const first = words.encode('Small effusion.\n \nNo change\n');
    expect([...first.lineEnds]).toEqual([2, 4]);
    expect([...words.encode('change effusion').tokens]).toEqual([first.tokens[3], first.tokens[1]]);
  });

  it('gives words of one stem one number', () => {
    const words = createVocabulary();
    const stems = words.stemmed(words.encode('effusions effusion Effusions')).tokens;
    expect(new Set(stems).size).toBe(1);
  });
});
