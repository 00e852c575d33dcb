/**
 * @file The weights of an untrained T5: every tensor by its Hugging Face name, drawn as Transformers draws them.
 *
 * Source: `T5PreTrainedModel._init_weights` of Transformers 4.57 and 5.18; with `factor` = `initializer_factor`,
 * all normal with mean 0: embedding `factor`, q `factor * (d_model * d_kv) ** -0.5`, k, v, relative bias and the first
 * feed-forward matrices `factor * d_model ** -0.5`, o `factor * (heads * d_kv) ** -0.5`, the last feed-forward matrix
 * `factor * d_ff ** -0.5`; layer norms are `factor`. One departure: the head is drawn with `factor * d_model ** -0.5`, not
 * `factor`. Transformers' untrained logits have a standard deviation of about `d_model ** 0.5`, a loss of 23 nats for the
 * tiny model where guessing evenly has 8, which costs a short run its first epochs.
 */
import { Random } from '../ground/random.js';
import type { T5Config } from '../t5/config.js';
import { EMBEDDING, parameterShapes, type WeightData } from '../t5/parameters.js';

/** The standard deviation of a matrix's untrained elements, before the factor. */
const deviation = (name: string, { dModel, dKv, dFf, numHeads }: T5Config): number => {
  if (name === EMBEDDING) return 1;
  if (name.endsWith('.q.weight')) return (dModel * dKv) ** -0.5;
  if (name.endsWith('.o.weight')) return (numHeads * dKv) ** -0.5;
  if (name.endsWith('.wo.weight')) return dFf ** -0.5;
  return dModel ** -0.5;
};

/**
 * Draws the weights of an untrained T5.
 *
 * @param config Its configuration. With `scaleDecoderOutputs` (v1.0) the head is the embedding, else it is `lm_head.weight`.
 * @param seed The same seed gives the same weights; an integer.
 * @returns All tensors by their Hugging Face name; matrices are [out, in].
 * @example const weights = initialWeights(tinyConfig, 0);
 */
export const initialWeights = (config: T5Config, seed: number): Map<string, WeightData> => {
  const factor = config.initializerFactor;
  // A head of its own exactly where the output is not scaled, which both versions of Transformers read alike.
  const shapes = parameterShapes(config, !config.scaleDecoderOutputs);
  return new Map(
    [...shapes].map(([name, shape]) => {
      const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
      if (shape.length === 1)
        data.fill(factor); // a layer norm
      else {
        // A stream for each tensor: another layer more leaves the other tensors as they are.
        const random = Random.seeded(seed, name);
        const scale = factor * deviation(name, config);
        for (let i = 0; i < data.length; i++) data[i] = random.normal(0, scale);
      }
      return [name, { shape, data }];
    }),
  );
};
