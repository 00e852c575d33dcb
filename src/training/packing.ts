/**
 * @file A batch without its padding. Padding makes up a sixth of what a step works on even where examples of like length
 * stand together, and a third where they don't; all but attention can work on the tokens alone, one after the other.
 */
import type { TokenPlaces, Value } from '../tensors/index.js';
import { cast, type Graph, unsqueeze } from '../tensors/index.js';
import { IGNORED, type TokenBatch } from './batch.js';

/** The stacks' names, before those of their inputs in a graph. */
type Side = 'input' | 'target';

/** Records what a graph needs to know of a side's tokens. */
export const placesInputs = (graph: Graph, side: Side): TokenPlaces => ({
  places: graph.input(`${side}_places`, 'int64', [`${side}Packed`]),
  tokens: graph.input(`${side}_tokens`, 'int64', ['batch', side]),
  taken: unsqueeze(cast(graph.input(`${side}_taken`, 'uint8', ['batch', side]), 'float32'), [2]),
});

/** What a graph that works on tokens alone is fed for a batch. */
export const packedFeeds = (batch: TokenBatch): [string, Value][] => {
  const { size, inputTokens, targetTokens, attentionMask, labels } = batch;
  const input = placesOf(attentionMask, inputTokens, 0n);
  const target = placesOf(labels, targetTokens, IGNORED);
  const at = (values: BigInt64Array, places: readonly number[]): Value => ({
    data: BigInt64Array.from(places, (place) => values[place]),
    dims: [places.length],
  });
  const feeds = (side: Side, columns: number, { places, tokens, taken }: Places): [string, Value][] => [
    [`${side}_places`, { data: BigInt64Array.from(places, BigInt), dims: [places.length] }],
    [`${side}_tokens`, { data: tokens, dims: [size, columns] }],
    [`${side}_taken`, { data: taken, dims: [size, columns] }],
  ];
  return [
    ['input_ids', at(batch.inputIds, input.places)],
    ['attention_mask', { data: attentionMask, dims: [size, inputTokens] }],
    ['decoder_input_ids', at(batch.decoderInputIds, target.places)],
    ['labels', at(labels, target.places)],
    ...feeds('input', inputTokens, input),
    ...feeds('target', targetTokens, target),
  ];
};

/** A {@link TokenPlaces} as numbers. */
interface Places {
  readonly places: readonly number[];
  readonly tokens: BigInt64Array;
  readonly taken: Uint8Array;
}

/** The places of each row up to its last that counts. */
const placesOf = (values: BigInt64Array, columns: number, padding: bigint): Places => {
  const places: number[] = [];
  const tokens = new BigInt64Array(values.length);
  const taken = new Uint8Array(values.length);
  for (let start = 0; start < values.length; start += columns) {
    let end = start + columns;
    while (end > start && values[end - 1] === padding) end--;
    for (let place = start; place < end; place++) {
      tokens[place] = BigInt(places.length);
      taken[place] = 1;
      places.push(place);
    }
  }
  return { places, tokens, taken };
};
