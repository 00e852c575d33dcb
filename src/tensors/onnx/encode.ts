/**
 * @file A recording as an ONNX model: the operations that the wanted outputs depend on, in order. Frozen weights are
 * referred to by name and handed over apart (external data), so the model's own bytes stay small.
 */

import { basename } from 'node:path';
import type { Dim } from '../dims.js';
import type { Attribute, Elements, FilePlace, Graph, Initializer, Operation, Tensor } from '../graph.js';
import { onnxType } from '../operations/elementwise.js';
import { attributeType, dataLocation, ModelProto } from './schema.js';

/** Standard operator set and ONNX file format version written; ONNX Runtime ≥ 1.14 reads both. */
const OPSET = 18;
const IR_VERSION = 8;

/** An ONNX model and what has to be given with it. */
export interface EncodedModel {
  readonly bytes: Uint8Array;
  /** The graph's inputs that the outputs depend on: what a run must be fed. */
  readonly inputs: readonly Tensor[];
  /** Files that the model maps weights from, by their names alone: it must lie in their folder. */
  readonly mappedFiles: readonly string[];
  /** Data of the other frozen weights, under the paths by which the model refers to them. */
  readonly externalData: readonly { readonly path: string; readonly data: Uint8Array }[];
}

/** How a model is encoded. */
export interface EncodingOptions {
  /** Put before the outputs' names, so that one may be called as an input or a weight is; default {@link outputName}'s. */
  readonly prefix?: string;
  /** Put the frozen weights into the model's own bytes, which may have at most 2 GB; default no. */
  readonly inline?: boolean;
  /** Refer to them as lying in one file of this name, one after the other in the order given; default each has its own. */
  readonly joinedAs?: string;
  /** What is encoded in place of the graph's own operations: the same ones spelled otherwise. */
  readonly operations?: readonly Operation[];
}

/**
 * Encodes what is needed to compute `outputs`.
 *
 * @param outputs The wanted tensors, by the names that the model's outputs are to have.
 */
export const encodeModel = (
  graph: Graph,
  outputs: Readonly<Record<string, Tensor>>,
  { prefix = PREFIX, inline = false, joinedAs, operations: recorded = graph.operations }: EncodingOptions = {},
): EncodedModel => {
  const { operations, used } = reachable(recorded, Object.values(outputs));
  const inputs = [...graph.inputs.values()].filter((input) => used.has(input.name));
  const initializers = [...graph.initializers.values()].filter(({ tensor }) => used.has(tensor.name));
  const held = initializers.flatMap(({ tensor, data, external }) =>
    external && !inline && !isPlace(data) ? [{ name: tensor.name, data }] : [],
  );
  let end = 0;
  const placeOf = new Map(
    held.map(({ name, data }, index) => {
      const offset = joinedAs === undefined ? 0 : end;
      end += data.byteLength;
      return [name, { path: joinedAs ?? `weight.${index}`, offset }];
    }),
  );

  const { names, copied } = nameOutputs(operations, outputs, prefix);
  const nodes = [
    ...operations.map((operation) => node(operation, names)),
    ...copied.map(([name, tensor]) => ({
      opType: 'Identity',
      input: [names.get(tensor.name) ?? tensor.name],
      output: [prefix + name],
    })),
  ];
  const bytes = ModelProto.encode(
    ModelProto.fromObject({
      irVersion: IR_VERSION,
      producerName: 'impressionist',
      opsetImport: [
        { domain: '', version: OPSET },
        { domain: 'com.microsoft', version: 1 },
      ],
      graph: {
        name: 'graph',
        node: nodes,
        initializer: initializers.map((each) => initializer(each, placeOf.get(each.tensor.name))),
        input: inputs.map((input) => valueInfo(input.name, input)),
        output: Object.entries(outputs).map(([name, tensor]) => valueInfo(prefix + name, tensor)),
      },
    }),
  ).finish();

  const externalData = held.map(({ name, data }) => ({ path: placeOf.get(name)!.path, data: bytesOf(data) }));
  const mappedFiles = [...new Set(initializers.flatMap(({ data }) => (isPlace(data) ? [data.file] : [])))];
  return { bytes, inputs, mappedFiles, externalData };
};

