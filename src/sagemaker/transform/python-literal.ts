/**
 * @file Python literals: the script container of version 1 writes a dictionary's `repr` a line in batch transform,
 * single quotes and all. This reads such literals (dictionaries, lists, tuples, strings, numbers, True, False, None)
 * and nothing else; it runs nothing.
 *
 * Source: The Python language reference, "Literals"; AWS's notebook reads them with `ast.literal_eval`.
 */

/** Thrown for what is no literal; holds a place, never the text. */
export class LiteralError extends Error {
  constructor(at: number) {
    super(`no Python literal at letter ${at + 1}`);
    this.name = 'LiteralError';
  }
}

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  v: '\v',
  a: '\x07',
  '0': '\0',
  '\\': '\\',
  "'": "'",
  '"': '"',
};
const words: Readonly<Record<string, unknown>> = { True: true, False: false, None: null };

/** Nested deeper than this is no answer of a model. */
const deepest = 64;

/**
 * Reads one Python literal that fills the whole text.
 *
 * @param text E.g. `{'id': 1, 'generated_texts': ['No acute process.']}`.
 * @returns Dictionaries as objects, lists and tuples as arrays.
 * @throws {LiteralError} For anything else.
 * @example parsePythonLiteral("{'a': [1, None]}") // { a: [1, null] }
 */
export const parsePythonLiteral = (text: string): unknown => {
  let at = 0;
  const fail = (): never => {
    throw new LiteralError(at);
  };
  const skip = (): void => {
    while (/\s/.test(text[at] ?? '')) at++;
  };
  const take = (letter: string): boolean => {
    skip();
    if (text[at] !== letter) return false;
    at++;
    return true;
  };

  const string = (): string => {
    const quote = text[at++]!;
    let value = '';
    for (;;) {
      const letter = text[at++];
      if (letter === undefined || letter === '\n') return fail();
      if (letter === quote) return value;
      if (letter !== '\\') {
        value += letter;
        continue;
      }
      const kind = text[at++] ?? '';
      const digits = { x: 2, u: 4, U: 8 }[kind];
      if (digits === undefined) {
        value += escapes[kind] ?? `\\${kind}`;
        continue;
      }
      const hex = text.slice(at, at + digits);
      const code = Number.parseInt(hex, 16);
      if (!/^[0-9a-fA-F]+$/.test(hex) || hex.length < digits || code > 0x10ffff) return fail();
      at += digits;
      value += String.fromCodePoint(code);
    }
  };

  const items = (close: string, depth: number): unknown[] => {
    const list: unknown[] = [];
    while (!take(close)) {
      list.push(value(depth));
      if (!take(',')) {
        if (!take(close)) return fail();
        break;
      }
    }
    return list;
  };

  const dictionary = (depth: number): Record<string, unknown> => {
    const entries: [string, unknown][] = [];
    while (!take('}')) {
      const key = value(depth);
      if (!take(':') || (typeof key !== 'string' && typeof key !== 'number')) return fail();
      entries.push([String(key), value(depth)]);
      if (!take(',')) {
        if (!take('}')) return fail();
        break;
      }
    }
    return Object.fromEntries(entries);
  };

  const value = (depth: number): unknown => {
    if (depth > deepest) return fail();
    skip();
    const letter = text[at];
    if (letter === "'" || letter === '"') return string();
    if (take('{')) return dictionary(depth + 1);
    if (take('[')) return items(']', depth + 1);
    if (take('(')) return items(')', depth + 1);
    const [token] = /^[A-Za-z]+|^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/.exec(text.slice(at, at + 64)) ?? [];
    if (token === undefined) return fail();
    if (/^[A-Za-z]/.test(token)) {
      if (!(token in words)) return fail();
      at += token.length;
      return words[token];
    }
    at += token.length;
    return Number(token);
  };

  const result = value(0);
  skip();
  if (at !== text.length) fail();
  return result;
};
