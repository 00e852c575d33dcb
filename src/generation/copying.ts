/**
 * @file Guesses at how a draft goes on, for greedy decoding to verify. Impressions repeat the findings' words, so the
 * words that followed the draft's last ones in the input are a good guess; and they repeat each other ("No acute
 * cardiopulmonary abnormality."), so what followed them in earlier drafts is another. Source for the first: Saxena 2023,
 * "prompt lookup decoding".
 */

/** From a decoder sequence with its leading start token, tokens that may come next; none if there is no good guess. */
export type Proposer = (sequence: readonly number[]) => readonly number[];

/** Longest run of last tokens that is looked up. */
const LONGEST = 4;
/** Pairs remembered of earlier drafts; beyond, the oldest are forgotten. */
const REMEMBERED = 50_000;

/** What followed each pair of tokens in earlier drafts, last time it occurred. */
export class DraftMemory {
  readonly #next = new Map<string, number>();

  /** Remembers a draft: its decoder sequence with the leading start token. */
  remember(sequence: readonly number[]): void {
    for (let i = 0; i + 1 < sequence.length; i++) {
      const key = pair(sequence[i - 1], sequence[i]);
      this.#next.delete(key);
      this.#next.set(key, sequence[i + 1]);
    }
    for (const key of this.#next.keys()) {
      if (this.#next.size <= REMEMBERED) break;
      this.#next.delete(key);
    }
  }

  /** What came after these two tokens, if they were ever seen (the first is undefined before the start token). */
  after(before: number | undefined, last: number): number | undefined {
    return this.#next.get(pair(before, last));
  }
}

const pair = (before: number | undefined, last: number): string => `${before ?? ''},${last}`;

/**
 * A proposer for one draft.
 *
 * @param input The input's token ids.
 * @param endId Proposals end with the end token, and none is proposed out of the input.
 * @param most Most tokens proposed at once.
 * @param memory Of earlier drafts of the same model; default: none.
 */
export const copyProposer = (input: readonly number[], endId: number, most: number, memory?: DraftMemory): Proposer => {
  const places = new Map<number, number[]>(); // where each token stands in the input
  input.forEach((token, place) => {
    const known = places.get(token);
    if (known === undefined) places.set(token, [place]);
    else known.push(place);
  });

  /** Where the input goes on after the longest run of the sequence's last tokens, and how long that run is. */
  const match = (sequence: readonly number[]): { place: number; length: number } => {
    let best = { place: -1, length: 0 };
    for (const place of places.get(sequence.at(-1)!) ?? []) {
      if (place + 1 >= input.length || input[place + 1] === endId) continue;
      let length = 1;
      while (length < LONGEST && length < sequence.length && input[place - length] === sequence.at(-1 - length))
        length++;
      if (length > best.length) best = { place: place + 1, length };
    }
    return best;
  };

  return (sequence) => {
    const proposed: number[] = [];
    const { place, length } = match(sequence);
    if (length >= 3) return copied(input, place, most, endId);
    while (proposed.length < most) {
      const [before, last] =
        proposed.length === 0
          ? [sequence.at(-2), sequence.at(-1)!]
          : [proposed.at(-2) ?? sequence.at(-1), proposed.at(-1)!];
      const next = memory?.after(before, last);
      if (next === undefined) break;
      proposed.push(next);
      if (next === endId) break;
    }
    if (proposed.length > 0) return proposed;
    return length >= 2 ? copied(input, place, most, endId) : [];
  };
};

const copied = (input: readonly number[], place: number, most: number, endId: number): number[] => {
  const piece = input.slice(place, place + most);
  const end = piece.indexOf(endId);
  return end < 0 ? piece : piece.slice(0, end);
};
