/**
 * @file Greedy decoding: the most likely token each time, until the end token or the limit. With a proposer, several
 * tokens are decoded in one pass: each proposed token whose predecessor turns out to be the most likely one is checked
 * for nothing, and the first that is not ends the run; the output is the same (speculative decoding with a look-up
 * instead of a second model; Saxena 2023, "prompt lookup decoding").
 */
import type { Proposer } from './copying.js';
import type { Query, Scores } from './lanes.js';
import { argmax, type LogitsProcessor } from './processors.js';
import type { Search, SearchFrame } from './search.js';

/** How often proposals were right. */
export interface ProposalCounts {
  /** Decoder passes. */
  passes: number;
  /** Tokens made by them. */
  tokens: number;
}

/**
 * A greedy search.
 *
 * @param propose Proposes tokens to go on with; default: none.
 * @param counts Where given, passes and tokens are added up in it.
 */
export const greedySearch = (
  { startId, endId, maxNewTokens }: SearchFrame,
  processors: readonly LogitsProcessor[],
  propose?: Proposer,
  counts?: ProposalCounts,
): Search => {
  const sequence = [startId];
  let proposed: readonly number[] = [];
  let score = 0;
  let ended = false;
  const rescaled = processors.some(({ rescales }) => rescales);
  const full = (): boolean => ended || sequence.length - 1 >= maxNewTokens;

  /** Chooses the next token from its scores. */
  const choose = ({ logits, normaliser }: Scores): number => {
    const unprocessed = rescaled ? logits.slice() : logits;
    for (const process of processors) process(logits, sequence);
    const token = argmax(logits);
    score += unprocessed[token] - normaliser;
    sequence.push(token);
    ended = token === endId;
    return token;
  };

  return {
    queries: () => {
      // The last token that may still be made needs no proposal behind it.
      const room = maxNewTokens - (sequence.length - 1) - 1;
      proposed = room > 0 && propose !== undefined ? propose(sequence).slice(0, room) : [];
      const first: Query = { token: sequence.at(-1)!, path: 0 };
      return [first, ...proposed.map((token, index): Query => ({ token, path: 0, after: index }))];
    },
    take: (scores) => {
      let query = 0;
      let token = choose(scores[0]);
      while (!full() && query < proposed.length && token === proposed[query]) token = choose(scores[++query]);
      if (counts !== undefined) {
        counts.passes++;
        counts.tokens += query + 1;
      }
      return full() ? undefined : [query];
    },
    settled: () => sequence.slice(1),
    outputs: () => [{ ids: sequence.slice(1), truncated: !ended, score: score / (sequence.length - 1) }],
  };
};
