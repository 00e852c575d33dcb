/**
 * @file Validates requests and answers against AWS's own service model: required members, types, bounds, patterns,
 * enumerations. Members the model does not know are an error too: AWS ignores them silently.
 */
import { readFileSync } from 'node:fs';

interface Shape {
  readonly type: string;
  readonly required?: readonly string[];
  readonly members?: Readonly<Record<string, { readonly shape: string }>>;
  readonly member?: { readonly shape: string };
  readonly key?: { readonly shape: string };
  readonly value?: { readonly shape: string };
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly min?: number;
  readonly max?: number;
  readonly union?: boolean;
}

interface ServiceModel {
  readonly operations: Readonly<
    Record<string, { readonly input?: { readonly shape: string }; readonly output?: { readonly shape: string } }>
  >;
  readonly shapes: Readonly<Record<string, Shape>>;
}

const read = (name: string): ServiceModel =>
  JSON.parse(readFileSync(new URL(`../../fixtures/sagemaker/${name}`, import.meta.url), 'utf8'));

const first = read('service-model.json');
const more = read('service-model-more.json');
const operations = { ...first.operations, ...more.operations };
const shapes = { ...more.shapes, ...first.shapes };

/** `\p{L}` needs JavaScript's `u`; the few patterns that do not go with it have none. */
const matches = (pattern: string, text: string): boolean => {
  try {
    return new RegExp(`^(?:${pattern})$`, 'u').test(text);
  } catch {
    return new RegExp(`^(?:${pattern})$`).test(text);
  }
};

const bounded = (shape: Shape, size: number, where: string, what: string): string[] => {
  if (shape.min !== undefined && size < shape.min) return [`${where}: ${what}${size}, least is ${shape.min}`];
  if (shape.max !== undefined && size > shape.max) return [`${where}: ${what}${size}, most is ${shape.max}`];
  return [];
};

const check = (name: string, value: unknown, where: string): string[] => {
  const shape = shapes[name];
  if (shape === undefined) throw new Error(`the service model has no shape ${name}`);
  switch (shape.type) {
    case 'structure': {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${where}: no structure`];
      const record = value as Record<string, unknown>;
      const missing = (shape.required ?? []).filter(
        (member) => record[member] === undefined || record[member] === null,
      );
      return [
        ...missing.map((member) => `${where}.${member}: missing`),
        ...Object.entries(record).flatMap(([member, inner]) => {
          const reference = shape.members?.[member];
          if (reference === undefined) return [`${where}.${member}: unknown`];
          return inner === undefined || inner === null ? [] : check(reference.shape, inner, `${where}.${member}`);
        }),
      ];
    }
    case 'list': {
      if (!Array.isArray(value)) return [`${where}: no list`];
      return [
        ...bounded(shape, value.length, where, 'length '),
        ...value.flatMap((item, index) => check(shape.member!.shape, item, `${where}[${index}]`)),
      ];
    }
    case 'map': {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${where}: no map`];
      const entries = Object.entries(value);
      return [
        ...bounded(shape, entries.length, where, 'entries '),
        ...entries.flatMap(([key, item]) => [
          ...check(shape.key!.shape, key, `${where} key ${key}`),
          ...check(shape.value!.shape, item, `${where}.${key}`),
        ]),
      ];
    }
    case 'string': {
      if (typeof value !== 'string') return [`${where}: no text`];
      const wrong = bounded(shape, value.length, where, 'length ');
      if (shape.enum !== undefined && !shape.enum.includes(value))
        wrong.push(`${where}: '${value}' is none of the values`);
      if (shape.pattern !== undefined && !matches(shape.pattern, value))
        wrong.push(`${where}: '${value}' fails the pattern`);
      return wrong;
    }
    case 'integer':
    case 'long':
      if (!Number.isInteger(value)) return [`${where}: no whole number`];
      return bounded(shape, value as number, where, '');
    case 'float':
    case 'double':
      if (typeof value !== 'number') return [`${where}: no number`];
      return bounded(shape, value, where, '');
    case 'boolean':
      return typeof value === 'boolean' ? [] : [`${where}: no boolean`];
    case 'timestamp':
      return typeof value === 'number' || value instanceof Date ? [] : [`${where}: no timestamp`];
    default:
      throw new Error(`the service model has the unknown type ${shape.type}`);
  }
};

/** Whether the model has an operation. */
export const hasOperation = (operation: string): boolean => operation in operations;

/** What is wrong with a request, each with its place; none when it is right. */
export const requestFaults = (operation: string, input: unknown): string[] => {
  const shape = operations[operation]?.input?.shape;
  return shape === undefined ? [] : check(shape, JSON.parse(JSON.stringify(input)), operation);
};

/** What is wrong with an answer; the fake's own answers are held to the model, too. */
export const answerFaults = (operation: string, output: unknown): string[] => {
  const shape = operations[operation]?.output?.shape;
  return shape === undefined ? [] : check(shape, JSON.parse(JSON.stringify(output)), operation);
};
