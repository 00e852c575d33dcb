/**
 * @file A recording as an ONNX model: the operations that the wanted outputs depend on, in order. Frozen weights are
 * referred to by name and handed over apart (external data), so the model's own bytes stay small.
 */
import type { Dim } from '../dims.js';
import type { Attribute, Graph, Initializer, Operation, Tensor } from '../graph.js';
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
  /** Data of the frozen weights, under the paths by which the model refers to them. */
  readonly externalData: readonly { readonly path: string; readonly data: Uint8Array }[];
}

/**
 * Encodes what is needed to compute `outputs`.
 *
 * @param outputs The wanted tensors, by the names that the model's outputs are to have.
 */
export const encodeModel = (graph: Graph, outputs: Readonly<Record<string, Tensor>>): EncodedModel => {
  const { operations, used } = reachable(graph, Object.values(outputs));
  const inputs = [...graph.inputs.values()].filter((input) => used.has(input.name));
  const initializers = [...graph.initializers.values()].filter(({ tensor }) => used.has(tensor.name));
  const external = initializers.filter((initializer) => initializer.external);
  const pathOf = new Map(external.map(({ tensor }, index) => [tensor.name, `weight.${index}`]));

  // An Identity for each output: one tensor may be wanted under two names, or be an input itself.
  const nodes = [
    ...operations.map(node),
    ...Object.entries(outputs).map(([name, tensor]) => ({
      opType: 'Identity',
      input: [tensor.name],
      output: [outputName(name)],
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
        initializer: initializers.map((each) => initializer(each, pathOf.get(each.tensor.name))),
        input: inputs.map((input) => valueInfo(input.name, input)),
        output: Object.entries(outputs).map(([name, tensor]) => valueInfo(outputName(name), tensor)),
      },
    }),
  ).finish();

  const externalData = external.map(({ tensor, data }) => ({ path: pathOf.get(tensor.name)!, data: bytesOf(data) }));
  return { bytes, inputs, externalData };
};

/** Outputs have a prefix, so that one may be called as an input or a weight is. */
export const outputName = (name: string): string => `output:${name}`;

const reachable = (graph: Graph, wanted: readonly Tensor[]): { operations: Operation[]; used: Set<string> } => {
  const used = new Set(wanted.map((tensor) => tensor.name));
  const operations: Operation[] = [];
  for (const operation of [...graph.operations].reverse()) {
    if (!operation.outputs.some((output) => used.has(output.name))) continue;
    for (const input of operation.inputs) used.add(input.name);
    operations.push(operation);
  }
  return { operations: operations.reverse(), used };
};

const node = ({ type, domain, inputs, outputs, attributes }: Operation): object => ({
  opType: type,
  domain,
  input: inputs.map((input) => input.name),
  output: outputs.map((output) => output.name),
  attribute: Object.entries(attributes).map(([name, value]) => ({ name, ...attribute(value) })),
});

const attribute = (value: Attribute): object => {
  if ('int' in value) return { type: attributeType.int, i: value.int };
  if ('float' in value) return { type: attributeType.float, f: value.float };
  if ('text' in value) return { type: attributeType.string, s: new TextEncoder().encode(value.text) };
  return { type: attributeType.ints, ints: value.ints };
};

const initializer = ({ tensor, data }: Initializer, path: string | undefined): object => ({
  name: tensor.name,
  dims: tensor.shape,
  dataType: onnxType[tensor.dtype],
  ...(path === undefined
    ? { rawData: bytesOf(data) }
    : {
        dataLocation: dataLocation.external,
        externalData: [
          { key: 'location', value: path },
          { key: 'offset', value: '0' },
          { key: 'length', value: String(data.byteLength) },
        ],
      }),
});

const valueInfo = (name: string, { dtype, shape }: Tensor): object => ({
  name,
  type: { tensorType: { elemType: onnxType[dtype], shape: { dim: shape.map(dimension) } } },
});

const dimension = (dim: Dim): object => (typeof dim === 'number' ? { dimValue: dim } : { dimParam: dim });

const bytesOf = (data: Float32Array | BigInt64Array | Uint8Array): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
