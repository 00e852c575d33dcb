/**
 * @file Rates of the flags that a guard raised over the predictions. This room knows no guard: it takes counts by kind,
 * and says in how many reports each kind occurs.
 */

/** How often a check flagged one prediction, by kind of flag. */
export type FlagCounts = Readonly<Record<string, { readonly hard: number; readonly soft: number }>>;

/** Shares of the reports. */
export interface FlagRates {
  /** With at least one hard flag. */
  readonly hard: number;
  /** With at least one soft flag. */
  readonly soft: number;
  readonly byKind: Readonly<Record<string, { readonly hard: number; readonly soft: number }>>;
}

/**
 * In how many reports each kind of flag occurs.
 *
 * @param counts One an example.
 * @example flagRates([{ laterality: { hard: 2, soft: 0 } }, {}]).hard; // 0.5
 */
export const flagRates = (counts: readonly FlagCounts[]): FlagRates => {
  const share = (of: (example: FlagCounts) => boolean): number => counts.filter(of).length / counts.length;
  const kinds = [...new Set(counts.flatMap((example) => Object.keys(example)))].sort();
  return {
    hard: share((example) => Object.values(example).some(({ hard }) => hard > 0)),
    soft: share((example) => Object.values(example).some(({ soft }) => soft > 0)),
    byKind: Object.fromEntries(
      kinds.map((kind) => [
        kind,
        {
          hard: share((example) => (example[kind]?.hard ?? 0) > 0),
          soft: share((example) => (example[kind]?.soft ?? 0) > 0),
        },
      ]),
    ),
  };
};
