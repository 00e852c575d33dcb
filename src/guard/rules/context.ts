/** @file What every rule is given, and how a rule writes a span. */

import type { Flag, FlagKind, FlagSeverity, Span } from '../flag.js';
import { type ConceptId, conceptById } from '../lexicon/concepts.js';
import { type Closeness, carriersOf } from '../lexicon/evidence.js';
import type { Mention, Reading, TokenRange } from '../reading/mention.js';
import { lastBefore } from '../reading/phrases.js';

/** The three texts, read. */
export interface Context {
  readonly findings: Reading;
  readonly background: Reading;
  readonly impression: Reading;
}

/** One check: what it compares stands in its file's head. */
export type Rule = (context: Context) => Flag[];

/** The span of a run of tokens, with its exact text. */
export const spanOf = (reading: Reading, { first, end }: TokenRange): Span => {
  const start = reading.tokens[first].start;
  const finish = reading.tokens[end - 1].end;
  return { start, end: finish, text: reading.text.slice(start, finish) };
};

/** Builds a flag from places given as token ranges. */
export const flagAt = (
  { impression, findings }: Context,
  kind: FlagKind,
  severity: FlagSeverity,
  message: string,
  at: { impression?: TokenRange | null; findings?: TokenRange | null },
): Flag => ({
  kind,
  severity,
  impression: at.impression ? spanOf(impression, at.impression) : null,
  findings: at.findings ? spanOf(findings, at.findings) : null,
  message,
});

/** What messages call a finding. */
export const labelOf = (concept: ConceptId): string => conceptById.get(concept)!.label;

/** The mentions of a reading that carry a statement, each with its closeness. */
export function* carriersIn(reading: Reading, statement: ConceptId): Generator<readonly [Mention, Closeness]> {
  for (const [concept, closeness] of carriersOf(statement)) {
    for (const mention of reading.byConcept.get(concept) ?? []) yield [mention, closeness];
  }
}

/** At most one flag for a place and message, so that a repeated sentence is not reported again and again. */
export const distinct = (flags: readonly Flag[]): Flag[] => {
  const seen = new Set<string>();
  return flags.filter((flag) => {
    const key = `${flag.kind} ${flag.impression?.start} ${flag.findings?.start} ${flag.message}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
};

/** Whether a finding stands behind advice in its sentence: `recommend CT to exclude a mass`, not `a mass, recommend CT`. */
export const inAdvice = (reading: Reading, mention: Mention): boolean => {
  const { first } = reading.sentences[mention.sentence];
  const last = lastBefore(reading.phrases.advice, mention.first);
  return last !== undefined && last.first >= first;
};
