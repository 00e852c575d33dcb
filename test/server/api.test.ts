import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fakeApp } from './fake-context.js';
import { eventsOf, FINDINGS, type Json, type Running, serve } from './running.js';

let server: Running;
beforeAll(async () => {
  server = await serve();
});
afterAll(async () => {
  await server.stop();
});

const json = async (response: Response | Promise<Response>): Promise<Json> => (await response).json();
const report = { findings: FINDINGS, background: 'INDICATION: Cough.', max_new_tokens: 16 };

describe('POST /v1/impressions', () => {
  it('answers one report with a draft, its flags and the model that wrote it', async () => {
    const response = await server.post('/v1/impressions', report);
    expect(response.status).toBe(200);
    const draft = await json(response);
    expect(draft.impression.length).toBeGreaterThan(0);
    expect(draft.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(draft.model).toEqual({ name: 't5-text', fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) });
    const omission = draft.flags.find((flag: { kind: string }) => flag.kind === 'omission');
    expect(FINDINGS.slice(omission.findings.start, omission.findings.end)).toBe(omission.findings.text);
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('answers several in their order, each as it would be alone', async () => {
    const alone = await json(server.post('/v1/impressions', { ...report, findings: 'Clear lungs.', background: '' }));
    const { results } = await json(
      server.post('/v1/impressions', {
        reports: [{ findings: FINDINGS }, { findings: 'Clear lungs.' }],
        max_new_tokens: 16,
      }),
    );
    expect(results.length).toBe(2);
    expect(results[1].impression).toBe(alone.impression);
  });

  it('streams the text that the draft ends with', async () => {
    const whole = await json(server.post('/v1/impressions', report));
    const response = await server.post('/v1/impressions', { ...report, stream: true });
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    const events = eventsOf(await response.text());
    const texts = events.filter(({ event }) => event === 'text').map(({ data }) => (data as { text: string }).text);
    const draft = events.find(({ event }) => event === 'draft')!.data as { impression: string };
    expect(texts.join('')).toBe(draft.impression);
    expect(draft.impression).toBe(whole.impression);
    expect(texts.length).toBeGreaterThan(1);
    expect(events.at(-1)!.event).toBe('end');
  });

  it('gives alternatives, the draft of beam search first, each with its flags', async () => {
    const draft = await json(server.post('/v1/impressions', { ...report, alternatives: 3 }));
    expect(draft.alternatives.length).toBe(2);
    expect(new Set([draft.impression, ...draft.alternatives.map((each: Json) => each.impression)]).size).toBe(3);
    expect(draft.alternatives[0].flags).toBeInstanceOf(Array);
  });

  it.each([
    [{}, 'findings'],
    [{ findings: '   ' }, 'findings must not be empty'],
    [{ findings: 3 }, 'findings must be of type string'],
    [{ findings: 'a', max_new_tokens: 0 }, 'max_new_tokens must be at least 1'],
    [{ findings: 'a', temprature: 1 }, 'a field that is not known'],
    [{ reports: [] }, 'reports'],
    [{ findings: 'a', min_new_tokens: 9, max_new_tokens: 3 }, 'shortest output is longer'],
    [{ findings: 'a', length_penalty: 2 }, 'lengthPenalty is for beam search'],
    [[], 'body'],
    ['{"findings": "a', 'not valid JSON'],
    ['', 'no body'],
  ])('refuses %j', async (body, message) => {
    const response = await server.post('/v1/impressions', body);
    expect(response.status).toBe(400);
    const { error } = await json(response);
    expect(error.message).toContain(message);
    expect(error.request_id).toBe(response.headers.get('x-request-id'));
  });

  it('stops computing when the client goes away', async () => {
    const cancelled = async (): Promise<number> =>
      Number(/outcome="cancelled"\} (\d+)/.exec(await (await fetch(`${server.url}/metrics`)).text())?.[1] ?? 0);
    const before = await cancelled();
    const controller = new AbortController();
    const response = await fetch(`${server.url}/v1/impressions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ findings: FINDINGS.repeat(40), max_new_tokens: 512, min_new_tokens: 512, stream: true }),
      signal: controller.signal,
    });
    const reader = response.body!.getReader();
    await reader.read();
    controller.abort();
    await expect.poll(cancelled, { timeout: 5000 }).toBe(before + 1);
    expect(await (await fetch(`${server.url}/metrics`)).text()).toMatch(/impressionist_queue_length 0/);
  });
});

describe('the other doors', () => {
  it('takes a pasted report apart and checks an impression', async () => {
    const parsed = await json(
      server.post('/v1/parse', { text: 'INDICATION: Cough.\n\nFindings: Clear.\nIMPRESSION:\nNormal.' }),
    );
    expect(parsed).toEqual({
      findings: 'Clear.',
      background: 'INDICATION: Cough.',
      impression: 'Normal.',
      recognised: true,
    });
    const { flags } = await json(
      server.post('/v1/check', {
        findings: 'Small left pleural effusion.',
        impression: 'Small right pleural effusion.',
      }),
    );
    expect(flags[0]).toMatchObject({ kind: 'laterality', severity: 'hard' });
  });

  it('speaks both dialects of SageMaker, plain text and JSON Lines', async () => {
    expect((await fetch(`${server.url}/ping`)).status).toBe(200);
    const tgi = await json(
      server.post('/invocations', { inputs: 'Findings: clear.', parameters: { max_new_tokens: 8, details: true } }),
    );
    expect(tgi[0].details.generated_tokens).toBeLessThanOrEqual(8);
    const script = await json(
      server.post('/invocations', {
        text_inputs: ['Findings: clear.', 'b'],
        max_length: 8,
        num_beams: 2,
        num_return_sequences: 2,
      }),
    );
    expect(script.generated_texts.length).toBe(4);
    const text = await json(server.post('/invocations', 'Findings: clear.', { 'content-type': 'application/x-text' }));
    expect(typeof text.generated_text).toBe('string');
    const lines = await server.post(
      '/invocations',
      '{"id": 1, "text_inputs": "a", "max_length": 4}\n{"inputs": "b", "parameters": {"max_new_tokens": 4}}\n',
      { 'content-type': 'application/jsonlines' },
    );
    const answers = (await lines.text())
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(answers[0].id).toBe(1);
    expect(answers[1][0].generated_text).toBeDefined();
  });

  it('streams as Text Generation Inference does', async () => {
    const response = await server.post('/invocations', {
      inputs: 'Findings: clear.',
      parameters: { max_new_tokens: 12 },
      stream: true,
    });
    const events = eventsOf(await response.text()).map(({ data }) => data as Json);
    expect(events.map((event) => event.token.text).join('')).toBe(events.at(-1).generated_text);
  });

  it('refuses what a dialect asks for and cannot be done, in that dialect', async () => {
    const response = await server.post('/invocations', { inputs: 'a', parameters: { truncate: 100 } });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ error_type: 'validation' });
    expect((await server.post('/invocations', { nothing: true })).status).toBe(400);
    const lines = (text: string) => server.post('/invocations', text, { 'content-type': 'application/jsonlines' });
    const bad = await lines('{"inputs": "a"}\n{"inputs": \n');
    expect(bad.status).toBe(400);
    expect((await json(Promise.resolve(bad))).error).toMatch(/not valid JSON, line 2 of the body/);
    expect((await lines('{"inputs": "a"}\n'.repeat(65))).status).toBe(413);
  });

  it('tells batch transform how to ask it', async () => {
    const told = { MaxConcurrentTransforms: 32, BatchStrategy: 'SINGLE_RECORD', MaxPayloadInMB: 1 };
    expect(await json(fetch(`${server.url}/execution-parameters`))).toEqual(told);
  });

  it('completes as OpenAI does, at once and as a stream', async () => {
    const whole = await json(
      server.post('/v1/completions', { model: 'any', prompt: 'Findings: clear.', max_tokens: 6 }),
    );
    expect(whole).toMatchObject({ object: 'text_completion', usage: { completion_tokens: expect.any(Number) } });
    expect(['stop', 'length']).toContain(whole.choices[0].finish_reason);
    const response = await server.post('/v1/completions', {
      model: 'any',
      prompt: 'Findings: clear.',
      max_tokens: 6,
      stream: true,
    });
    const events = eventsOf(await response.text());
    expect(events.at(-1)!.data).toBe('[DONE]');
    const text = events.slice(0, -1).map(({ data }) => (data as Json).choices[0].text);
    expect(text.join('')).toBe(whole.choices[0].text);
  });

  it('takes what existing clients of OpenAI send, and refuses what it could not honour', async () => {
    const asked = { model: 'any', prompt: 'Findings: clear.', max_tokens: 6 };
    const usual = {
      ...asked,
      ...{ temperature: 0, top_p: 1, n: 1, best_of: 1, stop: null, logprobs: null, echo: false, seed: null },
      ...{ presence_penalty: 0, frequency_penalty: 0, logit_bias: {}, user: 'someone' },
    };
    const plain = await json(server.post('/v1/completions', asked));
    expect((await json(server.post('/v1/completions', usual))).choices).toEqual(plain.choices);
    const stream = { ...usual, stream: true, stream_options: { include_usage: true } };
    const events = eventsOf(await (await server.post('/v1/completions', stream)).text());
    expect(events.at(-2)!.data).toMatchObject({ choices: [], usage: plain.usage });
    const drawn = { ...asked, prompt: Array(8).fill('Findings: clear.'), top_p: 0.99, seed: 5 };
    const texts = (await json(server.post('/v1/completions', drawn))).choices.map(({ text }: Json) => text);
    expect(texts).not.toEqual(Array(8).fill(plain.choices[0].text));
    for (const more of [{ n: 2 }, { stop: ['.'] }, { frequency_penalty: 1 }, { stream_options: {} }, { logprobs: 3 }]) {
      expect((await server.post('/v1/completions', { ...asked, ...more })).status, JSON.stringify(more)).toBe(400);
    }
  });

  it('documents every request it takes, and takes every request it documents', async () => {
    const { paths, ...rest } = await json(fetch(`${server.url}/openapi.json`));
    for (const [path, methods] of Object.entries<Json>(paths)) {
      for (const method of Object.keys(methods)) {
        const { status } = await fetch(server.url + path, { method: method.toUpperCase() });
        expect(status, `${method} ${path}`).not.toBe(404);
        expect(Object.keys(methods[method].responses), path).toContain(path === '/v1/feedback' ? '201' : '200');
      }
    }
    const { app } = fakeApp();
    const routes = app.printRoutes({ commonPrefix: false, includeHooks: false });
    const taken = [...routes.matchAll(/(\/\S*) \((?:GET|POST)/g)].map(([, path]) => path);
    expect(taken.length).toBeGreaterThan(15);
    expect(taken.filter((path) => path !== '/openapi.json' && !(path in paths))).toEqual([]);
    const named = [...JSON.stringify([paths, rest]).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(
      ([, name]) => name,
    );
    for (const name of named) expect(rest.components.schemas).toHaveProperty(name);
    await app.close();
  });

  it('describes itself: OpenAPI, health, metrics, models, the page', async () => {
    const document = await json(fetch(`${server.url}/openapi.json`));
    expect(document.openapi).toBe('3.1.0');
    expect(document.paths['/v1/impressions'].post.requestBody.content['application/json'].schema.anyOf.length).toBe(2);
    expect(await json(fetch(`${server.url}/readyz`))).toEqual({ status: 'ready', faults: [] });
    expect(await (await fetch(`${server.url}/metrics`)).text()).toMatch(
      /impressionist_drafts_total\{outcome="drafted"\} \d+/,
    );
    expect((await json(fetch(`${server.url}/v1/model`))).parameters).toBeGreaterThan(1000);
    const page = await fetch(`${server.url}/`);
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(await page.text()).toContain('<div id="root">');
  });
});

describe('FHIR and HL7 over HTTP', () => {
  const operation = '/fhir/DiagnosticReport/$draft-impression';
  const fhir = { 'content-type': 'application/fhir+json' };
  const report = {
    resourceType: 'DiagnosticReport',
    status: 'final',
    code: { text: 'Chest' },
    text: { status: 'generated', div: `<div>FINDINGS: ${FINDINGS}</div>` },
  };

  it('drafts into a DiagnosticReport, directly or in Parameters', async () => {
    const direct = await server.post(operation, report, fhir);
    expect(direct.headers.get('content-type')).toMatch(/^application\/fhir\+json/);
    const drafted = await json(direct);
    expect(drafted).toMatchObject({ resourceType: 'DiagnosticReport', status: 'preliminary', text: report.text });
    const parameters = { resourceType: 'Parameters', parameter: [{ name: 'report', resource: report }] };
    expect((await json(server.post(operation, parameters, fhir))).conclusion).toBe(drafted.conclusion);
  });

  it('tells errors as OperationOutcome, and what it can do', async () => {
    const refused = await server.post(operation, { ...report, text: undefined }, fhir);
    expect(refused.status).toBe(422);
    expect(await json(refused)).toMatchObject({
      resourceType: 'OperationOutcome',
      issue: [{ severity: 'error', code: 'required' }],
    });
    expect((await server.post(operation, { resourceType: 'Patient' }, fhir)).status).toBe(400);
    const statement = await json(fetch(`${server.url}/fhir/metadata`));
    expect(statement).toMatchObject({ resourceType: 'CapabilityStatement', fhirVersion: '4.0.1' });
    const five = { headers: { accept: 'application/fhir+json; fhirVersion=5.0' } };
    expect((await json(fetch(`${server.url}/fhir/metadata`, five))).fhirVersion).toBe('5.0.0');
  });

  it('drafts into an ORU^R01, and acknowledges what it cannot', async () => {
    const message = (findings: string): string =>
      `MSH|^~\\&|RIS|R|AI|AI|2026||ORU^R01|77|P|2.5.1\rOBR|1|||71046\rOBX|1|TX|71046&GDT^CHEST||${findings}||||||F\r`;
    const hl7 = { 'content-type': 'application/hl7-v2' };
    const drafted = await (await server.post('/hl7', message(FINDINGS), hl7)).text();
    expect(drafted.startsWith(message(FINDINGS))).toBe(true);
    expect(drafted).toMatch(/\rOBX\|2\|TX\|71046&IMP\^Impression\|\|.+\|\|\|\|\|\|P\r/);
    const refused = await server.post('/hl7', message(''), hl7);
    expect(refused.status).toBe(422);
    expect(await refused.text()).toContain('\rMSA|AE|77|');
  });
});

describe('limits', () => {
  it('refuses 10 MB, unknown types and unknown paths', async () => {
    const large = await server.post('/v1/impressions', `{"findings":"${'a'.repeat(10 << 20)}"}`).catch(() => undefined);
    if (large !== undefined) expect(large.status).toBe(413);
    expect(
      (await server.post('/v1/impressions', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' })).status,
    ).toBe(415);
    expect((await fetch(`${server.url}/nowhere`)).status).toBe(404);
    expect((await fetch(`${server.url}/%zz`)).status).toBe(400);
  });

  it('refuses what the queue cannot hold, and says when to come again', async () => {
    const small = await serve('--queue', '2');
    try {
      const response = await small.post('/v1/impressions', {
        reports: [{ findings: 'a' }, { findings: 'b' }, { findings: 'c' }],
      });
      expect(response.status).toBe(429);
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await json(response)).error.code).toBe('queue_full');
      expect((await small.post('/v1/impressions', { findings: 'a', max_new_tokens: 4 })).status).toBe(200);
    } finally {
      await small.stop();
    }
  });

  it('ends a draft that takes too long with a clear 503', async () => {
    const hurried = await serve('--timeout', '0.01');
    try {
      const response = await hurried.post('/v1/impressions', {
        findings: FINDINGS.repeat(30),
        min_new_tokens: 512,
        max_new_tokens: 512,
      });
      expect(response.status).toBe(503);
      expect((await json(response)).error.code).toBe('timeout');
    } finally {
      await hurried.stop();
    }
  });
});

describe('stopping and reloading', () => {
  it('answers what it accepted before it ends, and ends with 0', async () => {
    const leaving = await serve();
    const draft = leaving.post('/v1/impressions', {
      findings: FINDINGS.repeat(10),
      min_new_tokens: 200,
      max_new_tokens: 200,
    });
    await expect
      .poll(async () => (await fetch(`${leaving.url}/metrics`)).text(), { interval: 5 })
      .toMatch(/impressionist_queue_length 1/);
    const ended = leaving.stop();
    expect((await draft).status).toBe(200);
    expect(await ended).toBe(0);
  });

  it('reloads its model without dropping a request', async () => {
    let going = true;
    const statuses: number[] = [];
    const client = async (): Promise<void> => {
      while (going)
        statuses.push((await server.post('/v1/impressions', { findings: 'Clear.', max_new_tokens: 8 })).status);
    };
    const clients = [client(), client(), client()];
    for (let turn = 1; turn <= 2; turn++) {
      server.child.kill('SIGHUP');
      await expect
        .poll(() => server.output().match(/"event":"reloaded"/g)?.length ?? 0, { timeout: 10_000 })
        .toBe(turn);
    }
    going = false;
    await Promise.all(clients);
    expect(statuses.length).toBeGreaterThan(5);
    expect(new Set(statuses)).toEqual(new Set([200]));
  });
});
