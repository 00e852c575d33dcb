import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../../src/ground/failure.js';
import { readDiagnosticReport, versionOf, withDraft } from '../../../src/reports/fhir/diagnostic-report.js';
import { protectNumbers, stringifyLossless } from '../../../src/reports/fhir/lossless-json.js';

/** Whatever JSON holds; the tests look into it freely. */
type Json = ReturnType<typeof JSON.parse>;

const folder = new URL('../../fixtures/fhir/', import.meta.url);
const files = readdirSync(folder).filter((name) => /^\d.*\.json$/.test(name));
const expected = JSON.parse(readFileSync(new URL('expected.json', folder), 'utf8'));
const textOf = (name: string): string => readFileSync(new URL(name, folder), 'utf8');

const draftOf = (name: string) => {
  const before = JSON.parse(protectNumbers(textOf(name)));
  const after = withDraft(before, {
    impression: 'Small effusion.',
    model: { name: 'm', fingerprint: 'f' },
    software: { name: 'Impressionist', version: '1' },
    draftId: '5d4d2b3e-1111-4111-8111-111111111111',
    recorded: new Date(0),
    version: versionOf(before),
  });
  return { before, after: after as Json };
};

describe.each(files)('%s', (name) => {
  const { findings, background, version } = expected[name.replace('.json', '')];

  it('says what is expected', () => {
    const resource = JSON.parse(textOf(name));
    expect(readDiagnosticReport(resource)).toMatchObject({ findings, background });
    expect(versionOf(resource)).toBe(version);
  });

  it('takes a draft: conclusion, Observation, label, Provenance, preliminary', () => {
    const { after } = draftOf(name);
    expect(after).toMatchObject({ status: 'preliminary', conclusion: 'Small effusion.' });
    const aiast = expect.objectContaining({ code: 'AIAST', system: expect.stringContaining('v3-ObservationValue') });
    expect(after.meta.security).toContainEqual(aiast);
    const impressions = after.contained.filter((each: Json) => each.code?.coding?.[0]?.code === '19005-8');
    expect(impressions.length).toBe(1);
    expect(impressions[0]).toMatchObject({
      status: 'preliminary',
      valueString: 'Small effusion.',
      meta: { security: [aiast] },
    });
    expect(after.result).toContainEqual({ reference: `#${impressions[0].id}` });
    const provenance = after.contained.find((each: Json) => each.resourceType === 'Provenance');
    const who = after.contained.find((each: Json) => `#${each.id}` === provenance.agent[0].who.reference);
    expect(who.resourceType).toBe('Device');
    // Every reference to something contained has it.
    const ids = new Set(after.contained.map((each: Json) => `#${each.id}`));
    for (const [, reference] of JSON.stringify(after).matchAll(/"reference":"(#[^"]+)"/g))
      expect(ids).toContain(reference);
  });

  it('is otherwise what was sent, numbers included, and can be drafted for again', () => {
    const { before, after } = draftOf(name);
    const { meta: _m, status: _s, conclusion: _c, contained, result, ...rest } = after;
    const {
      meta: _m0,
      status: _s0,
      conclusion: _c0,
      contained: contained0 = [],
      result: result0 = [],
      ...rest0
    } = before;
    expect(rest).toEqual(rest0);
    expect(result.slice(0, result0.length)).toEqual(result0);
    const kept = contained0.filter((each: Json) => each.code?.coding?.[0]?.code !== '19005-8');
    for (const each of kept) expect(contained).toContainEqual(each);
    const sent = stringifyLossless(after);
    for (const [number] of textOf(name).matchAll(/(?<=: )\d+\.\d+/g)) expect(sent).toContain(number);
    expect(readDiagnosticReport(JSON.parse(sent)).findings).toBe(findings);
  });
});

describe('any JSON', () => {
  it('keeps its numbers as they were written', () => {
    const text = '{"a":[1.50,-0.0,1e400,12345678901234567890,1,"2.50"],"b":"\\"1.50"}';
    expect(stringifyLossless(JSON.parse(protectNumbers(text)))).toBe(text);
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(stringifyLossless(JSON.parse(protectNumbers(text)))).toBe(text);
      }),
    );
  });
  it('is read or refused, never worse', () => {
    const resource = fc.record(
      {
        resourceType: fc.constant('DiagnosticReport'),
        contained: fc.jsonValue(),
        text: fc.jsonValue(),
        presentedForm: fc.jsonValue(),
        meta: fc.jsonValue(),
        result: fc.jsonValue(),
      },
      { requiredKeys: ['resourceType'] },
    );
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), resource), (value) => {
        try {
          readDiagnosticReport(value);
        } catch (error) {
          expect(error).toBeInstanceOf(Failure);
        }
      }),
    );
  });
});
