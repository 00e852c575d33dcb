/**
 * @file Greedy decoding: the most likely token each time, until the end token or the limit. Inputs are sorted by length
 * into batches; rows that have ended leave their batch once they are half of it. Results are those of decoding each
 * input alone, in the order given.
 */
import { Failure } from '../ground/failure.js';
import type { Decoder } from './decoder.js';
import { argmax, logitsProcessors, type ProcessorOptions } from './processors.js';

/** How to decode. */
export interface GreedyOptions extends ProcessorOptions {
  /** Most tokens of an output, its end token counted. */
  readonly maxNewTokens: number;
  /** Rows decoded together. */
  readonly batchSize: number;
}

/** One output. */
export interface Decoded {
  /** Token ids without the leading start token; the end token is the last one if it was reached. */
  readonly ids: readonly number[];
  /** Whether the limit came before the end token. */
  readonly truncated: boolean;
}

/**
 * @param inputs Token ids, each with its end token.
 * @param finished Called with the number of outputs finished so far.
 * @returns An output for each input, in the same order.
 * @example const [{ ids }] = await decodeGreedily(decoder, [[5, 6, 1]], { maxNewTokens: 64, batchSize: 8 });
 */
export const decodeGreedily = async (
  decoder: Decoder,
  inputs: readonly (readonly number[])[],
  options: GreedyOptions,
  finished?: (count: number) => void,
): Promise<Decoded[]> => {
  for (const name of ['maxNewTokens', 'batchSize'] as const) {
    if (!Number.isInteger(options[name]) || options[name] < 1) {
      throw new Failure({ what: `${name} must be a whole number of at least 1`, got: String(options[name]) });
    }
  }
  const order = inputs.map((_, index) => index).sort((a, b) => inputs[a].length - inputs[b].length || a - b);
  const results: Decoded[] = [];
  for (let first = 0; first < order.length; first += options.batchSize) {
    const members = order.slice(first, first + options.batchSize);
    const outputs = await decodeBatch(
      decoder,
      members.map((index) => inputs[index]),
      options,
    );
    members.forEach((index, row) => {
      results[index] = outputs[row];
    });
    finished?.(first + members.length);
  }
  return results;
};

const decodeBatch = async (
  decoder: Decoder,
  inputs: readonly (readonly number[])[],
  options: GreedyOptions,
): Promise<Decoded[]> => {
  const { eosTokenId, decoderStartTokenId, padTokenId } = decoder.config;
  const processors = logitsProcessors(options, eosTokenId);
  const sequences = inputs.map(() => [decoderStartTokenId]);
  const batch = await decoder.begin(inputs);
  const ended = (index: number): boolean => sequences[index].length > 1 && sequences[index].at(-1) === eosTokenId;

  let members = inputs.map((_, index) => index); // which input each row of the batch decodes
  for (let made = 0; made < options.maxNewTokens; made++) {
    const logits = await batch.next(members.map((index) => (ended(index) ? padTokenId : sequences[index].at(-1)!)));
    for (const [row, index] of members.entries()) {
      if (ended(index)) continue;
      for (const process of processors) process(logits[row], sequences[index]);
      sequences[index].push(argmax(logits[row]));
    }
    const going = members.flatMap((index, row) => (ended(index) ? [] : [row]));
    if (going.length === 0) break;
    if (going.length <= members.length / 2) {
      batch.keep(going);
      members = going.map((row) => members[row]);
    }
  }
  return sequences.map(([, ...ids], index) => ({ ids, truncated: !ended(index) }));
};
