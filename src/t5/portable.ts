/**
 * @file Bringing configuration and weights into the one form that Transformers 4 and 5 read alike.
 * Transformers 4 knows one switch, `tie_word_embeddings`, for two things: whether `lm_head.weight` is read, and whether
 * the decoder's output is scaled. Two of the four combinations it cannot say; each has an equal that it can.
 */
import type { T5Config } from './config.js';
import type { Tensor32 } from './safetensors.js';

const head = 'lm_head.weight';
const shared = 'shared.weight';

const sameValues = (a: Float32Array, b: Float32Array): boolean =>
  a.length === b.length && a.every((value, index) => Object.is(value, b[index]));

/**
 * The same model, with a `lm_head.weight` exactly where the decoder's output is not scaled.
 * A head of its own behind a scaled output takes the factor `dModel ** -0.5` into its weights (at most one rounding
 * each; none where `dModel` is a power of four); a tied head without scaling becomes a copy of the embedding.
 *
 * @param config As read or trained.
 * @param weights All tensors by their Hugging Face name; not changed.
 * @returns What to give to `configJson` and `writeSafetensors`.
 * @example
 * const saved = portableWeights(config, weights);
 * await writeWhole(`${dir}/config.json`, configJson(saved.config));
 * await writeSafetensors(`${dir}/model.safetensors`, saved.weights);
 */
export const portableWeights = (
  config: T5Config,
  weights: ReadonlyMap<string, Tensor32>,
): { config: T5Config; weights: Map<string, Tensor32> } => {
  const saved = new Map(weights);
  const own = weights.get(head);
  const embedding = weights.get(shared);
  if (!config.scaleDecoderOutputs) {
    if (own === undefined && embedding !== undefined) saved.set(head, embedding);
    return { config, weights: saved };
  }
  if (own === undefined) return { config, weights: saved };
  if (embedding !== undefined && sameValues(own.data, embedding.data)) {
    saved.delete(head);
    return { config, weights: saved };
  }
  const factor = config.dModel ** -0.5;
  saved.set(head, { shape: own.shape, data: own.data.map((value) => value * factor) });
  return { config: { ...config, scaleDecoderOutputs: false }, weights: saved };
};
