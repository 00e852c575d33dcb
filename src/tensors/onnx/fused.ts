/**
 * @file A recording with fewer and larger operations, as inference on the processor runs it. A decoding step works on few
 * numbers at a time, so that what each operation costs besides its arithmetic is a good part of it.
 *
 * - Products of one input with rounded matrices that lie side by side in their file become one product, whose result is
 *   divided: the input is rounded once, and the threads are called together once.
 * - A sum that is normalised next is one operation with the norm: ONNX Runtime's SkipSimplifiedLayerNormalization.
 * - Attention over whole sequences is its MultiHeadAttention, which puts the bias where the scores are added to it, and moves
 *   heads about by itself.
 */
import type { Attribute, Elements, FilePlace, Graph, Operation, Tensor } from '../graph.js';

/**
 * A graph's operations, joined where they can be; every tensor keeps its name. Matrices that are read as one are added to the
 * graph as further weights.
 *
 * @example encodeModel(graph, outputs, { operations: fusedOperations(graph) })
 */
export const fusedOperations = (graph: Graph): Operation[] =>
  wholeAttentions(joinedNorms(joinedProducts(graph, graph.operations)));

/** A product with a rounded matrix in a file. */
interface Product {
  readonly operation: Operation;
  readonly index: number;
  readonly blocks: FilePlace;
  readonly scales: FilePlace;
}

const joinedProducts = (graph: Graph, operations: readonly Operation[]): Operation[] => {
  const placeOf = ({ name }: Tensor): FilePlace | undefined => {
    const data: Elements | FilePlace | undefined = graph.initializers.get(name)?.data;
    return data !== undefined && 'file' in data ? data : undefined;
  };
  const alike = new Map<string, Product[]>();
  for (const [index, operation] of operations.entries()) {
    if (operation.type !== 'MatMulNBits') continue;
    const [x, blocks, scales] = operation.inputs;
    const [blocksPlace, scalesPlace] = [placeOf(blocks), placeOf(scales)];
    if (blocksPlace === undefined || scalesPlace === undefined) continue;
    const { N: _, ...attributes } = operation.attributes;
    const key = JSON.stringify([x.name, attributes, blocksPlace.file]);
    alike.set(key, [...(alike.get(key) ?? []), { operation, index, blocks: blocksPlace, scales: scalesPlace }]);
  }
  const instead = new Map<number, Operation[]>();
  for (const run of [...alike.values()].flatMap(sideBySide)) {
    if (run.length === 1) continue;
    for (const { index } of run) instead.set(index, []);
    instead.set(Math.min(...run.map(({ index }) => index)), joined(graph, run));
  }
  return operations.flatMap((operation, index) => instead.get(index) ?? [operation]);
};

/** Runs of products whose matrices and scales follow each other in the file. */
const sideBySide = (products: readonly Product[]): Product[][] => {
  const runs: Product[][] = [];
  for (const product of products.toSorted((a, b) => a.blocks.offset - b.blocks.offset)) {
    const last = runs.at(-1)?.at(-1);
    const follows = last !== undefined && follow(last.blocks, product.blocks) && follow(last.scales, product.scales);
    if (follows) runs.at(-1)!.push(product);
    else runs.push([product]);
  }
  return runs;
};

const follow = (a: FilePlace, b: FilePlace): boolean => a.offset + a.length === b.offset;

const joined = (graph: Graph, run: readonly Product[]): Operation[] => {
  const [{ operation }] = run;
  const sizes = run.map(({ operation: { outputs } }) => outputs[0].shape.at(-1) as number);
  const rows = sizes.reduce((total, size) => total + size, 0);
  const weight = (input: number, places: readonly FilePlace[]): Tensor => {
    const { dtype, shape } = operation.inputs[input];
    const length = places.reduce((total, place) => total + place.length, 0);
    const name = run.map(({ operation: { inputs } }) => inputs[input].name).join('+');
    const known = graph.initializers.get(name)?.tensor;
    const dims = [rows, ...(shape.slice(1) as number[])];
    return known ?? graph.mappedWeight(name, dtype as 'float32' | 'uint8', dims, { ...places[0], length });
  };
  const [blocks, scales] = [1, 2].map((input) =>
    weight(
      input,
      run.map((each) => (input === 1 ? each.blocks : each.scales)),
    ),
  );
  const { operations } = graph.branch(() => {
    const [x] = operation.inputs;
    const [y] = graph.record('MatMulNBits', [x, blocks, scales], {
      domain: operation.domain,
      attributes: { ...operation.attributes, N: { int: rows } },
      outputs: [{ dtype: 'float32', shape: [...x.shape.slice(0, -1), rows] }],
    });
    return graph.record('Split', [y, graph.constant('int64', [sizes.length], sizes)], {
      attributes: { axis: { int: -1 } },
      outputs: run.map(({ operation: { outputs } }) => outputs[0]),
    });
  });
  const [product, split] = operations;
  return [product, { ...split, outputs: run.map((each) => each.operation.outputs[0]) }];
};

