/** @file The shape of a pair written for a rule. */
import type { FlagSeverity } from '../../src/guard/flag.js';

/** One pair and what a rule has to say about it. */
export interface RuleCase {
  readonly why: string;
  readonly findings: string;
  readonly impression: string;
  readonly background?: string;
  /** The severity that must be raised, or null where the rule must keep silent. */
  readonly raises: FlagSeverity | null;
}

/** A pair, with the severity that it must raise. */
export const flag = (
  raises: FlagSeverity | null,
  why: string,
  findings: string,
  impression: string,
  background?: string,
): RuleCase => ({ why, findings, impression, background, raises });
