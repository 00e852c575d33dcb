/**
 * @file Beam search with the results of Transformers' `generate` (4.57 and 5.18), for one input. Each step the 2·beams
 * best continuations of the running beams are taken; those that have ended may enter the finished list if they are
 * among the first `beams`, the best `beams` others go on. Source: `GenerationMixin._beam_search`.
 */
import type { Query, Scores } from './lanes.js';
import type { LogitsProcessor } from './processors.js';
import type { Decoded, Search, SearchFrame } from './search.js';

/**
 * When a search may stop before the limit: `true` as soon as there are enough finished outputs, `false` once the best
 * running one would not beat them at its present length, `never` once it could not at any length.
 */
export type EarlyStopping = boolean | 'never';

/** How a beam search goes. */
export interface BeamOptions {
  /** Sequences kept at each step; at least 2. */
  readonly beams: number;
  /** A finished output's score is Σ log-probability / length ** this; above 0 favours longer ones. */
  readonly lengthPenalty: number;
  readonly earlyStopping: EarlyStopping;
}

interface Beam {
  readonly sequence: readonly number[];
  /** Σ log-probability. */
  readonly total: number;
}

interface Candidate {
  readonly total: number;
  readonly beam: number;
  readonly token: number;
}

/** A beam search; its outputs are all `beams` finished ones. */
export const beamSearch = (
  { startId, endId, maxNewTokens }: SearchFrame,
  processors: readonly LogitsProcessor[],
  { beams, lengthPenalty, earlyStopping }: BeamOptions,
): Search => {
  let running: readonly Beam[] = [{ sequence: [startId], total: 0 }];
  let finished: Decoded[] = [];

  return {
    queries: () => running.map(({ sequence }, path): Query => ({ token: sequence.at(-1)!, path })),
    take: (scores) => {
      const candidates = bestCandidates(running, scores, processors, 2 * beams);
      const length = running[0].sequence.length; // generated tokens, this step's counted
      const atLimit = length >= maxNewTokens;
      const ends = ({ token }: Candidate): boolean => atLimit || token === endId;

      const full = finished.length === beams;
      if (!(full && earlyStopping === true)) {
        const entering = candidates.slice(0, beams).filter(ends);
        finished = [
          ...finished,
          ...entering.map(({ beam, token, total }) => ({
            ids: [...running[beam].sequence.slice(1), token],
            truncated: token !== endId,
            score: total / length ** lengthPenalty,
          })),
        ]
          .sort((a, b) => b.score - a.score)
          .slice(0, beams);
      }
      if (atLimit) return undefined;

      const going = candidates.filter((candidate) => !ends(candidate)).slice(0, beams);
      if (going.length === 0) return undefined;
      running = going.map(({ beam, token, total }) => ({ sequence: [...running[beam].sequence, token], total }));
      if (finished.length === beams) {
        if (earlyStopping === true) return undefined;
        const reach = earlyStopping === 'never' && lengthPenalty > 0 ? maxNewTokens : length;
        const possible = running[0].total / reach ** lengthPenalty;
        if (possible <= finished[beams - 1].score) return undefined;
      }
      return going.map(({ beam }) => beam);
    },
    settled: () => [],
    outputs: () => finished,
  };
};

/** The best continuations of all beams, best first; of equals the first. */
const bestCandidates = (
  beams: readonly Beam[],
  scores: readonly Scores[],
  processors: readonly LogitsProcessor[],
  count: number,
): Candidate[] => {
  const best: Candidate[] = [];
  let worst = Number.NEGATIVE_INFINITY;
  for (const [beam, { sequence, total }] of beams.entries()) {
    const { logits, normaliser } = scores[beam];
    if (processors.length > 0) {
      // Transformers' processors work on log-probabilities here, which are not normalised again.
      for (let token = 0; token < logits.length; token++) logits[token] -= normaliser;
      for (const process of processors) process(logits, sequence);
    }
    const offset = processors.length > 0 ? total : total - normaliser;
    for (let token = 0; token < logits.length; token++) {
      const sum = offset + logits[token];
      if (!(sum > worst)) continue;
      let place = best.length;
      while (place > 0 && best[place - 1].total < sum) place--;
      best.splice(place, 0, { total: sum, beam, token });
      if (best.length > count) best.pop();
      if (best.length === count) worst = best[count - 1].total;
    }
  }
  return best;
};
