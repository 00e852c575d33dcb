/**
 * @file What changes the scores of the next token before one is chosen, as Transformers' logits processors do and in
 * their order. Each works in place on one row's logits, given the row's decoder sequence with its leading start token.
 */

/** Changes a row's logits in place. `sequence` begins with the decoder's start token. */
export interface LogitsProcessor {
  (logits: Float32Array, sequence: readonly number[]): void;
  /** Whether it changes logits of tokens that may still be chosen; others only forbid tokens. */
  readonly rescales?: true;
}

/** Which processors are wanted; what is absent changes nothing. */
export interface ProcessorOptions {
  /** Above 1 makes tokens already decoded less likely, below 1 more; 1 changes nothing. */
  readonly repetitionPenalty?: number;
  /** No run of this many tokens may occur twice; 0 changes nothing. */
  readonly noRepeatNgram?: number;
  /** The end may not come before this many tokens. */
  readonly minNewTokens?: number;
}

/**
 * Divides a positive logit of a token already decoded by the penalty and multiplies a negative one (Keskar et al. 2019);
 * the start token counts.
 */
const repetitionPenalty = (penalty: number): LogitsProcessor => {
  const penalise = (logits: Float32Array, sequence: readonly number[]): void => {
    for (const id of new Set(sequence)) logits[id] = logits[id] < 0 ? logits[id] * penalty : logits[id] / penalty;
  };
  return Object.assign(penalise, { rescales: true as const });
};

/** Forbids each token that would complete a run of `size` tokens which the sequence holds already. */
const noRepeatNgram =
  (size: number): LogitsProcessor =>
  (logits, sequence) => {
    const begun = sequence.length - size + 1; // where the run that the next token completes begins
    for (let start = 0; start + size <= sequence.length; start++) {
      let same = true;
      for (let i = 0; same && i < size - 1; i++) same = sequence[start + i] === sequence[begun + i];
      if (same) logits[sequence[start + size - 1]] = Number.NEGATIVE_INFINITY;
    }
  };

/** Forbids the end until `count` tokens stand behind the start token. */
const minNewTokens =
  (count: number, endId: number): LogitsProcessor =>
  (logits, sequence) => {
    if (sequence.length - 1 < count) logits[endId] = Number.NEGATIVE_INFINITY;
  };

/** The wanted processors, in Transformers' order. */
export const logitsProcessors = (options: ProcessorOptions, endId: number): LogitsProcessor[] => {
  const processors: LogitsProcessor[] = [];
  const { repetitionPenalty: penalty = 1, noRepeatNgram: size = 0, minNewTokens: count = 0 } = options;
  if (penalty !== 1) processors.push(repetitionPenalty(penalty));
  if (size > 0) processors.push(noRepeatNgram(size));
  if (count > 0) processors.push(minNewTokens(count, endId));
  return processors;
};

/** The index of the largest value, the first of equals. */
export const argmax = (values: Float32Array): number => {
  let best = 0;
  let largest = values[0];
  for (let i = 1; i < values.length; i++) {
    if (values[i] > largest) {
      best = i;
      largest = values[i];
    }
  }
  return best;
};
