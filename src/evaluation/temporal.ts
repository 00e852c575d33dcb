/**
 * @file Whether an impression speaks of change as the reference does: F1 over the words of change that each uses. The
 * word list is that of S. Bannur et al., "Learning to exploit temporal structure for biomedical vision-language
 * processing" (CVPR 2023), as used by RadEval's `f1temporal`; that metric adds a named-entity model whose finds are
 * filtered by the same list, and an epsilon of 1e-10, neither of which changes what the words give.
 */
import { tokenize } from './tokenize.js';

/** The words of change. */
export const temporalWords: ReadonlySet<string> = new Set([
  ...['bigger', 'change', 'cleared', 'constant', 'decrease', 'decreased', 'decreasing', 'elevated', 'elevation'],
  ...['enlarged', 'enlargement', 'enlarging', 'expanded', 'greater', 'growing', 'improved', 'improvement', 'improving'],
  ...['increase', 'increased', 'increasing', 'larger', 'new', 'persistence', 'persistent', 'persisting', 'progression'],
  ...['progressive', 'reduced', 'removal', 'resolution', 'resolved', 'resolving', 'smaller', 'stability', 'stable'],
  ...['stably', 'unaltered', 'unchanged', 'unfolded', 'worse', 'worsen', 'worsened', 'worsening'],
]);

/** The distinct words of change in a text. */
export const temporalWordsIn = (text: string): Set<string> =>
  new Set(tokenize(text).filter((word) => temporalWords.has(word)));

/**
 * F1 of two sets of words of change: 1 where both are empty, 0 where one is.
 *
 * @example temporalF1(temporalWordsIn('Stable, no new opacity.'), temporalWordsIn('Stable.')); // 2/3
 */
export const temporalF1 = (reference: ReadonlySet<string>, prediction: ReadonlySet<string>): number => {
  if (reference.size === 0 && prediction.size === 0) return 1;
  let common = 0;
  for (const word of prediction) if (reference.has(word)) common += 1;
  return (2 * common) / (reference.size + prediction.size);
};
