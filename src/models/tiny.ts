/**
 * @file `--model tiny`: a small T5 to start untrained, for trying the whole path in minutes on a laptop. Its tokenizer
 * ships beside this code (`tiny/`, made by `scripts/make-tiny-tokenizer.mjs`): T5's conventions, 3,000 pieces of
 * chest-radiology English, so that most words are one token and the embedding stays small.
 */
import { fileURLToPath } from 'node:url';
import { makeConfig, type T5Config } from '../t5/config.js';
import { T5Tokenizer } from '../t5/tokenizer.js';

/**
 * The tokenizer of the tiny model.
 *
 * @throws {Failure} When the package's files are missing or damaged.
 * @example (await tinyTokenizer()).encode('No focal consolidation.')
 */
export const tinyTokenizer = (): Promise<T5Tokenizer> =>
  T5Tokenizer.fromDirectory(fileURLToPath(new URL('./tiny', import.meta.url)));

/**
 * The tiny model's architecture: T5 v1.1 (gated-gelu, a head of its own), 1.6 million weights.
 * Half of them are the embedding and the head; the layers are what takes the time.
 */
export const tinyConfig: T5Config = makeConfig({
  /** Of {@link tinyTokenizer}. */
  vocabSize: 3000,
  /** Wide enough for a vocabulary of this size; the time of a step grows a little less than in proportion. */
  dModel: 128,
  /** Four heads of 32 make up `dModel`. */
  numHeads: 4,
  dKv: 32,
  /** Twice `dModel`: with a gate there are three matrices, so this equals the usual four times without one. */
  dFf: 256,
  numLayers: 2,
  numDecoderLayers: 2,
  feedForwardProj: 'gated-gelu',
  scaleDecoderOutputs: false,
  /** As Flan-T5. */
  relativeAttentionNumBuckets: 32,
  relativeAttentionMaxDistance: 128,
  layerNormEpsilon: 1e-6,
  dropoutRate: 0.1,
  initializerFactor: 1,
  padTokenId: 0,
  eosTokenId: 1,
  decoderStartTokenId: 0,
});
