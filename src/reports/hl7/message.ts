/**
 * @file An HL7 v2 message in its pipe notation (HL7 v2.5.1, chapter 2.5–2.7), read without losing a byte: segments keep
 * their own text and line end. Fields, components and subcomponents are numbered from 1, as the standard does.
 */
import { Failure } from '../../ground/failure.js';
import { type CharacterSet, characterSetOf } from './character-set.js';

/** The five delimiters of MSH-1 and MSH-2. */
export interface Delimiters {
  readonly field: string;
  readonly component: string;
  readonly repetition: string;
  readonly escaping: string;
  readonly subcomponent: string;
}

/** A segment as it was sent. */
export interface Segment {
  /** Without its line end; one unit a byte. */
  readonly text: string;
  /** `\r`, or what the sender used; empty at the end. */
  readonly end: string;
}

/** A message. */
export interface Hl7Message {
  readonly segments: readonly Segment[];
  readonly delimiters: Delimiters;
  readonly characters: CharacterSet;
}

/** Most segments of a message; beyond is no report. */
const SEGMENTS_MAX = 5000;

/**
 * Reads a message.
 *
 * @param bytes The message without its MLLP frame.
 * @throws {Failure} When it does not begin with a usable MSH segment, or its character set is not supported.
 * @example parseMessage(Buffer.from('MSH|^~\\&|RIS|…\rOBR|1|…\r'))
 */
export const parseMessage = (bytes: Uint8Array): Hl7Message => {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  if (!/^MSH[^A-Za-z0-9\s]{5}/.test(text) || new Set(text.slice(3, 8)).size < 5) {
    throw new Failure({
      what: 'not an HL7 v2 message',
      where: 'MSH',
      got: 'no MSH segment with its five delimiters',
      fix: 'begin with MSH|^~\\&|',
    });
  }
  const [field, component, repetition, escaping, subcomponent] = text.slice(3, 8);
  const segments: Segment[] = [];
  for (const [whole, segment, end] of text.matchAll(/([^\r\n]*)(\r\n|\r|\n|$)/g)) {
    if (whole === '') continue;
    segments.push({ text: segment, end });
    if (segments.length > SEGMENTS_MAX) {
      const got = `more than ${SEGMENTS_MAX}`;
      throw new Failure({ what: 'the message has too many segments', got, fix: 'send one report a message' });
    }
  }
  const delimiters = { field, component, repetition, escaping, subcomponent };
  const set = segments[0].text.split(field)[17]?.split(repetition)[0] ?? '';
  return { segments, delimiters, characters: characterSetOf(set, text) };
};

/** The message's bytes again; those of an unchanged message are the ones that were read. */
export const serialiseMessage = ({ segments }: Hl7Message): Buffer =>
  Buffer.from(segments.map(({ text, end }) => text + end).join(''), 'latin1');

/** A segment's name, e.g. `OBX`. */
export const nameOf = ({ text }: Segment, { field }: Delimiters): string => text.split(field, 1)[0];

/**
 * A field as it stands, still escaped; empty when absent.
 *
 * @param number From 1. In MSH, field 1 is the delimiter itself.
 */
export const fieldOf = (segment: Segment, number: number, { field }: Delimiters): string => {
  const fields = segment.text.split(field);
  if (fields[0] === 'MSH') return number === 1 ? field : (fields[number - 1] ?? '');
  return fields[number] ?? '';
};

/** A component of a field's first repetition, from 1; empty when absent. */
export const componentOf = (value: string, number: number, { component, repetition }: Delimiters): string =>
  value.split(repetition, 1)[0].split(component)[number - 1] ?? '';

/** The segment with a field set; missing fields before it are added empty. */
export const withField = (segment: Segment, number: number, value: string, { field }: Delimiters): Segment => {
  const fields = segment.text.split(field);
  while (fields.length <= number) fields.push('');
  fields[number] = value;
  return { ...segment, text: fields.join(field) };
};

/**
 * A text as people read it: escapes resolved (chapter 2.7), repetitions and line breaks as line ends.
 *
 * @param value A field as it stands.
 */
export const readText = (value: string, { delimiters, characters }: Hl7Message): string => {
  const { escaping, repetition } = delimiters;
  const named: Readonly<Record<string, string>> = {
    F: delimiters.field,
    S: delimiters.component,
    T: delimiters.subcomponent,
    R: repetition,
    E: escaping,
    '.br': '\n',
    '.sp': '\n',
    '.ce': '\n',
    '.fi': '',
    '.nf': '',
    H: '',
    N: '',
  };
  const unescaped = value
    .split(repetition)
    .join('\n')
    .split(escaping)
    .map((piece, index, pieces) => {
      if (index % 2 === 0) return piece;
      // An escape character that is not closed stands for itself.
      if (index === pieces.length - 1) return escaping + piece;
      if (named[piece] !== undefined) return named[piece];
      if (/^X([0-9A-F]{2})+$/i.test(piece)) return Buffer.from(piece.slice(1), 'hex').toString('latin1');
      if (/^\.(sp|in|ti|sk)[+-]?\d*$/.test(piece)) return piece.startsWith('.sp') ? '\n' : ' ';
      if (/^[CMZ]/.test(piece)) return '';
      return escaping + piece + escaping;
    })
    .join('');
  return characters.decode(unescaped).replace(/\r\n?/g, '\n');
};

/** Characters that end segments or frames, and others that no field carries. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these are meant
const CONTROL = /[\x00-\x08\x0b-\x1f]/g;

/** A text as a field carries it. Line ends become `\.br\`. */
export const writeText = (text: string, { delimiters, characters }: Hl7Message): string => {
  const { field, component, subcomponent, repetition, escaping } = delimiters;
  const codes = new Map([
    [field, 'F'],
    [component, 'S'],
    [subcomponent, 'T'],
    [repetition, 'R'],
    [escaping, 'E'],
    ['\n', '.br'],
  ]);
  return [...characters.encode(text.replace(/\r\n?/g, '\n'))]
    .map((char) => (codes.has(char) ? `${escaping}${codes.get(char)}${escaping}` : char))
    .join('')
    .replace(CONTROL, ' ');
};
