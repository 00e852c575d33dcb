/**
 * @file What a T5's `config.json` says: sizes, feed-forward kind, token ids, and the one point where the two
 * generations of Transformers disagree (below). Unknown keys are kept, so that writing back loses nothing.
 *
 * Two spellings of one model: Transformers 4 writes a v1.1/Flan model as `tie_word_embeddings: false`, Transformers 5 as
 * `tie_word_embeddings: true, scale_decoder_outputs: false`. Both mean: the decoder's output is not scaled by
 * `d_model ** -0.5` before the head. Whether the head has a matrix of its own is told by the weight file alone.
 *
 * Source: Hugging Face Transformers, `configuration_t5.py` of 4.57 and 5.18.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readFailure } from '../ground/durable.js';
import { Failure } from '../ground/failure.js';

/** `relu`: `wo(relu(wi x))`, T5 v1.0. `gated-gelu`: `wo(gelu_new(wi_0 x) * (wi_1 x))`, T5 v1.1 and Flan-T5. */
export type FeedForwardProj = 'relu' | 'gated-gelu';

/** A T5's configuration; names are Transformers', in camel case. */
export interface T5Config {
  /** Rows of the embedding; may exceed the tokenizer's size (T5 pads it to a multiple of 128). */
  readonly vocabSize: number;
  /** Width of the residual stream. */
  readonly dModel: number;
  /** Width of one attention head; `numHeads * dKv` need not equal `dModel`. */
  readonly dKv: number;
  /** Width of the feed-forward layer. */
  readonly dFf: number;
  /** Encoder blocks. */
  readonly numLayers: number;
  /** Decoder blocks; as many as the encoder's where the file does not say. */
  readonly numDecoderLayers: number;
  readonly numHeads: number;
  readonly relativeAttentionNumBuckets: number;
  /** Distance in tokens beyond which all positions share the last bucket. */
  readonly relativeAttentionMaxDistance: number;
  readonly layerNormEpsilon: number;
  readonly dropoutRate: number;
  /** Factor on the standard deviations of untrained weights. */
  readonly initializerFactor: number;
  readonly feedForwardProj: FeedForwardProj;
  readonly padTokenId: number;
  readonly eosTokenId: number;
  readonly decoderStartTokenId: number;
  /** `tie_word_embeddings` as found; its meaning depends on who wrote it, so decide by {@link scaleDecoderOutputs}. */
  readonly tieWordEmbeddings: boolean | undefined;
  /** Whether the decoder's output is multiplied by `dModel ** -0.5` before the head. */
  readonly scaleDecoderOutputs: boolean;
  /** All keys as found in the file, known and unknown. */
  readonly source: Readonly<Record<string, unknown>>;
}

/** What may be set when a configuration is made here rather than read. */
export type T5ConfigParts = Omit<T5Config, 'source' | 'tieWordEmbeddings'>;

const size = z.int().min(1);
const tokenId = z.int().min(0);

/** Defaults are those of Transformers' `T5Config`, since it leaves out what equals a default in some versions. */
const schema = z.looseObject({
  model_type: z.string(),
  vocab_size: size.default(32128),
  d_model: size.default(512),
  d_kv: size.default(64),
  d_ff: size.default(2048),
  num_layers: size.default(6),
  num_decoder_layers: size.nullish(),
  num_heads: size.default(8),
  relative_attention_num_buckets: z.int().min(4).multipleOf(4).default(32),
  relative_attention_max_distance: size.default(128),
  layer_norm_epsilon: z.number().positive().default(1e-6),
  dropout_rate: z.number().min(0).lt(1).default(0.1),
  initializer_factor: z.number().positive().default(1),
  feed_forward_proj: z.string().default('relu'),
  dense_act_fn: z.string().nullish(),
  is_gated_act: z.boolean().nullish(),
  pad_token_id: tokenId.default(0),
  eos_token_id: z.union([tokenId, z.tuple([tokenId]).transform(([id]) => id)]).default(1),
  decoder_start_token_id: tokenId.nullish(),
  tie_word_embeddings: z.boolean().nullish(),
  scale_decoder_outputs: z.boolean().nullish(),
});

/**
 * The feed-forward kind as Transformers resolves it: `feed_forward_proj` gives activation and gate, and explicit
 * `dense_act_fn` and `is_gated_act` keys override what it gives.
 */
const resolveFeedForward = (found: z.infer<typeof schema>, where: string): FeedForwardProj => {
  const [first, ...rest] = found.feed_forward_proj.split('-');
  const derived = found.feed_forward_proj === 'gated-gelu' ? 'gelu_new' : (rest.at(-1) ?? first);
  const activation = found.dense_act_fn ?? derived;
  const gated = found.is_gated_act ?? first === 'gated';
  if (rest.length < 2 && (rest.length === 0 || first === 'gated')) {
    if (activation === 'relu' && !gated) return 'relu';
    if (activation === 'gelu_new' && gated) return 'gated-gelu';
  }
  throw new Failure({
    what: 'unsupported feed-forward layer',
    where,
    got: `feed_forward_proj "${found.feed_forward_proj}" (activation ${activation}, ${gated ? 'gated' : 'not gated'})`,
    fix: 'use a T5 with "relu" (T5 v1.0) or "gated-gelu" (T5 v1.1, Flan-T5)',
  });
};

/**
 * Understands a parsed `config.json`.
 *
 * @param json The parsed file.
 * @param where Its name, for messages.
 * @throws {Failure} When it is not a T5's configuration, a value is out of range, or a variant is unsupported.
 * @example parseConfig(JSON.parse(text), 'model/config.json').dModel // 768
 */
