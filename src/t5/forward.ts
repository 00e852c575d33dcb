/**
 * @file The T5 family's forward pass, written once: training runs {@link encode} and {@link decode} over whole
 * sequences, generation runs {@link encode} once and {@link decodeFurther} token by token over cached keys and values.
 * Numerics are those of Transformers' `modeling_t5.py` (v1.0: relu, tied head; v1.1 and Flan: gated gelu, own head).
 */
import {
  add,
  attention,
  cast,
  concat,
  dropout,
  type Graph,
  gather as gatherRows,
  gatherTokens,
  geluNew,
  greater,
  matmul,
  mul,
  range,
  rangeUpTo,
  relu,
  reshape,
  rmsNorm,
  slice,
  softmax,
  spreadTokens,
  sub,
  type Tensor,
  type TokenPlaces,
  transpose,
  unsqueeze,
} from '../tensors/index.js';
import type { T5Config } from './config.js';
import { blockPart, EMBEDDING, HEAD, type Parameters } from './parameters.js';
import { HIDDEN, hide, relativeBias } from './positions.js';

/** What a forward pass needs to know of a model. */
export interface T5 {
  readonly graph: Graph;
  readonly config: T5Config;
  readonly parameters: Parameters;
  /** Whether the head has a matrix of its own. */
  readonly ownHead: boolean;
  /** Dropout rate; 0 outside training. */
  readonly dropout: number;
}

/** Keys and values of an attention, each of shape (batch, heads, tokens, dKv). */
export interface KeysValues {
  readonly keys: Tensor;
  readonly values: Tensor;
}

/** How a stack's stream stands, and how attention's rectangles are made of it and read back into it. */
interface Layout {
  /** The stream to (batch, tokens, width). */
  readonly spread: (x: Tensor) => Tensor;
  readonly gather: (x: Tensor) => Tensor;
}

/** A stream that is a rectangle itself: (batch, tokens, width), padding included. */
const RECTANGLE: Layout = { spread: (x) => x, gather: (x) => x };

/** A stream of tokens without padding, (tokens, width): only attention works on rectangles. */
const packed = (at: TokenPlaces): Layout => ({
  spread: (x) => spreadTokens(x, at),
  gather: (x) => gatherTokens(x, at),
});

const layoutOf = (at: TokenPlaces | undefined): Layout => (at === undefined ? RECTANGLE : packed(at));

/** What {@link encode} and {@link decode} may be told besides. */
export interface WholeSequences {
  /** Receives the residual stream before each block and after the last (for tests). */
  readonly layers?: Tensor[];
  /** Of the encoder's tokens. Where given, ids and hidden states are those of the tokens alone: (tokens), (tokens, dModel). */
  readonly inputPlaces?: TokenPlaces;
  /** Of the decoder's tokens, likewise. */
  readonly targetPlaces?: TokenPlaces;
}

type Stack = 'encoder' | 'decoder';

/**
 * The encoder.
 *
 * @param ids Token ids, shape (batch, input).
 * @param mask 1 for a token, 0 for padding; integers of that shape.
 * @returns Shape (batch, input, dModel), after the final norm.
 */
export const encode = (
  model: T5,
  ids: Tensor,
  mask: Tensor,
  { layers, inputPlaces }: Omit<WholeSequences, 'targetPlaces'> = {},
): Tensor => {
  const { graph, config } = model;
  const layout = layoutOf(inputPlaces);
  const [, input] = mask.shape;
  const at = range(graph, input); // (input)
  const distance = sub(unsqueeze(at, [1]), unsqueeze(at, [0])); // (query, key)
  const bias = add(headsFirst(stackBias(model, 'encoder', distance)), keyMask(graph, mask)); // (batch, heads, query, key)

  let x = embed(model, ids);
  for (let block = 0; block < config.numLayers; block++) {
    layers?.push(x);
    x = residual(model, x, 'encoder', block, 0, (normed) => {
      const part = attentionPart('encoder', block, 0, 'SelfAttention');
      return attend(model, part, normed, [keysValues(model, part, normed, layout)], bias, layout);
    });
    x = residual(model, x, 'encoder', block, 1, (normed) => feedForward(model, 'encoder', block, 1, normed));
  }
  layers?.push(x);
  return finalNorm(model, 'encoder', x);
};

