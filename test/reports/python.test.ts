import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isBlank, jsonString, lstrip, rstrip, strip, universalNewlines } from '../../src/reports/python.js';
import { forEachCsvRecord } from '../../src/reports/python-csv.js';

/** What CPython 3.11 prints for `[c for c in range(0x110000) if chr(c).isspace()]`. */
const CPYTHON_BLANKS = [
  9, 10, 11, 12, 13, 28, 29, 30, 31, 32, 0x85, 0xa0, 0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006,
  0x2007, 0x2008, 0x2009, 0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000,
];

describe('blanks', () => {
  it("are exactly CPython's", () => {
    const blanks = Array.from({ length: 0x10000 }, (_, unit) => unit).filter(isBlank);
    expect(blanks).toEqual(CPYTHON_BLANKS);
  });

  it('are stripped where trim would not, and kept where it would', () => {
    expect(strip('\x1c\x85 a b \u3000\x1f')).toBe('a b');
    expect(strip('\ufeffa\ufeff')).toBe('\ufeffa\ufeff');
    expect([lstrip(' a '), rstrip(' a '), strip(' \n ')]).toEqual(['a ', ' a', '']);
  });
});

describe('jsonString', () => {
  it('reads back as the same text and is printable ASCII', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(JSON.parse(jsonString(text))).toBe(text);
        expect(jsonString(text)).toMatch(/^[ -~]*$/);
      }),
    );
  });

  it('spells what json.dumps of CPython spells', () => {
    expect(jsonString('a"\\/\b\f\n\r\t\x00\x1f\x7f\x80é\u2028\uffff😀')).toBe(
      '"a\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\\u007f\\u0080\\u00e9\\u2028\\uffff\\ud83d\\ude00"',
    );
  });
});

describe('universalNewlines', () => {
  it('makes every line end one', () => {
    expect(universalNewlines('a\r\nb\rc\nd\r\r\n')).toBe('a\nb\nc\nd\n\n');
  });
});

describe('forEachCsvRecord', () => {
  const read = (text: string) => {
    const records: { fields: string[]; line: number }[] = [];
    forEachCsvRecord(Buffer.from(text), ({ bytes, length, starts, ends, line }) => {
      const fields = Array.from({ length }, (_, place) =>
        Buffer.from(bytes.slice(starts[place], ends[place])).toString(),
      );
      records.push({ fields, line });
    });
    return records;
  };
  const records = (text: string) => read(text).map(({ fields }) => fields);

  // Each pair was printed by list(csv.reader(...)) of CPython 3.11.
  it.each<[string, string[][]]>([
    ['a,b\nc\n', [['a', 'b'], ['c']]],
    [
      'a,\n,',
      [
        ['a', ''],
        ['', ''],
      ],
    ],
    ['\na\n\n', [[], ['a'], []]],
    ['"a,b","c""d"', [['a,b', 'c"d']]],
    ['"a\nb",c\nd', [['a\nb', 'c'], ['d']]],
    ['a"b"c,"x"y"z"\n', [['a"b"c', 'xy"z"']]],
    ['"open,\nto the end', [['open,\nto the end']]],
    ['a,"', [['a', '']]],
    [' "a",b', [[' "a"', 'b']]],
    ['""\n', [['']]],
    ['"a""', [['a"']]],
  ])('reads %j as csv.reader does', (text, expected) => {
    expect(records(text)).toEqual(expected);
  });

  it('gives back what was quoted, with the line each record starts on', () => {
    const field = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', ' ') });
    fc.assert(
      fc.property(fc.array(fc.array(field, { minLength: 1 }), { minLength: 1 }), (rows) => {
        const lines = rows.map((row) => row.map((text) => `"${text.replaceAll('"', '""')}"`).join(','));
        const all = read(`${lines.join('\n')}\n`);
        expect(all.map(({ fields }) => fields)).toEqual(rows);
        const starts = lines.map(
          (_, place) => lines.slice(0, place).join('\n').split('\n').length + (place > 0 ? 1 : 0),
        );
        expect(all.map(({ line }) => line)).toEqual(starts);
      }),
    );
  });
});
