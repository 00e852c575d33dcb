/**
 * @file All phrase tables of `lexicon/` compiled once into one trie. The layers' order here is the order in which
 * {@link findPhrases} answers.
 */
import { comparisonPhrases, noComparison, recommendationPhrases } from '../lexicon/advice.js';
import {
  type Course,
  coursePhrases,
  degreePhrases,
  type Nature,
  naturePhrases,
  type Zone,
  zonePhrases,
} from '../lexicon/attributes.js';
import { type ConceptId, concepts } from '../lexicon/concepts.js';
import { malpositionPhrases, tipPositions } from '../lexicon/devices.js';
import { type Trigger, triggerPhrases } from '../lexicon/negation.js';
import { type Predicate, predicatePhrases, type SubjectName, subjects } from '../lexicon/normality.js';
import { type Side, sidePhrases } from '../lexicon/sides.js';
import { type PhraseMatch, PhraseTable } from './phrases.js';
import type { Token } from './tokens.js';

/** The value of each layer's matches. */
interface Layers {
  readonly concept: ConceptId;
  readonly subject: SubjectName;
  readonly predicate: Predicate;
  readonly trigger: Trigger;
  readonly side: Side;
  readonly zone: Zone;
  readonly degree: number;
  readonly course: Course;
  readonly nature: Nature;
  readonly tip: string;
  readonly malposition: true;
  readonly advice: true;
  readonly comparison: true;
  readonly noComparison: true;
}

/** What stands in a text, by layer. */
export type Phrases = { readonly [Name in keyof Layers]: readonly PhraseMatch<Layers[Name]>[] };

type Rows = Iterable<readonly [Layers[keyof Layers], readonly string[]]>;

const entries = <Key extends string>(record: Readonly<Record<Key, readonly string[]>>): [Key, readonly string[]][] =>
  Object.entries(record) as [Key, readonly string[]][];

const rowsOf: Readonly<Record<keyof Layers, Rows>> = {
  concept: concepts.map(({ id, phrases }) => [id, phrases] as const),
  subject: (Object.keys(subjects) as SubjectName[]).map((name) => [name, subjects[name].phrases] as const),
  predicate: entries(predicatePhrases),
  trigger: entries(triggerPhrases),
  side: entries(sidePhrases),
  zone: entries(zonePhrases),
  degree: degreePhrases,
  course: entries(coursePhrases),
  nature: entries(naturePhrases),
  tip: tipPositions.map(({ id, phrases }) => [id, phrases] as const),
  malposition: [[true, malpositionPhrases]],
  advice: [[true, recommendationPhrases]],
  comparison: [[true, comparisonPhrases]],
  noComparison: [[true, noComparison]],
};

const table = new PhraseTable<Layers[keyof Layers]>();
const layerNames = Object.keys(rowsOf) as (keyof Layers)[];
for (const name of layerNames) table.addLayer(rowsOf[name]);

/** Finds every phrase of every table in a text. */
export const findPhrases = (tokens: readonly Token[]): Phrases => {
  const found = table.find(tokens);
  return Object.fromEntries(layerNames.map((name, layer) => [name, found[layer]])) as unknown as Phrases;
};