/**
 * The decoder over whole sequences, each position seeing those before it.
 *
 * @param ids Decoder inputs (targets shifted right), shape (batch, target).
 * @param encoded The encoder's output, shape (batch, input, dModel).
 * @param mask The encoder's mask, shape (batch, input).
 * @returns Shape (batch, target, dModel), after the final norm.
 */
export const decode = (
  model: T5,
  ids: Tensor,
  encoded: Tensor,
  mask: Tensor,
  { layers, inputPlaces, targetPlaces }: WholeSequences = {},
): Tensor => {
  const { graph, config } = model;
  const [inputs, targets] = [layoutOf(inputPlaces), layoutOf(targetPlaces)];
  const [, target] = (targetPlaces?.tokens ?? ids).shape;
  const at = range(graph, target); // (target)
  const distance = sub(unsqueeze(at, [1]), unsqueeze(at, [0])); // (query, key)
  const seen = greater(distance, graph.constant('int64', [], [-1])); // keys at or before the query
  const selfBias = add(headsFirst(stackBias(model, 'decoder', distance)), hide(graph, seen)); // (1, heads, query, key)
  const crossBias = keyMask(graph, mask); // (batch, 1, 1, input)

  let x = embed(model, ids);
  for (let block = 0; block < config.numDecoderLayers; block++) {
    layers?.push(x);
    x = residual(model, x, 'decoder', block, 0, (normed) => {
      const part = attentionPart('decoder', block, 0, 'SelfAttention');
      return attend(model, part, normed, [keysValues(model, part, normed, targets)], selfBias, targets);
    });
    x = residual(model, x, 'decoder', block, 1, (normed) => {
      const part = attentionPart('decoder', block, 1, 'EncDecAttention');
      return attend(model, part, normed, [keysValues(model, part, encoded, inputs)], crossBias, targets);
    });
    x = residual(model, x, 'decoder', block, 2, (normed) => feedForward(model, 'decoder', block, 2, normed));
  }
  layers?.push(x);
  return finalNorm(model, 'decoder', x);
};

/** The keys and values of the encoder's output for each decoder block: worked out once for a whole draft. */
export const crossKeysValues = (model: T5, encoded: Tensor): KeysValues[] =>
  Array.from({ length: model.config.numDecoderLayers }, (_, block) =>
    keysValues(model, attentionPart('decoder', block, 1, 'EncDecAttention'), encoded),
  );

/**
 * Further positions of the decoder. Each row of the batch has some queries: one token that goes on where the row
 * stands, several alternatives (beams), or a run of proposed tokens to be verified at once. What earlier positions left
 * is read from caches whose places may be filled in any order: which key a query sees, and how far before it that
 * lies, is said by `buckets` alone, so that nothing in a cache is ever copied or moved. The new keys and values are
 * returned for the caller to put where it likes.
 *
 * @param ids The tokens, shape (batch, queries).
 * @param buckets For each query and key the bucket of their distance (see `positions.ts`), or the number of buckets for
 *   a key that the query may not see; first the cache's places, then the queries themselves. Integers, shape
 *   (batch, queries, cache+queries).
 * @param cached One a block, of shape (batch, heads, cache, dKv).
 * @param cross From {@link crossKeysValues}, of shape (batch, heads, input, dKv).
 * @param mask The encoder's mask, shape (batch, input).
 * @returns `hidden` of shape (batch, queries, dModel) after the final norm; `added`, one a block, of shape
 *   (batch, heads, queries, dKv).
 */
export const decodeFurther = (
  model: T5,
  ids: Tensor,
  buckets: Tensor,
  cached: readonly KeysValues[],
  cross: readonly KeysValues[],
  mask: Tensor,
): { hidden: Tensor; added: KeysValues[] } => {
  const { graph, config, parameters } = model;
  const { numHeads } = config;
  // The table with one row more, for keys that may not be seen.
  const table = concat(
    [
      parameters.tensor(blockPart('decoder', 0, 0, 'SelfAttention.relative_attention_bias')),
      graph.constant('float32', [1, numHeads], new Array(numHeads).fill(HIDDEN)),
    ],
    0,
  );
  const selfBias = transpose(gatherRows(table, buckets), [0, 3, 1, 2]); // (batch, heads, queries, cache+queries)
  const added: KeysValues[] = [];
  const hidden = decoderBlocks(model, ids, cross, mask, selfBias, (own, block) => {
    added.push(own);
    return [cached[block], own];
  });
  return { hidden, added };
};