const isPlace = (data: Elements | FilePlace): data is FilePlace => 'file' in data;

const PREFIX = 'output:';

/** The name that an output has in an encoded model by default. */
export const outputName = (name: string): string => PREFIX + name;

/**
 * An output's tensor takes its name, so that it is written where it is wanted. Where that can't be, since it is wanted
 * under two names or no operation makes it, it is copied.
 */
const nameOutputs = (
  operations: readonly Operation[],
  outputs: Readonly<Record<string, Tensor>>,
  prefix: string,
): { names: Names; copied: [string, Tensor][] } => {
  const made = new Set(operations.flatMap((operation) => operation.outputs.map((output) => output.name)));
  const names = new Map<string, string>();
  const copied = Object.entries(outputs).filter(([name, tensor]) => {
    if (!made.has(tensor.name) || names.has(tensor.name)) return true;
    names.set(tensor.name, prefix + name);
    return false;
  });
  return { names, copied };
};

const reachable = (
  recorded: readonly Operation[],
  wanted: readonly Tensor[],
): { operations: Operation[]; used: Set<string> } => {
  const used = new Set(wanted.map((tensor) => tensor.name));
  const operations: Operation[] = [];
  for (const operation of [...recorded].reverse()) {
    if (!operation.outputs.some((output) => used.has(output.name))) continue;
    for (const name of namesRead(operation)) used.add(name);
    operations.push(operation);
  }
  return { operations: operations.reverse(), used };
};

/** Names of what an operation reads, its branches included. */
const namesRead = ({ inputs, attributes }: Operation): string[] => [
  ...inputs.map(({ name }) => name),
  ...Object.values(attributes).flatMap((value) =>
    'branch' in value ? value.branch.operations.flatMap(namesRead) : [],
  ),
];

/** What some tensors are called in the file; the others keep the names that they were recorded with. */
type Names = ReadonlyMap<string, string>;

const node = ({ type, domain, inputs, outputs, attributes }: Operation, names: Names): object => ({
  opType: type,
  domain,
  input: inputs.map(({ name }) => names.get(name) ?? name),
  output: outputs.map(({ name }) => names.get(name) ?? name),
  attribute: Object.entries(attributes).map(([name, value]) => ({ name, ...attribute(value, names) })),
});

const attribute = (value: Attribute, names: Names): object => {
  if ('int' in value) return { type: attributeType.int, i: value.int };
  if ('float' in value) return { type: attributeType.float, f: value.float };
  if ('text' in value) return { type: attributeType.string, s: new TextEncoder().encode(value.text) };
  if ('branch' in value) {
    const { operations, outputs } = value.branch;
    const output = outputs.map((tensor) => valueInfo(tensor.name, tensor));
    return {
      type: attributeType.graph,
      g: { name: 'branch', node: operations.map((operation) => node(operation, names)), output },
    };
  }
  return { type: attributeType.ints, ints: value.ints };
};

const initializer = (
  { tensor, data }: Initializer,
  place: { readonly path: string; readonly offset: number } | undefined,
): object => {
  const described = { name: tensor.name, dims: tensor.shape, dataType: onnxType[tensor.dtype] };
  if (isPlace(data)) return { ...described, ...external(basename(data.file), data.offset, data.length) };
  if (place !== undefined) return { ...described, ...external(place.path, place.offset, data.byteLength) };
  return { ...described, rawData: bytesOf(data) };
};

const external = (location: string, offset: number, length: number): object => ({
  dataLocation: dataLocation.external,
  externalData: Object.entries({ location, offset, length }).map(([key, value]) => ({ key, value: String(value) })),
});

const valueInfo = (name: string, { dtype, shape }: Tensor): object => ({
  name,
  type: { tensorType: { elemType: onnxType[dtype], shape: { dim: shape.map(dimension) } } },
});

const dimension = (dim: Dim): object => (typeof dim === 'number' ? { dimValue: dim } : { dimParam: dim });

const bytesOf = (data: Float32Array | BigInt64Array | Uint8Array): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
