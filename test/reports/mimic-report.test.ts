import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sectionName } from '../../src/reports/headers.js';
import { parseReport } from '../../src/reports/mimic-report.js';

/** The official script's rules, said with regular expressions as they are written there. */
const BLANK = '[\\t-\\r\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const pattern = (source: string, flags = 'g') => new RegExp(source.replaceAll('\\s', BLANK), flags);
const left = (text: string) => text.replace(pattern('^\\s+'), '');
const right = (text: string) => text.replace(pattern('\\s+$'), '');
const collapse = (text: string) => text.replace(pattern('\\s\\s+'), ' ');

const byTheBook = (text: string): ReturnType<typeof parseReport> => {
  const header = pattern('\\n ([A-Z ()/,-]+):\\s');
  const from = (at: number) => {
    header.lastIndex = at;
    return header.exec(text);
  };
  const sections: { name: string; start: number; text: string }[] = [];
  let match = from(0);
  while (match !== null) {
    const start = match.index + match[0].length;
    const name = sectionName(match[1]);
    const newline = text.indexOf('\n', start);
    match = from(newline === -1 ? start : newline);
    sections.push({ name, start, text: text.slice(start, match?.index) });
  }
  const first = (name: string) => sections.find((s) => s.name === name && left(s.text) !== '');
  const findings = first('findings');
  const impression = first('impression');
  if (findings === undefined) return { lacks: 'findings' };
  if (impression === undefined) return { lacks: 'impression' };
  const plain = (s: string) => right(left(s)).replaceAll('\n', '');
  let background = right(left(text.slice(0, findings.start)));
  if (background.startsWith('FINAL REPORT')) background = left(background.slice(12));
  if (background.endsWith(':')) background = right(background.slice(0, background.lastIndexOf(' ')));
  return {
    findings: collapse(plain(findings.text)),
    impression: collapse(
      plain(impression.text).replace(pattern('^[0-9]\\.\\s+', ''), '').replace(pattern('\\s[0-9]\\.\\s+'), ' '),
    ),
    background: right(left(collapse(background))).replaceAll('\n', ''),
  };
};

describe('parseReport', () => {
  it('takes findings, impression and background out of a report', () => {
    const report = `${' '.repeat(33)}FINAL REPORT
 INDICATION:  ___F with cough.
 
 FINDINGS: 
 
 The lungs are
 clear.  No effusion.
 
 IMPRESSION: 
 
 1.  No acute process. 2. Stable
 nodule.
`;
    expect(parseReport(report)).toEqual({
      findings: 'The lungs are clear. No effusion.',
      impression: 'No acute process. Stable nodule.',
      background: 'INDICATION: ___F with cough.',
    });
  });

  it('does as the official rules say, whatever the text', () => {
    const piece = fc.constantFrom(
      ...[
        '\n FINDINGS:',
        '\n IMPRESSION:',
        '\n CHEST (PA):',
        '\n CONCLUSION',
        '\n X:',
        'FINAL REPORT',
        '\n',
        '\n ',
        ' ',
      ],
      ...['  ', '\r', '\x1c', '\x85', '\xa0', '\u2028', '\ufeff', ':', '1.', ' 2. ', '7.\n ', 'a', 'İ', '😀', '"', '.'],
    );
    const soup = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
    const report = fc
      .tuple(soup, soup, soup, soup)
      .map(([a, b, c, d]) => `${a}\n FINDINGS: ${b}${c}\n IMPRESSION: ${d}`);
    fc.assert(
      fc.property(fc.oneof(report, soup), (text) => {
        expect(parseReport(text)).toEqual(byTheBook(text));
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    [
      'takes the first of several that is not empty',
      '\n FINDINGS: \n \n FINDINGS: A\n FINDINGS: B\n IMPRESSION: C',
      'A',
    ],
    ['takes findings behind the impression', '\n IMPRESSION: C\n FINDINGS: A', 'A'],
    ['looks for no second header on a line', '\n FINDINGS: A IMPRESSION: B\n IMPRESSION: C', 'A IMPRESSION: B'],
    ['needs a blank behind the colon', '\n FINDINGS: A\n IMPRESSION:B\n CONCLUSION: C', 'A IMPRESSION:B'],
    ['counts U+001C as a blank and U+FEFF not', '\n FINDINGS:\x1c\ufeffA\x1d\x1eB\n IMPRESSION: C', '\ufeffA B'],
    ['takes no lower-case header', '\n Findings: x\n FINDINGS: A\n IMPRESSION: C', 'A'],
  ])('%s', (_, text, findings) => {
    expect(parseReport(text)).toMatchObject({ findings });
  });

  it.each([
    ['no headers at all', 'Lungs clear.', 'findings'],
    ['blank findings', '\n FINDINGS: \n IMPRESSION: A', 'findings'],
    ['no impression', '\n FINDINGS: A', 'impression'],
    ['', '', 'findings'],
  ])('tells what a report with %s lacks', (_, text, lacks) => {
    expect(parseReport(text)).toEqual({ lacks });
  });
});

describe('sectionName', () => {
  it.each([
    ['FINDINGS', 'findings'],
    ['FINDNGS', 'findings'],
    ['  CHEST, TWO VIEWS ', 'findings'],
    ['FINDINGS AND IMPRESSION', 'impression'],
    ['IMPRESSION AND FINDINGS', 'impression'],
    ['NDICATION', 'impression'],
    ['SUMMARY OF FINDINGS', 'findings'],
    ['CLINICAL HISTORY OF CHEST PAIN', 'history'],
    ['SUPINE PORTABLE FILM', 'findings'],
    ['CONSTRUCTOR', 'constructor'],
    ['TOSTRING', 'tostring'],
    ['NOTE', 'note'],
  ])('takes %j for %j', (header, name) => {
    expect(sectionName(header)).toBe(name);
  });
});