/**
 * Further positions of the decoder over keys and values that are joined, as Optimum's exports have them.
 *
 * @param ids The tokens, shape (batch, queries).
 * @param past How many positions came before, as a vector of one integer.
 * @param earlier One a block, of shape (batch, heads, past, dKv).
 * @returns `hidden` of shape (batch, queries, dModel) after the final norm; `joined`, one a block, of shape
 *   (batch, heads, past+queries, dKv).
 */
export const decodeJoined = (
  model: T5,
  ids: Tensor,
  past: Tensor,
  earlier: readonly KeysValues[] | undefined,
  cross: readonly KeysValues[],
  mask: Tensor,
): { hidden: Tensor; joined: KeysValues[] } => {
  const { graph } = model;
  const places = add(range(graph, ids.shape[1]), past); // (queries): positions of the queries
  const keys = earlier === undefined ? places : concat([rangeUpTo(past, earlier[0].keys.shape[2]), places], 0);
  const distance = sub(unsqueeze(places, [1]), unsqueeze(keys, [0])); // (queries, past+queries)
  const seen = greater(distance, graph.constant('int64', [], [-1]));
  const selfBias = add(headsFirst(stackBias(model, 'decoder', distance)), hide(graph, seen));
  const joined: KeysValues[] = [];
  const hidden = decoderBlocks(model, ids, cross, mask, selfBias, (own, block) => {
    const all: KeysValues =
      earlier === undefined
        ? own
        : {
            keys: concat([earlier[block].keys, own.keys], 2),
            values: concat([earlier[block].values, own.values], 2),
          };
    joined.push(all);
    return [all];
  });
  return { hidden, joined };
};

/**
 * The decoder's blocks over new positions.
 *
 * @param selfBias Added to the scores of self-attention.
 * @param attended What a block's self-attention sees, given the keys and values of the new positions.
 */
const decoderBlocks = (
  model: T5,
  ids: Tensor,
  cross: readonly KeysValues[],
  mask: Tensor,
  selfBias: Tensor,
  attended: (own: KeysValues, block: number) => Attended,
): Tensor => {
  const crossBias = keyMask(model.graph, mask); // (batch, 1, 1, input)
  let x = embed(model, ids);
  for (let block = 0; block < model.config.numDecoderLayers; block++) {
    x = residual(model, x, 'decoder', block, 0, (normed) => {
      const part = attentionPart('decoder', block, 0, 'SelfAttention');
      return attend(model, part, normed, attended(keysValues(model, part, normed), block), selfBias);
    });
    x = residual(model, x, 'decoder', block, 1, (normed) => {
      const part = attentionPart('decoder', block, 1, 'EncDecAttention');
      return attend(model, part, normed, [cross[block]], crossBias);
    });
    x = residual(model, x, 'decoder', block, 2, (normed) => feedForward(model, 'decoder', block, 2, normed));
  }
  return finalNorm(model, 'decoder', x);
};

/** The scores of every token of the vocabulary: shape (…, dModel) to (…, vocabulary). */
export const head = ({ graph, config, parameters, ownHead }: T5, hidden: Tensor): Tensor => {
  const scaled = config.scaleDecoderOutputs ? mul(hidden, graph.scalar(config.dModel ** -0.5)) : hidden;
  return parameters.linear(ownHead ? HEAD : EMBEDDING, scaled);
};

const embed = (model: T5, ids: Tensor): Tensor => dropout(model.parameters.rows(EMBEDDING, ids), model.dropout);

const finalNorm = (model: T5, stack: Stack, x: Tensor): Tensor =>
  dropout(norm(model, `${stack}.final_layer_norm.weight`, x), model.dropout);

const norm = ({ config, parameters }: T5, name: string, x: Tensor): Tensor =>
  rmsNorm(x, parameters.tensor(name), config.layerNormEpsilon);

/** x + dropout(layer(norm(x))): how every layer of a block is joined to the stream. */
const residual = (
  model: T5,
  x: Tensor,
  stack: Stack,
  block: number,
  layer: number,
  apply: (normed: Tensor) => Tensor,
): Tensor => add(x, dropout(apply(norm(model, blockPart(stack, block, layer, 'layer_norm'), x)), model.dropout));

