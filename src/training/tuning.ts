/**
 * @file What of a model a run trains: all weights, or an adapter over frozen ones. The step and the loop ask for the
 * trained arrays, the frozen ones that each run is fed, and the parameters of a graph; they need to know no more.
 */
import { adaptedParameters, type LoraAdapter } from '../t5/lora.js';
import {
  type Parameters,
  quantisedInputParameters,
  quantisedInputs,
  trainableParameters,
  type WeightData,
} from '../t5/parameters.js';
import type { QuantisedWeight } from '../t5/quantisation.js';
import type { Graph, Value } from '../tensors/index.js';

/** What is trained, and how a graph is to use it. */
export interface Tuning {
  /** The trained arrays by name; a run changes them in place. */
  readonly trained: ReadonlyMap<string, WeightData>;
  /** Arrays that stay as they are and are fed to each run: one copy in memory for all programs. */
  readonly frozen: readonly [string, Value][];
  /** @param dropout Whether the graph is for training, with the tuning's own dropout if it has one. */
  parameters(graph: Graph, dropout: boolean): Parameters;
}

const shapesOf = (weights: ReadonlyMap<string, WeightData>): Map<string, readonly number[]> =>
  new Map([...weights].map(([name, { shape }]) => [name, shape]));

/**
 * Trains all weights.
 *
 * @param weights By name.
 * @param inPlace Whether the weights' own arrays are trained; by default they are copied and the originals stay.
 */
export const fullTuning = (weights: ReadonlyMap<string, WeightData>, inPlace = false): Tuning => {
  const shapes = shapesOf(weights);
  return {
    trained: inPlace
      ? weights
      : new Map([...weights].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }])),
    frozen: [],
    parameters: (graph) => trainableParameters(graph, shapes),
  };
};

/** The frozen weights under an adapter: as they are, but for matrices that are rounded to integers. */
export interface FrozenBase {
  readonly weights: ReadonlyMap<string, WeightData>;
  readonly quantised?: ReadonlyMap<string, QuantisedWeight>;
}

/**
 * Trains an adapter over frozen weights. Over rounded ones that is the idea of QLoRA (Dettmers et al. 2023): gradients
 * go through the values that the integers stand for.
 *
 * @param adapter Its arrays are changed in place.
 * @param dropoutRate On the input of each A.
 */
export const loraTuning = (
  { weights, quantised = new Map() }: FrozenBase,
  adapter: LoraAdapter,
  dropoutRate: number,
): Tuning => {
  const shapes = shapesOf(weights);
  return {
    trained: adapter.weights,
    frozen: [
      ...[...weights].map(([name, { shape, data }]): [string, Value] => [name, { data, dims: shape }]),
      ...quantisedInputs(quantised),
    ],
    parameters: (graph, dropout) =>
      adaptedParameters(graph, quantisedInputParameters(graph, shapes, quantised), adapter, dropout ? dropoutRate : 0),
  };
};
