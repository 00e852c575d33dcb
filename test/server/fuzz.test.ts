import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { fakeApp } from './fake-context.js';

const { app, events } = fakeApp();
afterAll(() => app.close());

/** Inputs in all; a third of them for each kind. */
const INPUTS = 10_000;

const fixtures = (folder: string, pattern: RegExp): Buffer[] => {
  const url = new URL(`../fixtures/${folder}/`, import.meta.url);
  return readdirSync(url)
    .filter((name) => pattern.test(name))
    .map((name) => readFileSync(new URL(name, url)));
};

/** A good input with a few bytes changed, cut out, doubled or put in. */
const mutated = (seeds: readonly Buffer[]): fc.Arbitrary<Buffer> =>
  fc
    .tuple(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 3 }), fc.nat(255), fc.nat(40)), {
        minLength: 1,
        maxLength: 6,
      }),
    )
    .map(([seed, changes]) =>
      changes.reduce((bytes, [where, kind, byte, length]) => {
        const at = bytes.length === 0 ? 0 : where % bytes.length;
        const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
        const middle = [Buffer.of(byte), Buffer.alloc(0), after.subarray(0, length), Buffer.of(byte, 0x7c, 0x22)][kind];
        return Buffer.concat([before, middle, after.subarray(kind === 1 ? length : kind === 0 ? 1 : 0)]);
      }, seed as Buffer),
    );

const JSON_SEEDS = [
  { findings: 'Clear.', background: 'Cough.', alternatives: 2, max_new_tokens: 8 },
  { reports: [{ findings: 'Clear.' }, { findings: 'Small effusion.' }], stream: true },
  { inputs: 'a', parameters: { max_new_tokens: 4, temperature: 0.5 } },
  { text_inputs: ['a'], num_beams: 2 },
  { model: 'm', prompt: ['a', 'b'], max_tokens: 3 },
  { text: 'FINDINGS: a' },
  { findings: 'left effusion', impression: 'right effusion' },
  { draft_id: '5d4d2b3e-1111-4111-8111-111111111111', action: 'accept', text: 'a' },
].map((seed) => Buffer.from(JSON.stringify(seed)));
const PATHS = ['/v1/impressions', '/v1/check', '/v1/parse', '/v1/feedback', '/v1/completions', '/invocations'];

const send = async (url: string, type: string, payload: Buffer): Promise<number> => {
  const { statusCode } = await app.inject({
    method: 'POST',
    url,
    payload,
    headers: { 'content-type': type, host: 'localhost' },
  });
  return statusCode;
};
const fine = (status: number): boolean => status < 500 || status === 503;

describe('malformed input', () => {
  const third = Math.ceil(INPUTS / 3);
  it('as JSON gives no 5xx', async () => {
    const input = fc.oneof(
      mutated(JSON_SEEDS),
      fc.json().map((text) => Buffer.from(text)),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...PATHS), input, async (path, bytes) =>
        fine(await send(path, 'application/json', bytes)),
      ),
      { numRuns: third },
    );
    expect(events).toEqual([{ event: 'no_page', fields: expect.anything() }]);
  }, 60_000);

  it('as HL7 gives no 5xx', async () => {
    await fc.assert(
      fc.asyncProperty(mutated(fixtures('hl7', /\.hl7$/)), async (bytes) =>
        fine(await send('/hl7', 'application/hl7-v2', bytes)),
      ),
      { numRuns: third },
    );
    expect(events.length).toBe(1);
  }, 60_000);

  it('as FHIR gives no 5xx', async () => {
    await fc.assert(
      fc.asyncProperty(mutated(fixtures('fhir', /^\d.*json$/)), async (bytes) =>
        fine(await send('/fhir/DiagnosticReport/$draft-impression', 'application/fhir+json', bytes)),
      ),
      { numRuns: third },
    );
    expect(events.length).toBe(1);
  }, 60_000);

  it('nested without end is refused', async () => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ]) {
      const deep = Buffer.from(`${open.repeat(50_000)}1${close.repeat(50_000)}`);
      expect(await send('/v1/impressions', 'application/json', deep)).toBe(400);
      expect(fine(await send('/fhir/DiagnosticReport/$draft-impression', 'application/fhir+json', deep))).toBe(true);
    }
  });
});
