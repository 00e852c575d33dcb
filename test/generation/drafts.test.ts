import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDrafter, type Drafter, type DraftOptions } from '../../src/generation/drafts.js';
import { textDeltas } from '../../src/generation/streaming.js';
import { readModel } from '../../src/models/directory.js';
import { openStoredModel } from '../../src/models/stored.js';
import { parsePrompt } from '../../src/reports/prompt.js';
import { readJson } from '../t5/oracle.js';

const FIXTURE = fileURLToPath(new URL('../fixtures/t5-text', import.meta.url));
const prompt = parsePrompt('{findings}');

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'impressionist-drafts-'));
  await cp(FIXTURE, directory, { recursive: true });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const withDrafter = async (options: DraftOptions, work: (drafter: Drafter) => Promise<void>): Promise<void> => {
  const drafter = await createDrafter(await openStoredModel(directory), { prompt, threads: 1, ...options });
  await work(drafter).finally(() => drafter.release());
};
const reportsOf = (inputs: readonly string[]) => inputs.map((findings) => ({ findings, background: '' }));

interface TextCase {
  case: string;
  arguments: Record<string, number | boolean | string>;
  inputs: string[];
  outputs: string[];
  scores: number[] | null;
}
const readCases = async (): Promise<TextCase[]> => (await readJson(join(FIXTURE, 'expected_generation.json'))).cases;
const optionsOf = ({ arguments: given }: TextCase): DraftOptions => ({
  maxNewTokens: Number(given.max_new_tokens),
  ...(Number(given.num_beams) > 1
    ? {
        beams: Number(given.num_beams),
        lengthPenalty: given.length_penalty as number | undefined,
        earlyStopping: given.early_stopping as boolean | undefined,
        noRepeatNgram: given.no_repeat_ngram_size as number | undefined,
      }
    : {}),
});

describe('drafts', () => {
  it('are Transformers’ texts, greedy and with beams, from weights on disk and in memory', async () => {
    const cases = await readCases();
    expect(cases.map((each) => each.arguments.num_beams)).toEqual([1, 4, 5]);
    for (const each of cases) {
      for (const model of [await openStoredModel(directory), await readModel(directory)]) {
        const drafter = await createDrafter(model, { prompt, threads: 1, ...optionsOf(each) });
        const drafts = await drafter.draft(reportsOf(each.inputs));
        expect(drafts.map(({ impression }) => impression)).toEqual(each.outputs);
        each.scores?.forEach((score, i) => {
          expect(Math.abs(drafts[i].score - score)).toBeLessThan(1e-4);
        });
        await drafter.release();
      }
    }
    expect(await readdir(directory)).toEqual(await readdir(FIXTURE)); // nothing is left beside the weights
  });

  it('arrive word by word: the pieces are the whole text, and none is taken back', async () => {
    const [{ inputs, outputs }] = await readCases();
    await withDrafter({ maxNewTokens: 32 }, async (drafter) => {
      for (const [index, report] of reportsOf(inputs).slice(0, 3).entries()) {
        const pieces: string[] = [];
        let impression = '';
        for await (const piece of drafter.stream(report)) {
          if ('text' in piece) pieces.push(piece.text);
          else impression = piece.draft.impression;
        }
        expect(impression).toBe(outputs[index]);
        expect(pieces.join('')).toBe(impression);
        expect(pieces.length).toBeGreaterThan(5);
      }
    });
  });

  it('come as candidates, best first, with their scores', async () => {
    const [{ inputs }] = await readCases();
    await withDrafter({ maxNewTokens: 12, beams: 4, nBest: 3 }, async (drafter) => {
      const [draft] = await drafter.draft(reportsOf(inputs.slice(0, 1)));
      expect(draft.candidates.length).toBe(3);
      expect(draft.candidates[0].impression).toBe(draft.impression);
      const scores = draft.candidates.map(({ score }) => score);
      expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    });
  });

  it('are the same by seed, whatever is drafted beside them, and differ by seed', async () => {
    const [{ inputs }] = await readCases();
    const texts: string[][] = [];
    for (const [seed, batchSize] of [
      [7, 1],
      [7, 8],
      [8, 8],
    ]) {
      await withDrafter({ maxNewTokens: 10, temperature: 1.5, seed, batchSize }, async (drafter) => {
        texts.push((await drafter.draft(reportsOf(inputs))).map(({ impression }) => impression));
      });
    }
    expect(texts[1]).toEqual(texts[0]);
    expect(texts[2]).not.toEqual(texts[0]);
  });

  it('asked for at once by several callers share batches and stay what they are alone', async () => {
    const [{ inputs, outputs }] = await readCases();
    await withDrafter({ maxNewTokens: 32, batchSize: 5 }, async (drafter) => {
      const separate = reportsOf(inputs).map(async (report, i) => {
        await setTimeout(i * 3);
        return (await drafter.draft([report]))[0].impression;
      });
      expect(await Promise.all(separate)).toEqual(outputs);
    });
  });

  it('can be called off, and the others go on', async () => {
    const [{ inputs, outputs }] = await readCases();
    await withDrafter({ maxNewTokens: 32, batchSize: 2 }, async (drafter) => {
      const controller = new AbortController();
      const first = drafter.draft(reportsOf(inputs.slice(0, 4)), undefined, controller.signal);
      const second = drafter.draft(reportsOf(inputs.slice(4, 6)));
      controller.abort(new Error('called off'));
      await expect(first).rejects.toThrow('called off');
      expect((await second).map(({ impression }) => impression)).toEqual(outputs.slice(4, 6));
    });
  });

  it('need findings, a device that is there, and memory that suffices', async () => {
    await withDrafter({}, async (drafter) => {
      await expect(drafter.draft([{ findings: ' ', background: '' }])).rejects.toThrow('no findings');
    });
    const model = await openStoredModel(directory);
    await expect(createDrafter(model, { memoryBudget: 1e7 })).rejects.toThrow(/may need 0\.\d+ GB.*--weights int8/);
    await expect(createDrafter(model, { device: 'cuda' })).rejects.toThrow(/device.*cpu/);
  });
});

