/** @file The name most like a mistyped one, for messages that say what was probably meant. */

/** Levenshtein's distance: how many letters must be put in, taken out or changed. */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length]!;
};

/**
 * The candidate nearest to a name, if any is near enough to be meant.
 *
 * @param name What was written.
 * @param candidates What could have been meant.
 * @example nearest('epoch', ['epochs', 'seed']) // 'epochs'
 */
export const nearest = (name: string, candidates: readonly string[]): string | undefined => {
  const ranked = candidates
    .map((candidate) => ({ candidate, away: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.away - b.away);
  const best = ranked[0];
  return best !== undefined && best.away <= Math.max(2, name.length / 3) ? best.candidate : undefined;
};
