import { expect, it } from 'vitest';
import { porterStem } from '../../src/evaluation/porter.js';
import { readFixture } from './fixture.js';

it('stems every word of the fixture as NLTK does', () => {
  const stems = readFixture<Record<string, string>>('stems.json.gz');
  const words = Object.keys(stems);
  expect(words.length).toBeGreaterThan(5000);
  expect(words.filter((word) => porterStem(word) !== stems[word])).toEqual([]);
});

it.each([
  ['airways', 'airway'],
  ['kidneys', 'kidney'],
  ['days', 'day'],
  ['using', 'use'],
  ['opacities', 'opac'],
  ['skies', 'sky'],
  ['dies', 'die'],
  ['flies', 'fli'],
])('takes %s to %s, where the published algorithm alone may not', (word, stem) => {
  expect(porterStem(word)).toBe(stem);
});

it('takes time linear in the length of a run of y', () => {
  const started = performance.now();
  porterStem('y'.repeat(1_000_000));
  expect(performance.now() - started).toBeLessThan(2000);
});
