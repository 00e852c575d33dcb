/**
 * @file The header of a safetensors file: from bytes to the place of every tensor, everything checked, since the file may come
 * from anywhere: names once each, known types, sizes that fit shapes, and bytes that the tensors cover without gap or overlap.
 *
 * Source: https://huggingface.co/docs/safetensors and the checks of its `SafeTensors::deserialize`.
 */
import { Failure } from '../ground/failure.js';

/** A tensor's type, shape and place in its file. */
export interface HeaderEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** First byte, from the beginning of the file. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
}

/** Bits of an element of each type that safetensors 0.8 knows. */
const bitsOf: Readonly<Record<string, number>> = {
  ...{ F4: 4, F6_E2M3: 6, F6_E3M2: 6 },
  ...{ BOOL: 8, U8: 8, I8: 8, F8_E5M2: 8, F8_E4M3: 8, F8_E8M0: 8, F8_E4M3FNUZ: 8, F8_E5M2FNUZ: 8 },
  ...{ I16: 16, U16: 16, F16: 16, BF16: 16 },
  ...{ I32: 32, U32: 32, F32: 32 },
  ...{ I64: 64, U64: 64, F64: 64, C64: 64 },
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** The first key that an object of this (valid) JSON text has twice; `JSON.parse` would silently keep the last. */
export const duplicateKey = (json: string): string | undefined => {
  const open: (Set<string> | undefined)[] = []; // the keys of each enclosing object; undefined for an array
  const tokens = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/g;
  for (let match = tokens.exec(json); match !== null; match = tokens.exec(json)) {
    const [token, colon] = match;
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (colon !== undefined) {
      const key = JSON.parse(token.slice(0, -colon.length)) as string;
      const keys = open.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
  }
  return undefined;
};

/**
 * Understands a header.
 *
 * @param header Its bytes, without the 8 that give its length.
 * @param bodyLength Bytes of the file behind the header.
 * @param where The file, for messages.
 * @returns The tensors in the order of their bytes, and the header's `__metadata__`.
 * @throws {Failure} When anything is not as the format says, naming the tensor.
 */
export const parseHeader = (
  header: Uint8Array,
  bodyLength: number,
  where: string,
): { entries: Map<string, HeaderEntry>; metadata: Record<string, string> } => {
  const invalid = (what: string, got?: string, cause?: unknown): Failure =>
    new Failure({ what, where, got, fix: 'copy or download the file again' }, { cause });
  let json: unknown;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(header);
    json = JSON.parse(text);
  } catch (error) {
    throw invalid('damaged safetensors header', 'no JSON', error);
  }
  if (!isObject(json)) throw invalid('damaged safetensors header', 'no JSON object');
  const duplicate = duplicateKey(text);
  if (duplicate !== undefined) throw invalid(`${duplicate} stands twice in the safetensors header`);

  const { __metadata__: metadata = {}, ...tensors } = json;
  if (!isObject(metadata) || Object.values(metadata).some((value) => typeof value !== 'string')) {
    throw invalid('damaged safetensors header', '__metadata__ that is not a table of texts');
  }
  const bodyOffset = 8 + header.byteLength;
  const entries = Object.entries(tensors).map(([name, value]): [string, HeaderEntry] => {
    if (!isObject(value)) throw invalid(`tensor ${name} is not described by an object`);
    const { dtype, shape, data_offsets: offsets } = value;
    const bits = typeof dtype === 'string' && Object.hasOwn(bitsOf, dtype) ? bitsOf[dtype] : undefined;
    if (bits === undefined) throw invalid(`tensor ${name} is of an unknown type`, String(dtype));
    if (!Array.isArray(shape) || !shape.every(isCount)) {
      throw invalid(`tensor ${name} has no valid shape`, JSON.stringify(shape));
    }
    if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount) || offsets[0] > offsets[1]) {
      throw invalid(`tensor ${name} has no valid data_offsets`, JSON.stringify(offsets));
    }
    const [begin, end] = offsets as [number, number];
    if (end > bodyLength) {
      throw invalid(`tensor ${name} lies beyond the end of the file`, `${bodyOffset + bodyLength} bytes, truncated`);
    }
    const size = shape.reduce<number>((product, length) => product * length, 1) * bits;
    if (size !== (end - begin) * 8) {
      throw invalid(`tensor ${name} does not fit its shape`, `${end - begin} bytes for ${dtype} [${shape.join(', ')}]`);
    }
    return [name, { dtype: dtype as string, shape, offset: bodyOffset + begin, length: end - begin }];
  });

  entries.sort(([, a], [, b]) => a.offset - b.offset || a.length - b.length);
  let covered = bodyOffset;
  for (const [name, { offset, length }] of entries) {
    if (offset < covered) throw invalid(`tensor ${name} overlaps the one before it`);
    if (offset > covered) throw invalid(`${offset - covered} bytes before tensor ${name} belong to no tensor`);
    covered += length;
  }
  if (covered !== bodyOffset + bodyLength) {
    throw invalid('bytes behind the last tensor', `${bodyOffset + bodyLength - covered} of them`);
  }
  return { entries: new Map(entries), metadata: metadata as Record<string, string> };
};
