/** @file Recommendations. Advice that stands in the impression and not in the findings is shown as added; it is never hard. */
import { flagAt, type Rule } from './context.js';

/** One flag for each sentence of the impression with advice, where the findings hold none. */
export const recommendation: Rule = (context) => {
  const { findings, impression } = context;
  if (findings.phrases.advice.length > 0) return [];
  const flagged = new Set<number>();
  let sentence = 0;
  return impression.phrases.advice.flatMap((advice) => {
    while (sentence < impression.sentences.length - 1 && impression.sentences[sentence].end <= advice.first)
      sentence += 1;
    if (flagged.has(sentence)) return [];
    flagged.add(sentence);
    return [
      flagAt(context, 'recommendation', 'soft', 'The impression gives advice that the findings do not.', {
        impression: advice,
      }),
    ];
  });
};