export const parseConfig = (json: unknown, where: string): T5Config => {
  const result = schema.safeParse(json);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    const isModelType = issue.path[0] === 'model_type' || issue.path.length === 0;
    throw new Failure({
      what: isModelType ? 'not a model configuration' : `wrong value of ${issue.path.join('.')}`,
      where,
      got: issue.message,
      fix: 'give the config.json that Hugging Face Transformers writes for a T5',
    });
  }
  const found = result.data;
  if (found.model_type !== 't5') {
    throw new Failure({
      what: 'not a T5 model',
      where,
      got: `model_type "${found.model_type}"`,
      fix: 'choose a T5 or Flan-T5 model',
    });
  }
  return {
    vocabSize: found.vocab_size,
    dModel: found.d_model,
    dKv: found.d_kv,
    dFf: found.d_ff,
    numLayers: found.num_layers,
    numDecoderLayers: found.num_decoder_layers ?? found.num_layers,
    numHeads: found.num_heads,
    relativeAttentionNumBuckets: found.relative_attention_num_buckets,
    relativeAttentionMaxDistance: found.relative_attention_max_distance,
    layerNormEpsilon: found.layer_norm_epsilon,
    dropoutRate: found.dropout_rate,
    initializerFactor: found.initializer_factor,
    feedForwardProj: resolveFeedForward(found, where),
    padTokenId: found.pad_token_id,
    eosTokenId: found.eos_token_id,
    // T5's files all say 0, its padding; Transformers has no default of its own and refuses to train without one.
    decoderStartTokenId: found.decoder_start_token_id ?? found.pad_token_id,
    tieWordEmbeddings: found.tie_word_embeddings ?? undefined,
    scaleDecoderOutputs: found.scale_decoder_outputs ?? found.tie_word_embeddings ?? true,
    source: json as Record<string, unknown>,
  };
};

/**
 * Reads `config.json` of a model directory.
 *
 * @param directory The model directory.
 * @throws {Failure} When the file is missing, is not JSON, or is not a supported T5's (see {@link parseConfig}).
 * @example const config = await readConfig('flan-t5-base');
 */
export const readConfig = async (directory: string): Promise<T5Config> => {
  const path = join(directory, 'config.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw readFailure(path, error);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Failure({ what: 'not JSON', where: path, fix: 'download or save the model again' }, { cause: error });
  }
  return parseConfig(json, path);
};

/**
 * A configuration made here, for an untrained model.
 *
 * @example makeConfig({ ...parts, scaleDecoderOutputs: false }).tieWordEmbeddings // false
 */
export const makeConfig = (parts: T5ConfigParts): T5Config => ({
  ...parts,
  tieWordEmbeddings: parts.scaleDecoderOutputs,
  source: {},
});

/**
 * Keys whose values Python must see as floats. JavaScript writes 1.0 as `1`, which Transformers 5's type checks refuse
 * (`initializer_factor`), and which would change the type of what was read and is only written back.
 */
const floatKeys = [
  ...['layer_norm_epsilon', 'dropout_rate', 'initializer_factor', 'classifier_dropout'],
  ...['temperature', 'top_p', 'typical_p', 'length_penalty', 'repetition_penalty', 'encoder_repetition_penalty'],
  'diversity_penalty',
];
const wholeFloat = new RegExp(`^( *"(?:${floatKeys.join('|')})": -?\\d+)(,?)$`, 'gm');

/**
 * The text of a `config.json` that Transformers 4 and 5 both read as this configuration, provided that the weight file
 * beside it has a `lm_head.weight` exactly where the output is not scaled: Transformers 4 knows one switch,
 * `tie_word_embeddings`, for both (`portableWeights` in `portable.ts` brings any weights into that form).
 * Keys are sorted as Transformers sorts them; unknown keys are kept.
 *
 * @example await writeWhole('model/config.json', configJson(config));
 */
export const configJson = (config: T5Config): string => {
  const gated = config.feedForwardProj === 'gated-gelu';
  const all: Record<string, unknown> = {
    architectures: ['T5ForConditionalGeneration'],
    is_encoder_decoder: true,
    use_cache: true,
    dtype: 'float32',
    ...config.source,
    model_type: 't5',
    vocab_size: config.vocabSize,
    d_model: config.dModel,
    d_kv: config.dKv,
    d_ff: config.dFf,
    num_layers: config.numLayers,
    num_decoder_layers: config.numDecoderLayers,
    num_heads: config.numHeads,
    relative_attention_num_buckets: config.relativeAttentionNumBuckets,
    relative_attention_max_distance: config.relativeAttentionMaxDistance,
    layer_norm_epsilon: config.layerNormEpsilon,
    dropout_rate: config.dropoutRate,
    initializer_factor: config.initializerFactor,
    feed_forward_proj: config.feedForwardProj,
    dense_act_fn: gated ? 'gelu_new' : 'relu',
    is_gated_act: gated,
    pad_token_id: config.padTokenId,
    eos_token_id: config.eosTokenId,
    decoder_start_token_id: config.decoderStartTokenId,
    tie_word_embeddings: config.scaleDecoderOutputs,
    scale_decoder_outputs: config.scaleDecoderOutputs,
  };
  const sorted = Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
  return `${JSON.stringify(sorted, null, 2).replace(wholeFloat, '$1.0$2')}\n`;
};
