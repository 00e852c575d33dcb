import { describe, expect, it } from 'vitest';
import { copyProposer, DraftMemory } from '../../src/generation/copying.js';
import { type DecodingOptions, decodingSettings, OptionFailure } from '../../src/generation/options.js';
import { choices, draw } from '../../src/generation/sampling.js';
import { Random } from '../../src/ground/random.js';

describe('options of decoding', () => {
  it.each<[string, DecodingOptions, RegExp]>([
    ['a length penalty without beams', { lengthPenalty: 2 }, /lengthPenalty is for beam search/],
    ['early stopping without beams', { earlyStopping: true }, /earlyStopping is for beam search/],
    ['sampling with beams', { beams: 4, temperature: 0.7 }, /exclude each other/],
    ['more outputs than beams', { beams: 2, nBest: 3 }, /more outputs than beams/],
    ['several outputs of a greedy search', { nBest: 2 }, /more outputs than beams/],
    ['a seed without sampling', { seed: 3 }, /seed is for sampling/],
    ['top-p with sampling turned off', { sample: false, topP: 0.5 }, /topP is for sampling/],
    ['guessing ahead with beams', { beams: 2, copyTokens: 4 }, /guessing ahead is for greedy/],
    ['a shortest output longer than the longest', { maxNewTokens: 4, minNewTokens: 5 }, /shortest/],
    ['no beam', { beams: 0 }, /beams must be a whole number/],
    ['a temperature of 0', { temperature: 0 }, /temperature must be above 0/],
    ['a probability above 1', { topP: 1.1 }, /topP must be above 0 and at most 1/],
  ])('refuse %s', (_, options, message) => {
    expect(() => decodingSettings(options)).toThrow(OptionFailure);
    expect(() => decodingSettings(options)).toThrow(message);
  });

  it('choose the way of decoding', () => {
    expect(decodingSettings({}).mode).toBe('greedy');
    expect(decodingSettings({ beams: 3 }).mode).toBe('beam');
    expect(decodingSettings({ topP: 0.9 }).mode).toBe('sample');
    expect(decodingSettings({ sample: true }).mode).toBe('sample');
  });
});

describe('sampling', () => {
  // Probabilities 0.4, 0.3, 0.2, 0.1 of tokens 2, 0, 3, 1.
  const logits = Float32Array.from([0.3, 0.1, 0.4, 0.2], (p) => Math.log(p));
  const left = (options: object) => choices(logits, { temperature: 1, topK: 0, topP: 1, ...options }).tokens;

  it('keeps the tokens that Transformers’ warpers keep', () => {
    expect(left({})).toEqual([2, 0, 3, 1]);
    expect(left({ topK: 2 })).toEqual([2, 0]);
    expect(left({ topP: 0.65 })).toEqual([2, 0]);
    expect(left({ topP: 0.75 })).toEqual([2, 0, 3]);
    expect(left({ topP: 0.01 })).toEqual([2]);
    // Top-p looks at what top-k left, made to sum to 1 again: 0.57 and 0.43.
    expect(left({ topK: 2, topP: 0.5 })).toEqual([2]);
    expect(choices(Float32Array.of(1, 1, 0), { temperature: 1, topK: 1, topP: 1 }).tokens).toEqual([0, 1]);
  });

  it('draws tokens as often as their probabilities say, sharpened by the temperature', () => {
    const random = Random.seeded(1);
    for (const temperature of [1, 0.5]) {
      const counts = [0, 0, 0, 0];
      for (let i = 0; i < 20_000; i++) counts[draw(logits, { temperature, topK: 0, topP: 1 }, random)]++;
      const powers = [0.3, 0.1, 0.4, 0.2].map((p) => p ** (1 / temperature));
      const sum = powers.reduce((a, b) => a + b, 0);
      powers.forEach((p, token) => {
        expect(Math.abs(counts[token] / 20_000 - p / sum)).toBeLessThan(0.015);
      });
    }
  });

  it('never draws what a processor has forbidden', () => {
    const forbidden = Float32Array.of(Number.NEGATIVE_INFINITY, 0, Number.NEGATIVE_INFINITY);
    expect(choices(forbidden, { temperature: 1, topK: 3, topP: 1 }).tokens).toEqual([1]);
  });
});

describe('guesses', () => {
  const END = 1;
  const input = [10, 11, 12, 13, 14, 11, 12, 20, 21, END];

  it('are what followed the longest run of last tokens in the input', () => {
    const propose = copyProposer(input, END, 3);
    expect(propose([0, 9, 11, 12])).toEqual([13, 14, 11]);
    expect(propose([0, 14, 11, 12])).toEqual([20, 21]); // not the end, which only the model may choose
    expect(propose([0, 99, 13])).toEqual([]); // one token is no run
  });

  it('are what followed in earlier drafts, the end too', () => {
    const memory = new DraftMemory();
    memory.remember([0, 30, 31, 32, END]);
    const propose = copyProposer(input, END, 8, memory);
    expect(propose([0])).toEqual([30, 31, 32, END]);
    expect(propose([0, 30])).toEqual([31, 32, END]);
  });
});
