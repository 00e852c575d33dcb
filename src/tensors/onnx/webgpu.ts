/**
 * @file A recording as ONNX Runtime's WebGPU provider can run it. That provider has no kernel for the operations in which
 * most of a transformer's work lies here: FusedMatMul and LogSoftmax. Left as they are they would run on the processor, between copies
 * to and fro; so they are spelled with operations it has. What stays on the processor is arithmetic on integers: shapes,
 * distances, labels.
 *
 * Source: a profile of a training step on ONNX Runtime 1.30, which names the provider of every operation.
 */
import type { Attribute, Graph, Operation, Tensor } from '../graph.js';
import { exp, log, mul, sub } from '../operations/elementwise.js';
import { transpose } from '../operations/layout.js';
import { matmul } from '../operations/product.js';
import { sum } from '../operations/reduction.js';

/**
 * A graph's operations, those without a WebGPU kernel spelled out; every tensor keeps its name.
 *
 * @example encodeModel(graph, outputs, { operations: webGpuOperations(graph) })
 */
export const webGpuOperations = (graph: Graph): Operation[] =>
  graph.operations.flatMap((operation) => spelled(graph, operation));

const spelled = (graph: Graph, operation: Operation): Operation[] => {
  const spell = SPELLINGS[operation.type];
  if (spell === undefined) return [{ ...operation, attributes: withBranches(graph, operation.attributes) }];
  const { operations, outputs } = graph.branch(() => spell(operation));
  const named = new Map(outputs.map(({ name }, i) => [name, operation.outputs[i]]));
  const renamed = (tensors: readonly Tensor[]): Tensor[] => tensors.map((tensor) => named.get(tensor.name) ?? tensor);
  return operations.map((each) => ({ ...each, inputs: renamed(each.inputs), outputs: renamed(each.outputs) }));
};

const withBranches = (graph: Graph, attributes: Operation['attributes']): Operation['attributes'] =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, value]): [string, Attribute] => {
      if (!('branch' in value)) return [name, value];
      const operations = value.branch.operations.flatMap((each) => spelled(graph, each));
      return [name, { branch: { ...value.branch, operations } }];
    }),
  );

/** By an operation's type: records what takes its place, and returns that one's outputs. */
const SPELLINGS: Readonly<Record<string, (operation: Operation) => readonly Tensor[]>> = {
  FusedMatMul: ({ inputs: [a, b], attributes }) => {
    const [transA, transB] = [isSet(attributes.transA), isSet(attributes.transB)];
    // Gemm reads transposes in place, but multiplies only matrices.
    if (a.shape.length === 2 && b.shape.length === 2) {
      const shape = [a.shape[transA ? 1 : 0], b.shape[transB ? 0 : 1]];
      return a.graph.record('Gemm', [a, b], { attributes, outputs: [{ dtype: 'float32', shape }] });
    }
    // AᵀB as (BᵀA)ᵀ: A is an attention's (query, key) and B its thin (query, dKv), so that less is moved.
    const product =
      transA && !transB ? turned(matmul(turned(b), a)) : matmul(transA ? turned(a) : a, transB ? turned(b) : b);
    const scale = 'float' in attributes.alpha ? attributes.alpha.float : 1;
    return [scale === 1 ? product : mul(product, a.graph.scalar(scale))];
  },
  LogSoftmax: ({ inputs: [x] }) => [logProbabilities(x)],
};

const isSet = (attribute: Attribute): boolean => 'int' in attribute && attribute.int === 1;

/** The last two axes exchanged. */
const turned = (x: Tensor): Tensor => {
  const axes = x.shape.map((_, axis) => axis);
  return transpose(x, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
};

/** log softmax along the last axis: x less its largest, so that no power overflows, less the logarithm of their sum. */
const logProbabilities = (x: Tensor): Tensor => {
  const { graph } = x;
  const [largest] = graph.record('ReduceMax', [x, graph.constant('int64', [1], [-1])], {
    attributes: { keepdims: { int: 1 } },
    outputs: [{ dtype: 'float32', shape: [...x.shape.slice(0, -1), 1] }],
  });
  const below = sub(x, largest);
  return sub(below, log(sum(exp(below), [-1], true)));
};
