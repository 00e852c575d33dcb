/**
 * @file What the guard says: flags, each with its kind, its severity and the two places that disagree.
 * The kinds are those of `impressionist check`'s file format and must not be renamed.
 */

/** Every kind of flag, in the order in which reports and summaries show them. */
export const flagKinds = [
  'laterality',
  'negation',
  'unsupported',
  'omission',
  'number',
  'device',
  'comparison',
  'severity',
  'recommendation',
  'certainty',
  'form',
] as const;

/** What a flag is about. */
export type FlagKind = (typeof flagKinds)[number];

/** `hard`: to be acknowledged before the draft is used. `soft`: to be shown. */
export type FlagSeverity = 'hard' | 'soft';

/** A place in a text: UTF-16 offsets, `end` exclusive; `text` is exactly that slice. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * One disagreement. `impression` is null when the impression lacks something or the findings contradict themselves;
 * `findings` is null when the findings lack it. Evidence that stands in the background is named in `message` only:
 * spans never point into the background.
 */
export interface Flag {
  readonly kind: FlagKind;
  readonly severity: FlagSeverity;
  readonly impression: Span | null;
  readonly findings: Span | null;
  /** One sentence for the radiologist; it names concepts, never quotes more than the spans. */
  readonly message: string;
}

/** What is compared. */
export interface GuardInput {
  readonly findings: string;
  /** Indication, history, technique, comparison; may be absent. */
  readonly background?: string;
  readonly impression: string;
}
