import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { createDrafter } from '../../src/generation/drafts.js';
import { readModel } from '../../src/models/directory.js';
import { parsePrompt } from '../../src/reports/prompt.js';
import { seededMasks } from '../../src/tensors/index.js';
import { padBatch } from '../../src/training/batch.js';
import { buildTrainingStep } from '../../src/training/step.js';
import { fullTuning } from '../../src/training/tuning.js';

// A tiny random T5 with a real tokenizer: text in, text out, as Transformers computed it.
const directory = fileURLToPath(new URL('../fixtures/t5-text', import.meta.url));
const expected = JSON.parse(await readFile(`${directory}/expected_generation.json`, 'utf8'));

it('drafts the texts that Transformers generates greedily', async () => {
  const model = await readModel(directory);
  const greedy = expected.cases.find((each: { case: string }) => each.case === 'greedy');
  const drafter = await createDrafter(model, {
    prompt: parsePrompt('{findings}'),
    maxNewTokens: greedy.arguments.max_new_tokens,
  });
  const drafts = await drafter.draft(greedy.inputs.map((findings: string) => ({ findings, background: '' })));
  expect(drafts.map(({ impression }) => impression)).toEqual(greedy.outputs);
  await drafter.release();
});

it('has Transformers’ loss on texts', async () => {
  const { config, weights, ownHead, tokenizer } = await readModel(directory);
  const tuning = fullTuning(weights);
  const step = await buildTrainingStep({ config, ownHead, tuning, dropout: 0, masks: seededMasks(0) });
  const { inputs, targets, loss } = expected.loss;
  const batch = padBatch(
    inputs.map((input: string, i: number) => ({
      input: tokenizer.encode(input),
      target: tokenizer.encode(targets[i]),
    })),
    config,
  );
  expect(Math.abs((await step.lossSum(batch)) / batch.labelTokens - loss)).toBeLessThan(1e-4);
  await step.release();
});

it('cuts a long input at the end of its findings and says by how much', async () => {
  const model = await readModel(directory);
  const drafter = await createDrafter(model, {
    prompt: parsePrompt('{background} {findings} end'),
    maxInputTokens: 24,
    maxNewTokens: 4,
  });
  const findings = 'The lungs are clear. '.repeat(20).trim();
  const [long, short] = await drafter.draft([
    { findings, background: 'Cough.' },
    { findings: 'The lungs are clear.', background: 'Cough.' },
  ]);
  const whole = model.tokenizer.encode(`Cough. ${findings} end`).length;
  expect(long.cutTokens).toBeGreaterThanOrEqual(whole - 24);
  expect(long.cutTokens).toBeLessThan(whole - 24 + 4);
  expect(short.cutTokens).toBe(0);
  expect(long.truncated).toBe(true);
  await drafter.release();
});
