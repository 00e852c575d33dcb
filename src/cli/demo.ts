/** @file `impressionist demo`: the whole path on the package's synthetic reports, from zip to scored drafts. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { evaluate } from '../evaluation/evaluate.js';
import { scoreTable } from '../evaluation/table.js';
import { checkImpression } from '../guard/check.js';
import { readExamples } from '../reports/dataset.js';
import type { Example } from '../reports/example.js';
import { prepare } from '../reports/prepare.js';
import { draftWith } from './drafting.js';
import { interruptible } from './interrupt.js';
import { serveCommand } from './serve.js';
import { trainShowing } from './training.js';
import { positiveNumber } from './values.js';

interface DemoOptions {
  readonly serve?: boolean;
  readonly out: string;
  readonly minutes: number;
}

/** Seeds the untrained weights, the batches and dropout, so that two demos differ only by the clock. */
const SEED = 1;
const SHOWN = 5;

export const demoCommand = (): Command =>
  new Command('demo')
    .summary('the whole path on synthetic reports, in a few minutes')
    .description('Prepare, train, draft and score on the synthetic reports that come with the package.')
    .option('--out <dir>', 'where the demo’s files go; its earlier ones are replaced', join('runs', 'demo'))
    .option('--minutes <n>', 'how long to train at most', positiveNumber, 2)
    .option('--serve', 'then open the workbench with the model: a web page on this machine')
    .action(async (options: DemoOptions) => {
      let finished = false;
      await interruptible(async (signal) => {
        await demo(options, signal);
        finished = true;
      }, 'start it again with: impressionist demo');
      // The same as `impressionist serve --model …`, which has signals of its own.
      if (options.serve && finished) {
        await serveCommand().parseAsync(['--model', join(options.out, 'model')], { from: 'user' });
      }
    });

const demo = async ({ out, minutes }: DemoOptions, signal: AbortSignal): Promise<void> => {
  const samples = (name: string): string => fileURLToPath(new URL(`../../samples/${name}`, import.meta.url));
  const file = (name: string): string => join(out, name);
  for (const name of ['run.json', 'metrics.jsonl', 'checkpoints', 'model'])
    await rm(file(name), { recursive: true, force: true });
  await mkdir(out, { recursive: true });

  heading(
    '1. Reports → examples',
    'impressionist prepare samples/reports.zip samples/split.csv --train-file … --dev-file …',
  );
  const outputs = { train: file('train.json'), dev: file('dev.json') };
  await prepare({ zip: samples('reports.zip'), split: samples('split.csv'), outputs, skipInvalid: false, signal });
  const train = await readExamples(outputs.train);
  const dev = await readExamples(outputs.dev);
  console.log(`${train.length} training and ${dev.length} development examples.`);

  heading(
    `2. Training a small T5 from nothing, at most ${minutes} min`,
    `impressionist train ${outputs.train} --model tiny --out ${out} --minutes ${minutes}`,
  );
  const { openStart } = await import('../models/open.js');
  const { FROM_SCRATCH } = await import('../training/recipe.js');
  const { devDrafter } = await import('../generation/dev-drafts.js');
  const { epochs, ...recipe } = FROM_SCRATCH;
  const { model } = await openStart('tiny', SEED);
  const result = await trainShowing({
    model,
    modelName: 'tiny',
    examples: train,
    out,
    recipe: { ...recipe, seed: SEED },
    devDrafter: devDrafter(recipe),
    length: { epochs, minutes },
    resume: false,
    interrupted: () => signal.aborted,
  });
  if (result.interrupted) throw signal.reason;

  heading(
    '3. Drafting and scoring',
    `impressionist evaluate ${outputs.dev} --model ${file('model')} --out ${file('evaluation')}`,
  );
  const drafts = await draftWith(file('model'), dev, {}, (index) => `study ${dev[index].studyId}`);
  const { evaluation } = evaluate(
    dev.map((example, index) => itemOf(example, drafts[index].impression)),
    { seed: SEED, training: train.map((example) => itemOf(example, '')) },
  );
  console.log(scoreTable(evaluation));

  heading(`4. ${SHOWN} of the development reports`);
  for (const [index, example] of dev.slice(0, SHOWN).entries()) {
    console.log(wrapped('Findings', example.findings));
    console.log(wrapped('Drafted', drafts[index].impression));
    console.log(wrapped('Written', example.impression));
    for (const { severity, message } of checkImpression({ ...example, impression: drafts[index].impression })) {
      if (severity === 'hard') console.log(wrapped('Guard', message));
    }
    console.log();
  }
  console.log(NEXT(file('model')));
};

const itemOf = ({ studyId, subjectId, findings, background, impression }: Example, prediction: string) => ({
  studyId,
  subjectId,
  findings,
  background,
  reference: impression,
  prediction,
});

const heading = (title: string, command?: string): void => {
  console.log(`\n${title}${command === undefined ? '' : `\n  ${command}`}`);
};

/** A labelled paragraph within 100 columns. */
const wrapped = (label: string, text: string): string => {
  const lines = text.match(/\S.{0,85}(?=\s|$)/g) ?? [''];
  return lines.map((line, index) => `${(index === 0 ? label : '').padEnd(10)}${line}`).join('\n');
};

const NEXT = (
  model: string,
): string => `This is a toy: a model of a million parameters, trained for minutes on synthetic reports. Its scores say that
every part works, not how well a real model drafts, and no draft of it is fit for use.

Try it:            npx impressionist serve --model ${model}
                   npx impressionist generate "The lungs are clear. No effusion." --model ${model}
The real thing:    npx impressionist prepare mimic-cxr-reports.zip mimic_split_train_dev.csv --train-file train.json --dev-file dev.json
                   npx impressionist train train.json --dev dev.json --model google/flan-t5-base --lora --out runs/flan`;