describe('text that is being written', () => {
  it('is never given out before it is sure: a mark may still join the word before it', () => {
    const texts = ['No', 'No acute', "No acute '", "No acute'process", "No acute'process ."];
    const deltas = textDeltas(([step]) => texts[step]);
    const given = texts.map((_, step) => deltas.next([step]));
    expect(given).toEqual(['', 'No', ' acute', '', "'process"]);
    expect(deltas.end("No acute'process.")).toBe('.');
  });
});

describe('a drafter in its own thread', () => {
  const load = () =>
    import(new URL('../../dist/generation/threaded.js', import.meta.url).href) as Promise<
      typeof import('../../src/generation/threaded.js')
    >;

  it('drafts the same, streams, passes failures on, and leaves this thread free', async () => {
    const { createThreadedDrafter } = await load();
    const [{ inputs, outputs }] = await readCases();
    const drafter = await createThreadedDrafter(directory, { prompt, threads: 1, maxNewTokens: 32 });
    let longest = 0;
    let before = performance.now();
    const clock = setInterval(() => {
      longest = Math.max(longest, performance.now() - before);
      before = performance.now();
    }, 5);
    const counted: number[] = [];
    const drafts = await drafter.draft(reportsOf(inputs), (count) => counted.push(count));
    clearInterval(clock);
    expect(drafts.map(({ impression }) => impression)).toEqual(outputs);
    expect(counted.at(-1)).toBe(inputs.length);
    expect(longest).toBeLessThan(1000);
    let text = '';
    for await (const piece of drafter.stream(reportsOf(inputs)[1])) if ('text' in piece) text += piece.text;
    expect(text).toBe(outputs[1]);
    await expect(drafter.draft([{ findings: '', background: '' }])).rejects.toThrow('no findings');
    const controller = new AbortController();
    const aborted = drafter.draft(reportsOf(inputs), undefined, controller.signal);
    controller.abort(new Error('called off'));
    await expect(aborted).rejects.toThrow('called off');
    await drafter.release();
    await expect(drafter.draft(reportsOf(inputs))).rejects.toThrow('released');
  });

  it('reads the impressions of similar reports as the same drafter here does', async () => {
    const { createThreadedDrafter } = await load();
    const leaning = { prompt: parsePrompt('{similar} {findings}'), threads: 1, maxNewTokens: 8 };
    const report = { findings: 'The lungs are clear.', background: '', similar: 'Left pleural effusion. Edema.' };
    const threaded = await createThreadedDrafter(directory, leaning);
    const [draft] = await threaded.draft([report]);
    await threaded.release();
    await withDrafter(leaning, async (drafter) => {
      expect([draft]).toEqual(await drafter.draft([report]));
      const [without] = await drafter.draft([{ ...report, similar: undefined }]);
      expect(without.score).not.toBe(draft.score);
    });
  });

  it('tells why it can’t start', async () => {
    const { createThreadedDrafter } = await load();
    await expect(createThreadedDrafter(join(directory, 'none'))).rejects.toThrow('no model directory');
  });
});
