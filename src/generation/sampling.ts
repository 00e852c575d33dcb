/**
 * @file Sampling: the next token is drawn by its probability, after the warpers of Transformers in their order:
 * temperature, top-k (Fan et al. 2018), top-p (Holtzman et al. 2019). Draws come from a seeded stream of the input's
 * own, so that a seed gives the same drafts whatever else is decoded beside them.
 */
import { Random } from '../ground/random.js';
import type { Query } from './lanes.js';
import type { LogitsProcessor } from './processors.js';
import type { Decoded, Search, SearchFrame } from './search.js';

/** How tokens are drawn. */
export interface SamplingOptions {
  /** Scores are divided by it; below 1 favours likely tokens, above 1 evens out. */
  readonly temperature: number;
  /** Only the k most likely tokens; 0: all. */
  readonly topK: number;
  /** Only the most likely tokens that together have this probability; 1: all. */
  readonly topP: number;
}

interface Sample {
  readonly sequence: number[];
  readonly random: Random;
  score: number;
}

/**
 * A search that draws `count` outputs of one input independently.
 *
 * @param purpose Names the input's stream among those of one seed.
 */
export const samplingSearch = (
  { startId, endId, maxNewTokens }: SearchFrame,
  processors: readonly LogitsProcessor[],
  options: SamplingOptions,
  { seed, purpose, count }: { readonly seed: number; readonly purpose: string; readonly count: number },
): Search => {
  const samples = Array.from(
    { length: count },
    (_, index): Sample => ({
      sequence: [startId],
      random: Random.seeded(seed, `${purpose}.${index}`),
      score: 0,
    }),
  );
  let running: readonly Sample[] = samples;
  const ended = ({ sequence }: Sample): boolean => sequence.length > 1 && sequence.at(-1) === endId;

  return {
    // At first all samples stand at one place, so that one query serves them all.
    queries: () =>
      running[0].sequence.length === 1
        ? [{ token: startId, path: 0 }]
        : running.map(({ sequence }, path): Query => ({ token: sequence.at(-1)!, path })),
    take: (scores) => {
      const queryOf = (path: number): number => (scores.length === 1 ? 0 : path);
      const going: number[] = [];
      const next: Sample[] = [];
      for (const [path, sample] of running.entries()) {
        const { logits, normaliser } = scores[queryOf(path)];
        const scratch = logits.slice();
        for (const process of processors) process(scratch, sample.sequence);
        const token = draw(scratch, options, sample.random);
        sample.score += logits[token] - normaliser;
        sample.sequence.push(token);
        if (ended(sample) || sample.sequence.length - 1 >= maxNewTokens) continue;
        going.push(queryOf(path));
        next.push(sample);
      }
      running = next;
      return going.length === 0 ? undefined : going;
    },
    settled: () => (count === 1 ? samples[0].sequence.slice(1) : []),
    outputs: () =>
      samples
        .map(
          (sample): Decoded => ({
            ids: sample.sequence.slice(1),
            truncated: !ended(sample),
            score: sample.score / (sample.sequence.length - 1),
          }),
        )
        .sort((a, b) => b.score - a.score),
  };
};

/** Draws a token from processed logits. */
export const draw = (logits: Float32Array, options: SamplingOptions, random: Random): number => {
  const { tokens, weights, total } = choices(logits, options);
  let rest = random.uniform() * total;
  for (let i = 0; i < tokens.length; i++) {
    rest -= weights[i];
    if (rest < 0) return tokens[i];
  }
  return tokens[0]; // rounding left a rest: the most likely one
};

/**
 * The tokens that may be drawn, most likely first, and their unnormalised probabilities.
 *
 * @param logits Processed logits of one row.
 */
export const choices = (
  logits: Float32Array,
  { temperature, topK, topP }: SamplingOptions,
): { tokens: number[]; weights: number[]; total: number } => {
  let largest = Number.NEGATIVE_INFINITY;
  for (const logit of logits) if (logit > largest) largest = logit;
  // As Transformers: a token stays if its score is not below the k-th, so equals of the k-th stay too.
  const least = topK > 0 && topK < logits.length ? kthLargest(logits, topK) : Number.NEGATIVE_INFINITY;
  let tokens: number[] = [];
  for (let token = 0; token < logits.length; token++) {
    if (logits[token] >= least && logits[token] > Number.NEGATIVE_INFINITY) tokens.push(token);
  }
  tokens.sort((a, b) => logits[b] - logits[a]);
  let weights = tokens.map((token) => Math.exp((logits[token] - largest) / temperature));
  let total = weights.reduce((a, b) => a + b, 0);
  if (topP < 1) {
    // The least likely go as long as all that go together have at most 1 − topP; the first always stays.
    let [kept, tail] = [tokens.length, 0];
    while (kept > 1) {
      tail += weights[kept - 1];
      if (tail / total > 1 - topP) break;
      kept--;
    }
    tokens = tokens.slice(0, kept);
    weights = weights.slice(0, kept);
    total = weights.reduce((a, b) => a + b, 0);
  }
  return { tokens, weights, total };
};

/** The k-th largest value, equals counted: kept in order while reading, since k is small beside the vocabulary. */
const kthLargest = (values: Float32Array, k: number): number => {
  const best = new Float32Array(k).fill(Number.NEGATIVE_INFINITY); // ascending
  for (const value of values) {
    if (!(value > best[0])) continue;
    let place = 1;
    while (place < k && best[place] < value) {
      best[place - 1] = best[place];
      place++;
    }
    best[place - 1] = value;
  }
  return best[0];
};
