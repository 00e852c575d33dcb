import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { type ReadExamplesOptions, readExamples, repeatedStudyIds } from '../../src/reports/dataset.js';
import type { Example } from '../../src/reports/example.js';

const folder = mkdtempSync(join(tmpdir(), 'dataset-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const read = (name: string, content: string | Uint8Array, options?: ReadExamplesOptions): Promise<Example[]> =>
  readExamples(file(name, content), options);

const one: Example = { studyId: '1', subjectId: '2', findings: 'Clear.', impression: 'Normal.', background: 'Cough.' };
const asJson = (example: Example) => ({
  study_id: example.studyId,
  subject_id: example.subjectId,
  findings: example.findings,
  impression: example.impression,
  background: example.background,
});

describe('readExamples', () => {
  it('reads the same example from a JSON list, JSON Lines and CSV', async () => {
    expect(await read('a.json', JSON.stringify([asJson(one)]))).toEqual([one]);
    expect(await read('a.jsonl', `${JSON.stringify(asJson(one))}\n`)).toEqual([one]);
    expect(await read('a.ndjson', `\n${JSON.stringify(asJson(one))}\r\n\r\n`)).toEqual([one]);
    expect(
      await read('a.CSV', 'study_id,subject_id,findings,impression,background\n1,2,Clear.,Normal.,Cough.\n'),
    ).toEqual([one]);
  });

  it('keeps every text through JSON, JSON Lines and quoted CSV', async () => {
    const text = fc
      .string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', '°', '\u2028', '😀', '\\') })
      .map((s) => `x${s}`);
    const quoted = (s: string) => `"${s.replaceAll('"', '""')}"`;
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            studyId: fc.constant('7'),
            subjectId: fc.constant('8'),
            findings: text,
            impression: text,
            background: text,
          }),
          { minLength: 1, maxLength: 4 },
        ),
        async (examples) => {
          expect(await read('p.json', JSON.stringify(examples.map(asJson)))).toEqual(examples);
          expect(await read('p.jsonl', examples.map((e) => JSON.stringify(asJson(e))).join('\n'))).toEqual(examples);
          const rows = examples.map((e) => Object.values(asJson(e)).map(quoted).join(','));
          const header = Object.keys(asJson(one)).join(',');
          expect(await read('p.csv', `${[header, ...rows].join('\n')}\n`)).toEqual(examples);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('takes ids as numbers or strings, ignores other fields, and leaves out what is optional', async () => {
    const examples = await read('n.json', '[{"study_id": 58832226, "findings": "F.", "impression": "I.", "age": [1]}]');
    expect(examples).toEqual([
      { studyId: '58832226', subjectId: '', findings: 'F.', impression: 'I.', background: '' },
    ]);
  });

  it('drops a byte-order mark', async () => {
    expect(await read('bom.csv', '\ufeffstudy_id,findings,impression\n1,F,I\n')).toHaveLength(1);
    expect(await read('bom.json', `\ufeff${JSON.stringify([asJson(one)])}`)).toEqual([one]);
  });

  it('reads examples without an impression only where that is allowed', async () => {
    const bare = '{"study_id": "1", "findings": "F."}\n';
    expect((await read('bare.jsonl', bare, { impressions: 'optional' }))[0].impression).toBe('');
    await expect(read('bare.jsonl', bare)).rejects.toThrow(/an example without impression, .*bare\.jsonl line 1/);
    expect((await read('bare.csv', 'study_id,findings\n1,F.\n', { impressions: 'optional' }))[0].impression).toBe('');
    await expect(read('bare.csv', 'study_id,findings\n1,F.\n')).rejects.toThrow(/no column impression, .*line 1/);
  });

  const faults: [string, string, string | Uint8Array, RegExp][] = [
    ['an unknown extension', 'a.txt', 'x', /cannot tell the format.*got the extension \.txt.*\.jsonl/],
    ['no extension', 'plain', 'x', /got no extension/],
    ['an empty file', 'empty.json', '', /the file is empty, .*empty\.json/],
    ['an empty list', 'none.json', '[]', /holds no records/],
    ['a lone header', 'none.csv', 'study_id,findings,impression\n', /holds no records/],
    ['an object instead of a list', 'o.json', '{"study_id": 1}', /not a JSON list, .*o\.json, got an object/],
    ['JSON cut short', 't.json', '[{"study_id": "1"}, {"study', /line 1 \(record 2\), got an end of text too early/],
    ['a JSON syntax error', 's.json', '[\n{},\n{"a": secret}]', /line 3 \(record 2\), got a syntax error in column 7/],
    ['a bad JSON line', 's.jsonl', '{}\n{"a" 1}\n', /not valid JSON, .*line 2, got a syntax error in column 6/],
    ['a record that is no object', 'r.json', '[[]]', /record 1, got a list/],
    ['a missing id', 'id.json', '[{"findings": "secret", "impression": "i"}]', /without study_id, .*record 1/],
    ['a blank id', 'id2.csv', 'study_id,findings,impression\n1,F,I\n ,secret,I\n', /without study_id, .*line 3/],
    [
      'an id that JSON rounds',
      'id3.json',
      '[{"study_id": 12345678901234567890, "findings": "secret"}]',
      /not an id, .*strings/,
    ],
    [
      'findings that are not text',
      'f.json',
      '[{"study_id": 1, "findings": 5, "impression": "i"}]',
      /findings is not text.*got a number/,
    ],
    [
      'blank findings',
      'f2.json',
      '[{"study_id": 1, "findings": " ", "impression": "i"}]',
      /without findings.*got an empty one/,
    ],
    ['a missing column', 'c.csv', 'study_id,text\n1,secret\n', /no column findings, .*line 1/],
    [
      'a column twice',
      'c2.csv',
      'study_id,findings,findings,impression\n1,a,b,c\n',
      /the column findings stands twice/,
    ],
    [
      'a row too long',
      'c3.csv',
      'study_id,findings,impression\n1,"a\nb",c\n2,"a\nb",secret,d\n',
      /wrong number of fields, .*line 4, got 4 instead of 3/,
    ],
    [
      'an open quote',
      'c4.csv',
      'study_id,findings,impression\n1,"secret',
      /not valid CSV, .*got a quote that is never closed/,
    ],
    [
      'bytes that are not UTF-8',
      'u.jsonl',
      Buffer.from([0x7b, 0x7d, 0x0a, 0x22, 0xe4, 0x22]),
      /not valid UTF-8, .*line 2/,
    ],
  ];
  it.each(faults)('names the place of %s and never quotes the text', async (_, name, content, message) => {
    const error = await read(name, content).then(
      () => undefined,
      (caught: unknown) => caught,
    );
    expect(error).toMatchObject({ name: 'Failure' });
    expect(String(error)).toMatch(message);
    expect(String(error)).not.toContain('secret');
    expect(String((error as Error).cause ?? '')).not.toContain('secret');
  });

  it('says when there is no such file', async () => {
    await expect(readExamples(join(folder, 'absent.json'))).rejects.toThrow(/no such file, .*absent\.json/);
  });
});

describe('repeatedStudyIds', () => {
  it('names each repeated study once', () => {
    expect(repeatedStudyIds(['a', 'b', 'a', 'c', 'a', 'b'].map((studyId) => ({ studyId })))).toEqual(['a', 'b']);
  });
});
