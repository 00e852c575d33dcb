/** @file What reading a text yields: its mentions of findings, general statements, sides, and quantities. */
import type { Course, Nature, Zone } from '../lexicon/attributes.js';
import type { ConceptId } from '../lexicon/concepts.js';
import type { Dimension } from '../lexicon/measures.js';
import type { Narrowing } from '../lexicon/negation.js';
import type { Side } from '../lexicon/sides.js';
import type { Phrases } from './lexicon-table.js';
import type { Sentence } from './sentences.js';
import type { Token } from './tokens.js';

/** A run of tokens: `first` inclusive, `end` exclusive. */
export interface TokenRange {
  readonly first: number;
  readonly end: number;
}

/** A finding named in a text, with all that is said of it. */
export interface Mention extends TokenRange {
  readonly concept: ConceptId;
  /** Index of its sentence. */
  readonly sentence: number;
  /** The token at which denial and doubt are read: the predicate's in `heart is enlarged`. */
  readonly anchor: number;
  /** Said not to be there. */
  denied: boolean;
  /** Denied by a statement of normality (`lungs are clear`) rather than by name. */
  readonly byNormality: boolean;
  /** How the denial is narrowed. */
  narrowings: readonly Narrowing[];
  /** Possible, suspected, one of several readings. */
  uncertain: boolean;
  /** Uncertain only as `likely`, `probably` say. */
  likely: boolean;
  /** Uncertain only as one of several readings joined by `or`. */
  alternative: boolean;
  /** A blank (`____`) stands directly before it, so its certainty cannot be known. */
  afterBlank: boolean;
  /** Whether it is called displaced, suspicious and so on. */
  special: boolean;
  readonly sides: SideUse[];
  readonly zones: Zone[];
  degree: (TokenRange & { readonly level: number }) | null;
  course: (TokenRange & { readonly course: Course }) | null;
  readonly natures: Nature[];
  /** `two` of `two nodules`. */
  count: number | null;
}

/** A side word and the findings it belongs to. */
export interface SideUse extends TokenRange {
  readonly side: Side;
  readonly sentence: number;
  readonly mentions: Mention[];
  readonly zones: Zone[];
  /** The words directly behind it, by which its place is known where no finding is: `ankle`, `hilum`. */
  readonly words: readonly string[];
  /** The degree of the finding on this side only: `moderate on the right and small on the left`. */
  readonly degree: number | null;
  /** The content words around it in its clause, by which two findings of one name are told apart: `loculated`. */
  readonly context: readonly string[];
  /** Names a part of an organ (`left atrium`) or how the patient lay, not the side of a finding. */
  readonly partOfOrgan: boolean;
  /** The side to which the spine curves (`dextroscoliosis`): it belongs to no other finding. */
  readonly curve: boolean;
}

/** `no acute cardiopulmonary abnormality` and its kin. */
export interface GeneralStatement extends TokenRange {
  /** Index of its sentence. */
  readonly sentence: number;
  readonly denied: boolean;
  readonly uncertain: boolean;
  /** Says `acute` or `active`. */
  readonly acute: boolean;
  /** Speaks of bones or the abdomen only. */
  readonly elsewhere: boolean;
}

/** A measurement, each value in its dimension's base unit. */
export interface Measure extends TokenRange {
  readonly dimension: Dimension;
  readonly values: readonly MeasureValue[];
  readonly approximate: boolean;
  readonly sentence: number;
}

/** One value of a measurement. */
export interface MeasureValue {
  /** In the base unit. */
  readonly value: number;
  /** The step of its last written digit, in the base unit. */
  readonly step: number;
}

/** A numbered rib or vertebra, e.g. `rib 7` or `T8`. */
export interface NumberedPlace extends TokenRange {
  readonly place: string;
}

/** A text, read. */
export interface Reading {
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly sentences: readonly Sentence[];
  readonly phrases: Phrases;
  readonly mentions: readonly Mention[];
  readonly byConcept: ReadonlyMap<ConceptId, readonly Mention[]>;
  readonly sideUses: readonly SideUse[];
  readonly generals: readonly GeneralStatement[];
  readonly measures: readonly Measure[];
  readonly numberedPlaces: readonly NumberedPlace[];
}
