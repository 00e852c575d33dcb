/** @file General statements: `no acute cardiopulmonary abnormality`, `negative for active disease`, `abnormal chest`. */
import { generalBetween, generalElsewhere, generalHeads, generalOpeners } from '../lexicon/normality.js';
import type { GeneralStatement } from './mention.js';
import type { Scopes } from './scopes.js';
import type { Sentence } from './sentences.js';
import type { Token } from './tokens.js';

/** An opener and its head stand no further apart. */
const reach = 12;
const notNormal: ReadonlySet<string> = new Set(['normal', 'unremarkable']);
const examinations: ReadonlySet<string> = new Set(['chest', 'examination', 'exam', 'study', 'radiograph', 'film', 'x']);

/**
 * Reads the general statements.
 *
 * @param taken 1 for every token of a named finding: `chronic obstructive pulmonary disease` is no general statement.
 */
export const readGenerals = (
  tokens: readonly Token[],
  sentences: readonly Sentence[],
  scopes: Scopes,
  taken: Uint8Array,
): GeneralStatement[] => {
  const generals: GeneralStatement[] = [];
  for (const [sentence, { first: from, end: to }] of sentences.entries()) {
    for (let first = from; first < to; first += 1) {
      const { form } = tokens[first];
      const status = { sentence, denied: scopes.denial[first] > 0, uncertain: scopes.doubt[first] > 0 };
      const unusual = form === 'abnormal' || (notNormal.has(form) && tokens[first - 1]?.form === 'not');
      if (unusual && examinations.has(tokens[first + 1]?.form)) {
        const denied = form === 'abnormal' && status.denied;
        generals.push({ ...status, first, end: first + 2, denied, acute: true, elsewhere: false });
        continue;
      }
      if (!generalOpeners.has(form) || taken[first] === 1) continue;
      let end = 0;
      let acute = false;
      let elsewhere = false;
      let chest = false;
      for (let at = first; at < Math.min(to, first + reach) && taken[at] === 0; at += 1) {
        const word = tokens[at].form;
        if (generalHeads.has(word)) end = at + 1;
        else if (!generalBetween.has(word)) break;
        acute ||= word === 'acute' || word === 'active';
        elsewhere ||= generalElsewhere.has(word);
        chest ||= /^(?:cardio|pulmonary|cardiac|pleural|intrathoracic|chest|lung)/.test(word);
      }
      if (end === 0) continue;
      generals.push({ first, end, ...status, acute, elsewhere: elsewhere && !chest });
      first = end - 1;
    }
  }
  return generals;
};
