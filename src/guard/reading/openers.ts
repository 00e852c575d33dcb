/**
 * @file The words that open the sentences of reports, taken from the tables: sides, degrees, changes, findings. Names
 * of devices and persons, which are capitalised anywhere, are none of them.
 */
import { coursePhrases, degreePhrases, naturePhrases } from '../lexicon/attributes.js';
import { concepts, deviceIds } from '../lexicon/concepts.js';
import { predicatePhrases, subjects } from '../lexicon/normality.js';
import { sidePhrases } from '../lexicon/sides.js';
import { expandPhrase } from './phrases.js';
import { tokenize } from './tokens.js';

/** Names that stand in the tables and are capitalised within a sentence. */
const names: ReadonlySet<string> = new Set(['kerley', 'hampton', 'dish', 'ground']);

const phrases: readonly string[] = [
  'no',
  'the',
  'there',
  'this',
  'these',
  'negative',
  'positive',
  'otherwise',
  'finding',
  'possible',
  'probable',
  'suspicious',
  'patchy',
  'streaky',
  'hilar',
  'ascending',
  'spiculated',
  'focal',
  'scattered',
  'multiple',
  'several',
  'interval',
  'recommend',
  'followup',
  'multifocal',
  'diffuse',
  ...concepts.filter(({ id }) => !deviceIds.has(id)).flatMap((concept) => concept.phrases),
  ...Object.values(subjects).flatMap((subject) => [...subject.phrases]),
  ...Object.values(predicatePhrases).flat(),
  ...Object.values(sidePhrases).flat(),
  ...Object.values(coursePhrases).flat(),
  ...Object.values(naturePhrases).flat(),
  ...[...degreePhrases.values()].flat(),
];

/** Word forms with which a sentence of a report begins. */
export const sentenceOpeners: ReadonlySet<string> = new Set(
  phrases
    .flatMap(expandPhrase)
    .map((phrase) => tokenize(phrase)[0]?.form ?? '')
    .filter((word) => !names.has(word)),
);
