/**
 * @file Which words belong to which finding: sides, zones, degrees, course and nature. A word belongs to the finding
 * it stands directly before (`right pleural effusion`), else to the one it follows by a preposition (`opacity in the
 * right base`), else to the nearest in its sentence. Sides are shared along a list (`right effusion and atelectasis`).
 */
import { clauseVerbs } from '../lexicon/negation.js';
import type { Mention, TokenRange } from './mention.js';
import type { Token } from './tokens.js';

/** How many tokens apart a word and its finding may stand. */
const reach = 12;

const prepositions: ReadonlySet<string> = new Set([
  'in',
  'of',
  'at',
  'within',
  'on',
  'along',
  'overlying',
  'over',
  'near',
  'involving',
  'projecting',
  'throughout',
  'from',
  'to',
  'into',
  'through',
  'adjacent',
  'overlie',
  'project',
  'under',
  'beneath',
  'by',
  'obscuring',
]);
const hardStops: ReadonlySet<string> = new Set([
  'but',
  'however',
  'although',
  'though',
  'with',
  'without',
  'no',
  'not',
  ':',
  'which',
  'while',
]);

/** How the stretch between two places reads. */
interface Stretch {
  readonly comma: boolean;
  readonly and: boolean;
  readonly preposition: boolean;
  readonly stop: boolean;
  readonly verb: boolean;
}

const far: Stretch = { comma: true, and: true, preposition: false, stop: true, verb: true };

/** Reads the tokens between two places; further apart than `reach` they are strangers. */
const stretch = (tokens: readonly Token[], from: number, to: number): Stretch => {
  if (to - from > reach) return far;
  let comma = false;
  let and = false;
  let preposition = false;
  let stop = false;
  let verb = false;
  for (let at = from; at < to; at += 1) {
    const { form } = tokens[at];
    if (form === ',') comma = true;
    else if (form === 'and' || form === 'or' || form === '/') and = true;
    else if (prepositions.has(form)) preposition = true;
    else if (hardStops.has(form)) stop = true;
    else if (clauseVerbs.has(form)) verb = true;
  }
  return { comma, and, preposition, stop, verb };
};

/** Words between a degree or a change and what it is of: `worsening of`, `small amount of`, `increase in size of`. */
const measuring: ReadonlySet<string> = new Set([
  'size',
  'amount',
  'volume',
  'number',
  'extent',
  'degree',
  'the',
  'a',
  'in',
  'of',
]);

/** Where a word ends with the `of` that hands it to the finding behind. */
const endWithOf = (tokens: readonly Token[], { end }: TokenRange): number => {
  let at = end;
  while (measuring.has(tokens[at]?.form) && at < end + 4) at += 1;
  for (let of = end; of < at; of += 1) if (tokens[of].form === 'of' || tokens[of].form === 'in') return at;
  return end;
};

/** Whether a word stands by itself behind a comma: `small effusion, unchanged from the prior study.` */
const afterthoughtEnds: ReadonlySet<string> = new Set([
  '.',
  ',',
  ';',
  'from',
  'since',
  'compared',
  'when',
  'in',
  'and',
  'on',
]);
const isAfterthought = (tokens: readonly Token[], word: TokenRange, before: Mention | undefined): boolean =>
  before !== undefined && word.first - before.end <= 8 && afterthoughtEnds.has(tokens[word.end]?.form ?? '.');

/** The findings around a word in its sentence. */
interface Neighbours {
  readonly around: Mention | undefined;
  readonly before: Mention | undefined;
  readonly after: Mention | undefined;
}

/**
 * For each word the finding it belongs to.
 *
 * @param mentions The findings of one sentence in order.
 * @param words The words of that sentence in order.
 * @param loose Whether a word may belong to a finding that is not directly joined to it.
 * @returns The finding of each word, or undefined.
 */
export const linkWords = (
  tokens: readonly Token[],
  mentions: readonly Mention[],
  words: readonly TokenRange[],
  loose: boolean,
): (Mention | undefined)[] => {
  const owners: (Mention | undefined)[] = [];
  let next = 0;
  for (const [index, word] of words.entries()) {
    while (next < mentions.length && mentions[next].first < word.end) next += 1;
    const neighbours = neighboursOf(mentions, next, word);
    const chained = index > 0 ? { word: words[index - 1], owner: owners[index - 1] } : undefined;
    owners.push(ownerOf(tokens, word, neighbours, chained, words[index + 1], loose));
  }
  return owners;
};

const neighboursOf = (mentions: readonly Mention[], next: number, word: TokenRange): Neighbours => {
  const last = mentions[next - 1];
  const around = last !== undefined && last.end > word.first ? last : undefined;
  return { around, before: around === undefined ? last : mentions[next - 2], after: mentions[next] };
};

const ownerOf = (
  tokens: readonly Token[],
  word: TokenRange,
  { around, before, after }: Neighbours,
  chained: { word: TokenRange; owner: Mention | undefined } | undefined,
  following: TokenRange | undefined,
  loose: boolean,
): Mention | undefined => {
  if (around !== undefined) return around;
  const behind = before === undefined ? far : stretch(tokens, before.end, word.first);
  const ahead = after === undefined ? far : stretch(tokens, loose ? word.end : endWithOf(tokens, word), after.first);
  const open = !behind.comma && !behind.stop;
  if (before !== undefined && open && behind.preposition && !behind.and) return before;
  if (chained?.owner !== undefined && chained.owner === before && before.end <= chained.word.first) {
    const between = stretch(tokens, chained.word.end, word.first);
    if (!between.stop && !between.verb && (ahead.comma || ahead.stop || ahead.preposition || after === undefined))
      return before;
  }
  // `left and right effusions`: an `and` is no end when a further word of the same kind stands behind it.
  const pair = following !== undefined && after !== undefined && following.end <= after.first;
  const joined = !ahead.comma && !ahead.stop && !ahead.preposition && !ahead.verb && (!ahead.and || pair);
  if (after !== undefined && joined) return after;
  if (before !== undefined && open && !behind.and && !behind.verb) return before;
  if (before !== undefined && open && behind.preposition) return before;
  if (!loose && isAfterthought(tokens, word, before) && !behind.stop && !behind.and) return before;
  if (!loose) return before !== undefined && open && !behind.and ? before : undefined;
  if (after !== undefined && !ahead.stop) return after;
  return before ?? after;
};
