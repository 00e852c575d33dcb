/**
 * @file LoRA (Hu et al. 2021): a frozen matrix W is used as W + s·B·A, where only the thin A (r, in) and B (out, r) are
 * trained. Maths, names and start as PEFT's `LoraConfig`: s = alpha / r, dropout on the input of A alone, A drawn
 * uniformly (Kaiming, a = √5), B zero, so that an untrained adapter changes nothing.
 */
import { Failure } from '../ground/failure.js';
import { Random } from '../ground/random.js';
import { add, dropout, type Graph, matmul, type Tensor } from '../tensors/index.js';
import type { T5Config } from './config.js';
import { type Parameters, parameterShapes, trainableParameters, type WeightData } from './parameters.js';

/** How an adapter is laid out. */
export interface LoraSettings {
  /** Rank: rows of A, columns of B. */
  readonly r: number;
  /** The product is scaled by alpha / r. */
  readonly alpha: number;
  /** The adapted layers by the last part of their name, e.g. `['q', 'v']`; `['all']` for every linear layer but the head. */
  readonly targets: readonly string[];
}

/** An adapter over a model's matrices. */
export interface LoraAdapter {
  /** The factor s of each adapted matrix, by the matrix's own name (`….SelfAttention.q.weight`). */
  readonly scales: ReadonlyMap<string, number>;
  /** A and B of each, by {@link loraName}. */
  readonly weights: ReadonlyMap<string, WeightData>;
}

/** PEFT's name for one side of an adapted matrix, e.g. `base_model.model.….SelfAttention.q.lora_A.weight`. */
export const loraName = (matrix: string, side: 'A' | 'B'): string =>
  `base_model.model.${matrix.replace(/\.weight$/, '')}.lora_${side}.weight`;

/** The linear layers of a T5's blocks, by the last part of their names. */
const LINEAR = ['q', 'k', 'v', 'o', 'wi', 'wi_0', 'wi_1', 'wo'];

/** The last parts of the names of the layers that `targets` stand for, `all` written out. */
export const targetModules = (targets: readonly string[], config: T5Config): string[] => {
  const present = LINEAR.filter((name) => !(config.feedForwardProj === 'relu' ? /^wi_/ : /^wi$/).test(name));
  if (targets.includes('all')) return present;
  const unknown = targets.filter((target) => !present.includes(target));
  if (unknown.length > 0 || targets.length === 0) {
    throw new Failure({
      what: 'no linear layer of this T5 has that name',
      where: 'LoRA target modules',
      got: unknown.join(', ') || 'none',
      fix: `choose among ${present.join(', ')}, or all`,
    });
  }
  return present.filter((name) => targets.includes(name));
};

/**
 * The matrices that an adapter changes, with their shapes (out, in).
 *
 * @throws {Failure} When a target names no layer.
 */
export const adaptedMatrices = (config: T5Config, targets: readonly string[]): Map<string, readonly number[]> => {
  const endings = targetModules(targets, config).map((name) => `.${name}.weight`);
  return new Map([...parameterShapes(config, false)].filter(([name]) => endings.some((end) => name.endsWith(end))));
};

/**
 * An adapter before training: it changes nothing yet.
 *
 * @param seed Of A's numbers.
 * @throws {Failure} When a target names no layer, or `r` is not a whole number from 1 on.
 * @example const adapter = initialAdapter(config, { r: 8, alpha: 32, targets: ['q', 'v'] }, 1);
 */
export const initialAdapter = (config: T5Config, { r, alpha, targets }: LoraSettings, seed: number): LoraAdapter => {
  if (!Number.isInteger(r) || r < 1)
    throw new Failure({ what: 'a LoRA rank must be a whole number from 1 on', got: String(r) });
  const scales = new Map<string, number>();
  const weights = new Map<string, WeightData>();
  for (const [matrix, [out, input]] of adaptedMatrices(config, targets)) {
    const random = Random.seeded(seed, loraName(matrix, 'A'));
    const bound = 1 / Math.sqrt(input);
    const a = Float32Array.from({ length: r * input }, () => (2 * random.uniform() - 1) * bound);
    scales.set(matrix, alpha / r);
    weights.set(loraName(matrix, 'A'), { shape: [r, input], data: a });
    weights.set(loraName(matrix, 'B'), { shape: [out, r], data: new Float32Array(out * r) });
  }
  return { scales, weights };
};

/**
 * Parameters with an adapter on top: `W x + s · B A dropout(x)` for adapted matrices, the base's answer for all others.
 * A and B are inputs of the graph, so that they can be trained.
 *
 * @param base Whatever holds the frozen weights: dense, quantised, inputs.
 * @param dropoutRate On the input of A; 0 outside training.
 */
export const adaptedParameters = (
  graph: Graph,
  base: Parameters,
  { scales, weights }: LoraAdapter,
  dropoutRate: number,
): Parameters => {
  const sides = trainableParameters(graph, new Map([...weights].map(([name, { shape }]) => [name, shape])));
  return {
    tensor: base.tensor,
    rows: base.rows,
    linear: (name, x): Tensor => {
      const y = base.linear(name, x); // (…, out)
      const scale = scales.get(name);
      if (scale === undefined) return y;
      const thin = sides.linear(loraName(name, 'A'), dropout(x, dropoutRate)); // (…, r)
      return add(y, matmul(thin, sides.tensor(loraName(name, 'B')), { transB: true, scale }));
    },
  };
};

/**
 * The base weights with an adapter worked in: W + s·B·A, summed in float64 before it is rounded.
 *
 * @param base By name; not changed. Matrices that are not adapted are shared with the result.
 * @param into An earlier result, whose arrays are written anew.
 * @throws {Failure} When the base lacks an adapted matrix.
 * @example const merged = mergeAdapter(model.weights, adapter);
 */
export const mergeAdapter = (
  base: ReadonlyMap<string, WeightData>,
  { scales, weights }: LoraAdapter,
  into?: ReadonlyMap<string, WeightData>,
): Map<string, WeightData> => {
  const merged = new Map(base);
  for (const [matrix, scale] of scales) {
    const found = base.get(matrix);
    if (found === undefined)
      throw new Failure({ what: 'the base model has no matrix that the adapter adapts', got: matrix });
    const a = weights.get(loraName(matrix, 'A'))!;
    const b = weights.get(loraName(matrix, 'B'))!.data;
    const [r, input] = a.shape;
    const data = into?.get(matrix)?.data ?? new Float32Array(found.data.length);
    const row = new Float64Array(input);
    for (let out = 0; out < found.shape[0]; out++) {
      row.fill(0);
      for (let rank = 0; rank < r; rank++) {
        const factor = scale * b[out * r + rank];
        for (let column = 0; column < input; column++) row[column] += factor * a.data[rank * input + column];
      }
      for (let column = 0; column < input; column++)
        data[out * input + column] = found.data[out * input + column] + row[column];
    }
    merged.set(matrix, { shape: found.shape, data });
  }
  return merged;
};
