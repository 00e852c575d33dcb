/**
 * @file The weights of an untrained T5: every tensor by its Hugging Face name, drawn as Transformers draws them.
 *
 * Source: `T5PreTrainedModel._init_weights` of Transformers 4.57 and 5.18; with `factor` = `initializer_factor`,
 * all normal with mean 0: embedding and head `factor`, q `factor * (d_model * d_kv) ** -0.5`, k, v, relative bias and the first
 * feed-forward matrices `factor * d_model ** -0.5`, o `factor * (heads * d_kv) ** -0.5`, the last feed-forward matrix
 * `factor * d_ff ** -0.5`; layer norms are `factor`.
 */
import { Random } from '../ground/random.js';
import type { T5Config } from '../t5/config.js';
import type { Tensor32 } from '../t5/safetensors.js';

/** A tensor to be drawn; without a deviation it is a layer norm's weight. */
interface Plan {
  readonly name: string;
  readonly shape: readonly number[];
  readonly deviation?: number;
}

const attention = (config: T5Config, name: string, hasBias: boolean): Plan[] => {
  const { dModel, dKv, numHeads } = config;
  const inner = numHeads * dKv;
  const plans: Plan[] = [
    { name: `${name}.q.weight`, shape: [inner, dModel], deviation: (dModel * dKv) ** -0.5 },
    { name: `${name}.k.weight`, shape: [inner, dModel], deviation: dModel ** -0.5 },
    { name: `${name}.v.weight`, shape: [inner, dModel], deviation: dModel ** -0.5 },
    { name: `${name}.o.weight`, shape: [dModel, inner], deviation: inner ** -0.5 },
  ];
  if (hasBias) {
    const shape = [config.relativeAttentionNumBuckets, numHeads];
    plans.push({ name: `${name}.relative_attention_bias.weight`, shape, deviation: dModel ** -0.5 });
  }
  return plans;
};

const feedForward = ({ dModel, dFf, feedForwardProj }: T5Config, name: string): Plan[] => [
  ...(feedForwardProj === 'gated-gelu' ? ['wi_0', 'wi_1'] : ['wi']).map((wi) => ({
    name: `${name}.${wi}.weight`,
    shape: [dFf, dModel],
    deviation: dModel ** -0.5,
  })),
  { name: `${name}.wo.weight`, shape: [dModel, dFf], deviation: dFf ** -0.5 },
];

const plansOf = (config: T5Config): Plan[] => {
  const norm = (name: string): Plan => ({ name: `${name}.weight`, shape: [config.dModel] });
  const blocks = (stack: 'encoder' | 'decoder', count: number): Plan[] =>
    Array.from({ length: count }, (_, i) => {
      const block = `${stack}.block.${i}.layer`;
      const last = stack === 'encoder' ? 1 : 2;
      return [
        // Only a stack's first block holds the relative positions' bias; the others share it.
        ...attention(config, `${block}.0.SelfAttention`, i === 0),
        norm(`${block}.0.layer_norm`),
        ...(stack === 'decoder'
          ? [...attention(config, `${block}.1.EncDecAttention`, false), norm(`${block}.1.layer_norm`)]
          : []),
        ...feedForward(config, `${block}.${last}.DenseReluDense`),
        norm(`${block}.${last}.layer_norm`),
      ];
    }).flat();
  const embedding = [config.vocabSize, config.dModel];
  return [
    { name: 'shared.weight', shape: embedding, deviation: 1 },
    ...blocks('encoder', config.numLayers),
    norm('encoder.final_layer_norm'),
    ...blocks('decoder', config.numDecoderLayers),
    norm('decoder.final_layer_norm'),
    // A head of its own exactly where the output is not scaled, which both versions of Transformers read alike.
    ...(config.scaleDecoderOutputs ? [] : [{ name: 'lm_head.weight', shape: embedding, deviation: 1 }]),
  ];
};

/**
 * Draws the weights of an untrained T5.
 *
 * @param config Its configuration. With `scaleDecoderOutputs` (v1.0) the head is the embedding, else it is `lm_head.weight`.
 * @param seed The same seed gives the same weights; an integer.
 * @returns All tensors by their Hugging Face name; matrices are [out, in].
 * @example const weights = initialWeights(tinyConfig, 0);
 */
export const initialWeights = (config: T5Config, seed: number): Map<string, Tensor32> => {
  const factor = config.initializerFactor;
  return new Map(
    plansOf(config).map(({ name, shape, deviation }) => {
      const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
      if (deviation === undefined) data.fill(factor);
      else {
        // A stream for each tensor: another layer more leaves the other tensors as they are.
        const random = Random.seeded(seed, name);
        for (let i = 0; i < data.length; i++) data[i] = random.normal(0, factor * deviation);
      }
      return [name, { shape, data }];
    }),
  );
};
