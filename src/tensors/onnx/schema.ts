/**
 * @file The part of ONNX's protobuf schema (`onnx.proto3`, IR version 8) that a model written here uses: message,
 * field and number as in https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3. Field names are ONNX's own.
 */
import protobuf from 'protobufjs/light.js';

const field = (type: string, id: number): protobuf.IField => ({ type, id });
const list = (type: string, id: number): protobuf.IField => ({ type, id, rule: 'repeated' });

/** `AttributeProto.AttributeType`. */
export const attributeType = { float: 1, int: 2, string: 3, graph: 5, ints: 7 } as const;

/** `TensorProto.DataLocation`. */
export const dataLocation = { external: 1 } as const;

const root = protobuf.Root.fromJSON({
  nested: {
    StringStringEntryProto: { fields: { key: field('string', 1), value: field('string', 2) } },
    AttributeProto: {
      fields: {
        name: field('string', 1),
        f: field('float', 2),
        i: field('int64', 3),
        s: field('bytes', 4),
        g: field('GraphProto', 6),
        ints: list('int64', 8),
        type: field('int32', 20),
      },
    },
    NodeProto: {
      fields: {
        input: list('string', 1),
        output: list('string', 2),
        name: field('string', 3),
        opType: field('string', 4),
        attribute: list('AttributeProto', 5),
        domain: field('string', 7),
      },
    },
    TensorProto: {
      fields: {
        dims: list('int64', 1),
        dataType: field('int32', 2),
        name: field('string', 8),
        rawData: field('bytes', 9),
        externalData: list('StringStringEntryProto', 13),
        dataLocation: field('int32', 14),
      },
    },
    TensorShapeProto: {
      fields: { dim: list('Dimension', 1) },
      nested: { Dimension: { fields: { dimValue: field('int64', 1), dimParam: field('string', 2) } } },
    },
    TypeProto: {
      fields: { tensorType: field('Tensor', 1) },
      nested: { Tensor: { fields: { elemType: field('int32', 1), shape: field('TensorShapeProto', 2) } } },
    },
    ValueInfoProto: { fields: { name: field('string', 1), type: field('TypeProto', 2) } },
    GraphProto: {
      fields: {
        node: list('NodeProto', 1),
        name: field('string', 2),
        initializer: list('TensorProto', 5),
        input: list('ValueInfoProto', 11),
        output: list('ValueInfoProto', 12),
      },
    },
    OperatorSetIdProto: { fields: { domain: field('string', 1), version: field('int64', 2) } },
    ModelProto: {
      fields: {
        irVersion: field('int64', 1),
        producerName: field('string', 2),
        graph: field('GraphProto', 7),
        opsetImport: list('OperatorSetIdProto', 8),
      },
    },
  },
});

/** The message type of a whole model. */
export const ModelProto: protobuf.Type = root.lookupType('ModelProto');
