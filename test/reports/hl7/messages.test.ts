import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../../src/ground/failure.js';
import { acknowledge } from '../../../src/reports/hl7/acknowledgement.js';
import {
  fieldOf,
  nameOf,
  parseMessage,
  readText,
  serialiseMessage,
  writeText,
} from '../../../src/reports/hl7/message.js';
import { reportsOf, withImpression } from '../../../src/reports/hl7/report.js';

const folder = new URL('../../fixtures/hl7/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.hl7'));
const expected = JSON.parse(readFileSync(new URL('expected.json', folder), 'utf8'));
const bytesOf = (name: string): Buffer => readFileSync(new URL(name, folder));
/** Has every delimiter, a line end and letters beyond ASCII. */
const IMPRESSION = 'Effusion | 4 ^ 5 & 6 ~ 7 \\ # * % ! @.\nStable größe.';
const NOTE = 'Drafted by a program. Not reviewed.';

describe.each(files)('%s', (name) => {
  it('gives its bytes again', () => {
    expect(serialiseMessage(parseMessage(bytesOf(name))).equals(bytesOf(name))).toBe(true);
  });

  it('says what is expected', () => {
    const reports = reportsOf(parseMessage(bytesOf(name)));
    expect(reports.map(({ findings, background, impression }) => ({ findings, background, impression }))).toEqual(
      expected[name.replace('.hl7', '')].reports,
    );
  });

  it('takes an impression, marked as preliminary and a draft, and is otherwise byte for byte the same', () => {
    const before = parseMessage(bytesOf(name));
    const drafted = [...reportsOf(before)]
      .reverse()
      .reduce((message, report) => withImpression(message, report, IMPRESSION, NOTE), before);
    const after = parseMessage(serialiseMessage(drafted));
    const { delimiters } = after;
    const count = reportsOf(before).length;

    const own = after.segments.filter(
      (segment) =>
        nameOf(segment, delimiters) === 'OBX' && readText(fieldOf(segment, 5, delimiters), after) === IMPRESSION,
    );
    expect(own.length).toBe(count);
    for (const segment of own) {
      expect(fieldOf(segment, 11, delimiters)).toBe('P');
      expect(fieldOf(segment, 3, delimiters)).toMatch(/IMP|19005-8/i);
      const next = after.segments[after.segments.indexOf(segment) + 1];
      expect(readText(fieldOf(next, 3, delimiters), after)).toBe(NOTE);
    }
    // Without the impression's segments on both sides, every byte is where it was.
    const notes = after.segments.filter((_, index) => own.includes(after.segments[index - 1]));
    const rest = after.segments.filter((segment) => !own.includes(segment) && !notes.includes(segment));
    const isImpression = (text: string): boolean => /^OBX.*([&@]IMP|19005-8|\^IMPRESSION)/.test(text);
    expect(rest.map(({ text }) => text)).toEqual(
      before.segments.map(({ text }) => text).filter((text) => !isImpression(text)),
    );
    expect(after.segments.at(-1)!.end).toBe(before.segments.at(-1)!.end);
    expect(reportsOf(after).map(({ findings }) => findings)).toEqual(reportsOf(before).map(({ findings }) => findings));
  });

  it('is acknowledged to its sender, with its control id', () => {
    const message = parseMessage(bytesOf(name));
    const ack = parseMessage(acknowledge(message, 'AE', 'X1', { code: 101, text: 'a | b' }));
    const field = (of: typeof message, number: number): string => fieldOf(of.segments[0], number, of.delimiters);
    expect([field(ack, 5), field(ack, 6), field(ack, 3)]).toEqual([
      field(message, 3),
      field(message, 4),
      field(message, 5),
    ]);
    expect(fieldOf(ack.segments[1], 1, ack.delimiters)).toBe('AE');
    expect(fieldOf(ack.segments[1], 2, ack.delimiters)).toBe(field(message, 10));
    expect(readText(fieldOf(ack.segments[1], 3, ack.delimiters), ack)).toBe('a | b');
  });
});

describe('any text', () => {
  const message = parseMessage(Buffer.from('MSH|^~\\&|A|B|C|D|2026||ORU^R01|1|P|2.5.1||||||UNICODE UTF-8\r'));
  it('that is written can be read', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const clean = [...text].filter((char) => char >= ' ' || char === '\n').join('');
        expect(readText(writeText(clean, message), message)).toBe(clean);
      }),
    );
  });
  it('or bytes are read or refused, never worse', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, headed) => {
        const whole = headed ? Buffer.concat([Buffer.from('MSH|^~\\&|A|B\rOBR|1\rOBX|1|TX|&GDT||'), bytes]) : bytes;
        try {
          const read = parseMessage(whole);
          expect(serialiseMessage(read).equals(Buffer.from(whole))).toBe(true);
          reportsOf(read);
        } catch (error) {
          expect(error).toBeInstanceOf(Failure);
        }
      }),
    );
  });
});