/** Sums that a norm reads, together with the first norm that does. */
const joinedNorms = (operations: readonly Operation[]): Operation[] => {
  const norms = new Map<string, Operation>();
  for (const operation of operations) {
    const [x] = operation.inputs;
    if (operation.type === 'SimplifiedLayerNormalization' && !norms.has(x.name)) norms.set(x.name, operation);
  }
  const done = new Set<Operation>();
  return operations.flatMap((operation) => {
    if (done.has(operation)) return [];
    const norm = operation.type === 'Add' ? norms.get(operation.outputs[0].name) : undefined;
    if (norm === undefined || !isSumOfTokens(operation)) return [operation];
    done.add(norm);
    const [sum] = operation.outputs;
    const unused = { ...sum, name: '' }; // mean and deviation
    return [
      {
        type: 'SkipSimplifiedLayerNormalization',
        domain: 'com.microsoft',
        inputs: [...operation.inputs, norm.inputs[1]],
        outputs: [norm.outputs[0], unused, unused, sum],
        attributes: { epsilon: norm.attributes.epsilon },
      },
    ];
  });
};

/** Whether both terms are of one shape (batch, tokens, width): the kernel broadcasts otherwise than Add. */
const isSumOfTokens = ({ inputs: [a, b] }: Operation): boolean =>
  a.shape.length === 3 && a.shape.length === b.shape.length && a.shape.every((dim, axis) => dim === b.shape[axis]);

/** Attentions of which all that lies between the projections is one operation; what it does itself is then read by none. */
const wholeAttentions = (operations: readonly Operation[]): Operation[] => {
  const makers = new Map(operations.flatMap((operation) => operation.outputs.map(({ name }) => [name, operation])));
  const readers = new Map<string, Operation[]>();
  for (const operation of operations)
    for (const { name } of operation.inputs) readers.set(name, [...(readers.get(name) ?? []), operation]);
  const maker = ({ name }: Tensor, type: string): Operation | undefined => {
    const made = makers.get(name);
    return made?.type === type ? made : undefined;
  };
  /** The only operation that reads a tensor. */
  const reader = (tensor: Tensor | undefined, type: string): Operation | undefined => {
    const all = tensor === undefined ? [] : (readers.get(tensor.name) ?? []);
    return all.length === 1 && all[0].type === type ? all[0] : undefined;
  };
  /** What (batch, heads, tokens, d) was before its heads were told apart: (batch, tokens, heads · d). */
  const unsplit = (tensor: Tensor): Tensor | undefined => {
    const transposed = maker(tensor, 'Transpose');
    if (transposed === undefined || !exchangesHeads(transposed)) return undefined;
    const x = maker(transposed.inputs[0], 'Reshape')?.inputs[0];
    return x?.shape.length === 3 ? x : undefined;
  };
  const whole = (product: Operation): readonly [last: Operation, instead: Operation] | undefined => {
    const softmax = maker(product.inputs[0], 'Softmax');
    const sum = softmax && maker(softmax.inputs[0], 'Add');
    const scores = sum && maker(sum.inputs[0], 'FusedMatMul');
    if (scores === undefined || !isProductWithKeys(scores)) return undefined;
    const between = [scores, sum!, softmax!].map(({ outputs }) => outputs[0]);
    if (between.some(({ name }) => readers.get(name)!.length > 1)) return undefined;
    const [query, keys] = scores.inputs;
    const [x, k, v] = [query, keys, product.inputs[1]].map(unsplit);
    const turned = reader(product.outputs[0], 'Transpose');
    const merged = turned && exchangesHeads(turned) ? reader(turned.outputs[0], 'Reshape') : undefined;
    const bias = sum!.inputs[1];
    const isWhole = bias.shape.length === 4 && bias.shape[2] === query.shape[2] && bias.shape[3] === keys.shape[2];
    if (!x || !k || !v || merged?.outputs[0].shape.length !== 3 || !isWhole) return undefined;
    const none = { ...bias, name: '' };
    const attention: Operation = {
      type: 'MultiHeadAttention',
      domain: 'com.microsoft',
      inputs: [x, k, v, none, none, bias],
      outputs: merged.outputs,
      attributes: { num_heads: { int: query.shape[1] as number }, scale: { float: 1 } },
    };
    return [merged, attention];
  };
  const instead = new Map(
    operations
      .filter(({ type }) => type === 'MatMul')
      .flatMap((operation) => {
        const found = whole(operation);
        return found === undefined ? [] : [found];
      }),
  );
  return operations.map((operation) => instead.get(operation) ?? operation);
};

const exchangesHeads = ({ attributes: { perm } }: Operation): boolean =>
  'ints' in perm && perm.ints.join() === '0,2,1,3';

/** Q Kᵀ as it is. */
const isProductWithKeys = ({ attributes: { transA, transB, alpha } }: Operation): boolean =>
  isInt(transB, 1) && !isInt(transA, 1) && (alpha === undefined || ('float' in alpha && alpha.float === 1));

const isInt = (attribute: Attribute | undefined, value: number): boolean =>
  attribute !== undefined && 'int' in attribute && attribute.int === value;