const feedForward = (model: T5, stack: Stack, block: number, layer: number, x: Tensor): Tensor => {
  const linear = (part: string, input: Tensor): Tensor =>
    model.parameters.linear(blockPart(stack, block, layer, `DenseReluDense.${part}`), input);
  const inner =
    model.config.feedForwardProj === 'relu'
      ? relu(linear('wi', x))
      : mul(geluNew(linear('wi_0', x)), linear('wi_1', x));
  return linear('wo', dropout(inner, model.dropout)); // (batch, tokens, dModel)
};

/** The name of an attention's matrix, given its letter. */
type AttentionPart = (letter: 'q' | 'k' | 'v' | 'o') => string;

const attentionPart =
  (stack: Stack, block: number, layer: number, attention: string): AttentionPart =>
  (letter) =>
    blockPart(stack, block, layer, `${attention}.${letter}`);

/** (batch, tokens, heads · dKv) to (batch, heads, tokens, dKv). */
const splitHeads = ({ config: { numHeads, dKv } }: T5, x: Tensor): Tensor =>
  transpose(reshape(x, [x.shape[0], x.shape[1], numHeads, dKv]), [0, 2, 1, 3]);

const keysValues = (model: T5, part: AttentionPart, x: Tensor, { spread }: Layout = RECTANGLE): KeysValues => ({
  keys: splitHeads(model, spread(model.parameters.linear(part('k'), x))),
  values: splitHeads(model, spread(model.parameters.linear(part('v'), x))),
});

/** What an attention sees: one run of keys and values, or cached ones followed by new ones as if they were joined. */
type Attended = readonly [KeysValues] | readonly [cached: KeysValues, own: KeysValues];

/**
 * Attention of `x`'s positions over keys and values, or over cached ones followed by new ones as if they were joined.
 * T5 does not divide the scores by √dKv.
 *
 * @param bias Added to the scores: broadcasts to (batch, heads, query, all keys).
 */
const attend = (
  model: T5,
  part: AttentionPart,
  x: Tensor,
  attended: Attended,
  bias: Tensor,
  { spread, gather }: Layout = RECTANGLE,
): Tensor => {
  const { config, parameters } = model;
  const query = splitHeads(model, spread(parameters.linear(part('q'), x))); // (batch, heads, query, dKv)
  const [first, second] = attended;
  const context =
    second === undefined
      ? attention(query, first.keys, first.values, bias, model.dropout)
      : attentionOverBoth(query, first, second, bias); // (batch, heads, query, dKv)
  const tokens = transpose(context, [0, 2, 1, 3]); // (batch, query, heads, dKv)
  const merged = reshape(tokens, [tokens.shape[0], tokens.shape[1], config.numHeads * config.dKv]);
  return parameters.linear(part('o'), gather(merged));
};

/** Attention over cached keys and values followed by new ones, which are never joined; for decoding, so not dropped. */
const attentionOverBoth = (query: Tensor, cached: KeysValues, own: KeysValues, bias: Tensor): Tensor => {
  const scores = [cached, own].map(({ keys }) => matmul(query, keys, { transB: true }));
  const weights = softmax(add(concat(scores, -1), bias)); // (batch, heads, query, all keys)
  const [past, added] = [cached.values.shape[2], own.values.shape[2]];
  return add(matmul(slice(weights, -1, 0, past), cached.values), matmul(slice(weights, -1, past, added), own.values));
};

/** A stack's position bias, whose table its first block holds: (…distance, heads). */
const stackBias = ({ config, parameters }: T5, stack: Stack, distance: Tensor): Tensor =>
  relativeBias(parameters.tensor(blockPart(stack, 0, 0, 'SelfAttention.relative_attention_bias')), distance, {
    buckets: config.relativeAttentionNumBuckets,
    maxDistance: config.relativeAttentionMaxDistance,
    bidirectional: stack === 'encoder',
  });

/** (query, key, heads) to (1, heads, query, key). */
const headsFirst = (bias: Tensor): Tensor => unsqueeze(transpose(bias, [2, 0, 1]), [0]);

/** A mask of keys, (batch, key) of 0 and 1, as a bias of shape (batch, 1, 1, key). */
const keyMask = (graph: Graph, mask: Tensor): Tensor => unsqueeze(hide(graph, cast(mask, 'bool')), [1, 2]);
