/**
 * @file Character sets of HL7 v2 (MSH-18, table 0211). A message is handled as bytes (a string of one unit a byte), so
 * that all that is not touched stays as it was; only texts are decoded. Sets whose characters may contain the bytes of
 * delimiters cannot be handled that way and are refused.
 */
import { Failure } from '../../ground/failure.js';

/** Decodes texts and encodes them again. */
export interface CharacterSet {
  /** @param bytes One unit a byte. */
  decode(bytes: string): string;
  /** Characters that the set lacks are written in plain letters where there is a usual way, else as `?`. */
  encode(text: string): string;
}

/** Table 0211's names that are one byte a character, and their labels for `TextDecoder`. */
const SINGLE_BYTE: Readonly<Record<string, string>> = {
  ASCII: 'windows-1252',
  '8859/1': 'windows-1252',
  '8859/2': 'iso-8859-2',
  '8859/3': 'iso-8859-3',
  '8859/4': 'iso-8859-4',
  '8859/5': 'iso-8859-5',
  '8859/6': 'iso-8859-6',
  '8859/7': 'iso-8859-7',
  '8859/8': 'iso-8859-8',
  '8859/9': 'windows-1254',
  '8859/10': 'iso-8859-10',
  '8859/13': 'iso-8859-13',
  '8859/14': 'iso-8859-14',
  '8859/15': 'iso-8859-15',
  '8859/16': 'iso-8859-16',
};

const PLAIN: Readonly<Record<string, string>> = {
  '≥': '>=',
  '≤': '<=',
  '≈': '~',
  '–': '-',
  '—': '-',
  '−': '-',
  '‘': "'",
  '’': "'",
  '“': '"',
  '”': '"',
  '…': '...',
  '→': '->',
  '←': '<-',
  '•': '-',
  '×': 'x',
  '·': '.',
  '±': '+/-',
  '°': ' deg',
  µ: 'u',
  μ: 'u',
  '\u00a0': ' ',
};

const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'latin1');

const utf8: CharacterSet = {
  decode: (bytes) => new TextDecoder('utf-8').decode(bytesOf(bytes)),
  encode: (text) => Buffer.from(text, 'utf8').toString('latin1'),
};

const singleByte = (label: string): CharacterSet => {
  const decoder = new TextDecoder(label);
  const table = new Map<string, number>();
  for (let byte = 255; byte >= 0; byte--) table.set(decoder.decode(Uint8Array.of(byte)), byte);
  table.delete('\ufffd');
  const encodeOne = (char: string): string => {
    const byte = table.get(char);
    if (byte !== undefined) return String.fromCharCode(byte);
    const plain = PLAIN[char] ?? char.normalize('NFD').replace(/\p{M}/gu, '');
    return [...plain].every((each) => table.has(each)) ? plain : '?';
  };
  return {
    decode: (bytes) => decoder.decode(bytesOf(bytes)),
    encode: (text) => [...text].map(encodeOne).join(''),
  };
};

const isUtf8 = (bytes: string): boolean => {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytesOf(bytes));
    return true;
  } catch {
    return false;
  }
};

/**
 * The set of a message.
 *
 * @param name The first repetition of MSH-18; empty where the sender says nothing, then UTF-8 if the bytes are that,
 *   else Latin-1.
 * @param message The whole message, one unit a byte.
 * @throws {Failure} When the set is not known or not handled.
 */
export const characterSetOf = (name: string, message: string): CharacterSet => {
  const set = name.trim().toUpperCase();
  if (set === 'UNICODE UTF-8' || set === 'UTF-8' || set === 'UTF8') return utf8;
  if (set === '' || set === 'ASCII') return isUtf8(message) ? utf8 : singleByte('windows-1252');
  const label = SINGLE_BYTE[set.replace(/^ISO[ -]?8859[-/]?/, '8859/')];
  if (label !== undefined) return singleByte(label);
  throw new Failure({
    what: 'the character set is not supported',
    where: 'MSH-18',
    fix: 'send UNICODE UTF-8 or 8859/1',
  });
};
