import { expect, it } from 'vitest';
import { splitSentences } from '../../src/evaluation/sentences.js';

it.each<[string, string[]]>([
  ['Heart is normal. Lungs are clear.', ['Heart is normal.', 'Lungs are clear.']],
  ['1. No change. 2. Small effusion.', ['1. No change.', '2. Small effusion.']],
  ['Nodule of 2.5 cm. Stable.', ['Nodule of 2.5 cm.', 'Stable.']],
  ['Discussed with Dr. Ray at 5 p.m. today.', ['Discussed with Dr. Ray at 5 p.m. today.']],
  ['See series No. 4. Is there effusion? No.', ['See series No. 4.', 'Is there effusion?', 'No.']],
  ['Heart normal.Lungs clear.', ['Heart normal.', 'Lungs clear.']],
  ['Stable appearance of the\nright lung.', ['Stable appearance of the\nright lung.']],
  ['Cardiomegaly\nNo effusion', ['Cardiomegaly', 'No effusion']],
  ['Findings:\n- nodule\n- effusion', ['Findings:', '- nodule', '- effusion']],
  ['No acute findings. .', ['No acute findings.']],
  ['? pneumonia', ['? pneumonia']],
  [' . ', []],
])('splits %j', (text, sentences) => {
  const found = splitSentences(text);
  expect(found.map((sentence) => sentence.text)).toEqual(sentences);
  for (const { text: sentence, start, end } of found) expect(text.slice(start, end)).toBe(sentence);
});
