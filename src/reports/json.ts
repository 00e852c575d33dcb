/**
 * @file JSON whose errors name a place and never quote the text. V8's own messages cite the input around the error,
 * which here is a patient's report, and often give no position; so on an error the text is walked once more by
 * the grammar of RFC 8259 to find the line, the column and the record of a list.
 */
import { Failure, type FailureParts } from '../ground/failure.js';

/** Where JSON text stops being valid. */
export interface JsonFault {
  /** Line, from 1. */
  readonly line: number;
  /** Column in UTF-16 units, from 1. */
  readonly column: number;
  /** Which element of the outermost list, from 1; undefined outside of one. */
  readonly record?: number;
  /** Whether the text just ends too early. */
  readonly truncated: boolean;
}

/** What {@link parseJson} found: a value, or the place of the first fault. */
export type JsonResult = { readonly value: unknown } | { readonly fault: JsonFault };

/**
 * Parses JSON without ever putting the text into an error.
 *
 * @param text JSON text.
 * @example parseJson('[1,') // { fault: { line: 1, column: 4, record: 2, truncated: true } }
 */
export const parseJson = (text: string): JsonResult => {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return { fault: locateFault(text) };
  }
};

const SPACE = /[ \t\n\r]*/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.+-])|(?:true|false|null)(?!\w)/y;
/** A run of ordinary characters or one escape; strings are walked piecewise, so that a long one can't exhaust the stack. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 8259 excludes exactly these from strings
const STRING_PIECE = /[^"\\\u0000-\u001f]+|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/** What the grammar allows next. */
type Expecting = 'value' | 'value or ]' | 'name' | 'name or }' | ':' | 'more' | 'end';

const locateFault = (text: string): JsonFault => {
  const open: string[] = [];
  let elements = 0;
  let at = 0;
  let expecting: Expecting = 'value';
  const skip = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const found = pattern.test(text);
    if (found) at = pattern.lastIndex;
    return found;
  };
  const string = (): boolean => {
    at++;
    while (skip(STRING_PIECE));
    if (text[at] !== '"') return false;
    at++;
    return true;
  };
  const closed = (): Expecting => {
    open.pop();
    return open.length === 0 ? 'end' : 'more';
  };
  for (;;) {
    skip(SPACE);
    const next = text[at];
    if (next === undefined) break;
    if (expecting === 'value' || expecting === 'value or ]') {
      if (next === ']' && expecting === 'value or ]') {
        at++;
        expecting = closed();
      } else if (next === '{' || next === '[') {
        at++;
        open.push(next);
        expecting = next === '{' ? 'name or }' : 'value or ]';
      } else if (next === '"' ? string() : skip(SCALAR)) {
        expecting = open.length === 0 ? 'end' : 'more';
      } else break;
    } else if (expecting === 'name' || expecting === 'name or }') {
      if (next === '}' && expecting === 'name or }') {
        at++;
        expecting = closed();
      } else if (next === '"' && string()) expecting = ':';
      else break;
    } else if (expecting === ':' && next === ':') {
      at++;
      expecting = 'value';
    } else if (expecting === 'more' && next === ',') {
      at++;
      if (open.length === 1) elements++;
      expecting = open.at(-1) === '{' ? 'name' : 'value';
    } else if (expecting === 'more' && next === (open.at(-1) === '{' ? '}' : ']')) {
      at++;
      expecting = closed();
    } else break;
  }
  const before = text.slice(0, at);
  const lineStart = before.lastIndexOf('\n') + 1;
  return {
    line: before.split('\n').length,
    column: at - lineStart + 1,
    record: open[0] === '[' ? elements + 1 : undefined,
    truncated: at >= text.length,
  };
};

/** A fault as a {@link Failure} tells it, e.g. `a syntax error in column 7`. */
export const describeFault = (fault: JsonFault): string =>
  fault.truncated ? 'an end of text too early' : `a syntax error in column ${fault.column}`;

/** The kind of a JSON value, for messages that must not quote it; undefined stands for a field that is not there. */
export const kindOf = (value: unknown): string => {
  if (value === undefined) return 'no such field';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return `a ${typeof value}`;
};

/** Whether a JSON value is an object with named fields. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Parses JSON that must be an object.
 *
 * @param failure What is said, where, and what to do when it is something else.
 * @throws {Failure} When it is not valid JSON, or no object.
 */
export const parseJsonObject = (text: string, failure: FailureParts): Readonly<Record<string, unknown>> => {
  const parsed = parseJson(text);
  if ('fault' in parsed) {
    throw new Failure({
      ...failure,
      what: 'not valid JSON',
      where: `${failure.where} line ${parsed.fault.line}`,
      got: describeFault(parsed.fault),
    });
  }
  if (!isObject(parsed.value)) throw new Failure({ ...failure, got: kindOf(parsed.value) });
  return parsed.value;
};
