import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/server/audit/database.js';
import { leaningModel } from './leaning-model.js';
import { eventsOf, FINDINGS, type Json, type Running, serve, temporaryFolder } from './running.js';

let folder: string;
let server: Running;
beforeAll(async () => {
  folder = await temporaryFolder();
  server = await serve('--model', await leaningModel(folder), '--audit', join(folder, 'audit.db'));
});
afterAll(() => server.stop());

const report = { findings: FINDINGS, max_new_tokens: 8 };
const draft = async (body: object): Promise<Json> => (await server.post('/v1/impressions', body)).json();
const impressions = ({ impression, alternatives }: Json): string[] => [
  impression,
  ...alternatives.map((each: Json) => each.impression),
];

describe('a model that leans on similar reports', () => {
  it('drafts greedily, and names the reports it leaned on', async () => {
    const answer = await draft(report);
    expect(answer.leaned_on).toEqual(['s1', 's2']);
    expect(answer).not.toHaveProperty('borrowed_from');
    const stream = eventsOf(await (await server.post('/v1/impressions', { ...report, stream: true })).text());
    const last = stream.find(({ event }) => event === 'draft')!.data as Json;
    expect([last.impression, last.leaned_on]).toEqual([answer.impression, answer.leaned_on]);
    expect(stream.filter(({ event }) => event === 'text').length).toBeGreaterThan(1);
  });

  it('never leans on the report itself or its patient, when it is told whose it is', async () => {
    expect((await draft({ ...report, study_id: 's1' })).leaned_on).toEqual(['s2', 's3']);
    expect((await draft({ ...report, subject_id: 'p2' })).leaned_on).toEqual(['s1', 's3']);
  });

  it('lets similar reports put alternatives in order, their own impressions among them', async () => {
    const answer = await draft({ ...report, alternatives: 3 });
    expect(answer.alternatives.length).toBe(2);
    // The model of this test knows no radiology: what others wrote about such findings is better than all it writes.
    expect([answer.impression, answer.borrowed_from]).toEqual(['Large left pleural effusion.', 's1']);
    expect(answer.alternatives[0]).toMatchObject({ impression: 'Left pleural effusion, large.', borrowed_from: 's2' });
    expect(answer.alternatives[1]).not.toHaveProperty('borrowed_from');
    expect(answer.flags.filter(({ severity }: Json) => severity === 'hard')).toEqual([]);
    expect(answer.truncated).toBe(false);
    const spelled = await draft({ ...report, alternatives: 3, beams: 8, rerank: 'similar' });
    expect(impressions(spelled)).toEqual(impressions(answer));
    expect(await draft({ ...report, rerank: 'similar' })).toMatchObject({
      borrowed_from: 's1',
      alternatives: [],
      leaned_on: ['s1', 's2'],
    });
  });

  it('gives the likeliest drafts first when told how to search', async () => {
    const answer = await draft({ ...report, alternatives: 3, beams: 3 });
    expect(answer.alternatives.length).toBe(2);
    expect(JSON.stringify(answer)).not.toContain('borrowed_from');
  });

  it('streams what was chosen in one piece, and only that', async () => {
    const asked = { ...report, alternatives: 2, stream: true };
    const events = eventsOf(await (await server.post('/v1/impressions', asked)).text());
    expect(events.map(({ event }) => event)).toEqual(['text', 'draft', 'end']);
    expect((events[0].data as Json).text).toBe('Large left pleural effusion.');
    expect((events[1].data as Json).borrowed_from).toBe('s1');
  });

  it('lets the guard choose where it is asked to', async () => {
    const hard = ({ flags }: Json): number => flags.filter(({ severity }: Json) => severity === 'hard').length;
    const answer = await draft({ ...report, alternatives: 8, rerank: 'guard' });
    const counts = [answer, ...answer.alternatives].map(hard);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(JSON.stringify(answer)).not.toContain('borrowed_from');
    const drawn = await draft({ ...report, alternatives: 2, rerank: 'guard', temperature: 2, seed: 3 });
    expect(drawn.alternatives.length).toBe(1);
  });

  it('completes a whole prompt as it is', async () => {
    const completed = await server.post('/v1/completions', { model: 'any', prompt: 'Findings: clear.', max_tokens: 4 });
    expect(completed.status).toBe(200);
  });

  it('records what ordered the drafts, and no study’s number', async () => {
    const { id } = await draft({ ...report, alternatives: 2 });
    const log = openDatabase(join(folder, 'audit.db'));
    const bodies = [...log.records()].map(({ body }) => body);
    log.close();
    const record = JSON.parse(bodies.find((body) => body.includes(id))!);
    expect(record).toMatchObject({ rerank: 'similar', settings: { beams: 8, nBest: 8 } });
    expect(record.borrowedFrom).toMatch(/^[0-9a-f]{64}$/);
    expect(record.leanedOn[0]).toBe(record.borrowedFrom);
    expect(bodies.join()).not.toMatch(/"s[1-4]"/);
  });

  it.each([
    [{ ...report, rerank: 'guard', beams: 1 }, 'no drafts to choose from'],
    [{ ...report, rerank: 'likely' }, 'rerank must be one of: guard, similar'],
    [{ ...report, rerank: 'similar', beams: 2, alternatives: 3 }, 'more outputs than beams'],
  ])('refuses %j', async (body, message) => {
    const response = await server.post('/v1/impressions', body);
    expect(response.status).toBe(400);
    expect(((await response.json()) as Json).error.message).toContain(message);
  });
});

describe('a model that leans on none', () => {
  it('has no similar reports to choose by, and says so', async () => {
    const plain = await serve();
    try {
      const refused = await plain.post('/v1/impressions', { ...report, rerank: 'similar', alternatives: 2 });
      expect(refused.status).toBe(400);
      expect(((await refused.json()) as Json).error.message).toContain('no similar reports to order the drafts by');
      const chosen = (await (await plain.post('/v1/impressions', { ...report, rerank: 'guard' })).json()) as Json;
      expect(chosen).not.toHaveProperty('leaned_on');
      expect(chosen.alternatives).toEqual([]);
    } finally {
      await plain.stop();
    }
  });
});
