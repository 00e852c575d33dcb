/** @file `impressionist evaluate`: scores for a file of predictions, with baselines and intervals beside every one. */
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Command } from 'commander';
import { evaluateWithJudges } from '../evaluation/evaluate.js';
import type { FlagCounts } from '../evaluation/flags.js';
import type { EvaluationItem } from '../evaluation/item.js';
import type { Judges } from '../evaluation/judges.js';
import { radEvalJson } from '../evaluation/parallel.js';
import { reportPage } from '../evaluation/report-page.js';
import { scoreTable } from '../evaluation/table.js';
import { writeFailure, writeWhole } from '../ground/durable.js';
import { checkImpression } from '../guard/check.js';
import type { Flag } from '../guard/flag.js';
import { readExamples } from '../reports/dataset.js';
import type { Example } from '../reports/example.js';
import { alignPredictions, readPredictions } from '../reports/predictions.js';
import { addDraftingOptions, type DraftingOptions, draftingOptionGiven, draftWith } from './drafting.js';
import { addEndpointOptions, checkEndpointOptions, draftAtEndpoint, type EndpointOptions } from './endpoint.js';
import { addJudgingOptions, type JudgingOptions, openJudges, strayJudgingOption } from './judging.js';
import { wholeNumber } from './values.js';

interface EvaluateOptions extends DraftingOptions, EndpointOptions, JudgingOptions {
  readonly predictions?: string;
  readonly out: string;
  readonly trainData?: string;
  readonly against?: string;
  readonly seed: number;
  readonly json?: boolean;
}

/**
 * The texts to be scored, one an example and in the examples' order: drafted now, or read from a file. Undefined when the user
 * interrupted an endpoint's drafting, which the same command goes on with.
 */
const predictionsFor = async (
  examples: readonly Example[],
  options: EvaluateOptions,
  command: Command,
): Promise<string[] | undefined> => {
  if (options.predictions !== undefined) return predictionsIn(options.predictions, examples);
  // The one seed is of everything random here; drafting has a use for it only where it samples.
  const sampling = [options.temperature, options.topK, options.topP].some((option) => option !== undefined);
  if (options.endpoint !== undefined) {
    const out = join(options.out, 'predictions.jsonl');
    const asked = { ...options, seed: sampling ? options.seed : undefined };
    return (await draftAtEndpoint(examples, out, asked, command)) ? predictionsIn(out, examples) : undefined;
  }
  const drafts = await draftWith(
    options.model!,
    examples,
    { ...options, seed: sampling ? options.seed : undefined },
    (index) => `study ${examples[index].studyId}`,
    command,
  );
  return drafts.map(({ impression }) => impression);
};

const predictionsIn = async (path: string, examples: readonly Example[]): Promise<string[]> =>
  alignPredictions(examples, await readPredictions(path)).map(({ impression }) => impression);

const itemsOf = (examples: readonly Example[], predictions: readonly string[]): EvaluationItem[] =>
  examples.map(({ studyId, subjectId, findings, background, impression }, index) => ({
    studyId,
    subjectId,
    findings,
    background,
    reference: impression,
    prediction: predictions[index],
  }));

/** How many flags of each kind and severity one draft has. */
const countsByKind = (flags: readonly Flag[]): FlagCounts => {
  const counts: Record<string, { hard: number; soft: number }> = {};
  for (const { kind, severity } of flags) {
    counts[kind] ??= { hard: 0, soft: 0 };
    counts[kind][severity]++;
  }
  return counts;
};

const run = async (data: string, options: EvaluateOptions, command: Command): Promise<void> => {
  const { predictions: file, model, endpoint } = options;
  if ([file, model, endpoint].filter((source) => source !== undefined).length !== 1) {
    const message = 'nothing to score, or two things: give one of --model, --endpoint and --predictions';
    command.error(`error: ${message}`, { exitCode: 2 });
  }
  checkEndpointOptions(command);
  if (options.predictions !== undefined) {
    const unused = draftingOptionGiven(command);
    if (unused !== undefined)
      command.error(`error: ${unused} is for drafting with --model or --endpoint, leave it out`, { exitCode: 2 });
  }
  const stray = strayJudgingOption(options);
  if (stray !== undefined) command.error(`error: ${stray} is for BERTScore, give --bertscore`, { exitCode: 2 });
  // What can't be opened shows before anything is drafted.
  const { judges, release } = await openJudges(options);
  try {
    await evaluateData(data, options, command, judges);
  } finally {
    await release();
  }
};

const evaluateData = async (
  data: string,
  options: EvaluateOptions,
  command: Command,
  judges: Judges,
): Promise<void> => {
  const { predictions: file, model, endpoint } = options;
  const examples = await readExamples(data);
  const training = options.trainData === undefined ? undefined : await readExamples(options.trainData);
  try {
    await mkdir(options.out, { recursive: true });
  } catch (error) {
    throw writeFailure(options.out, error);
  }
  const predictions = await predictionsFor(examples, options, command);
  if (predictions === undefined) return;
  const against =
    options.against === undefined
      ? undefined
      : { name: basename(options.against), predictions: await predictionsIn(options.against, examples) };
  const items = itemsOf(examples, predictions);
  const flags = items.map(({ prediction, findings, background }) =>
    checkImpression({ findings, background, impression: prediction }),
  );
  const settings = {
    seed: options.seed,
    flags: flags.map(countsByKind),
    training: training?.map(({ impression, ...report }) => ({ ...report, reference: impression })),
    against,
  };
  const result = await evaluateWithJudges(items, settings, judges);

  const json = `${JSON.stringify(result.evaluation, null, 2)}\n`;
  await writeWhole(
    join(options.out, 'examples.jsonl'),
    result.examples.map((example) => `${JSON.stringify(example)}\n`),
  );
  await writeWhole(join(options.out, 'radeval.json'), radEvalJson(items));
  await writeWhole(
    join(options.out, 'report.html'),
    reportPage({ title: basename(file ?? model ?? endpoint!), items, flags, ...result }),
  );
  await writeWhole(join(options.out, 'evaluation.json'), json);
  if (options.json) process.stdout.write(json);
  else
    process.stdout.write(
      `${scoreTable(result.evaluation)}\n\nWritten to ${options.out}: report.html, evaluation.json, examples.jsonl, radeval.json\n`,
    );
};

export const evaluateCommand = (): Command => addEndpointOptions(scoringCommand());

const scoringCommand = (): Command =>
  addDraftingOptions(
    addJudgingOptions(
      new Command('evaluate')
        .summary('score drafts against the references')
        .description(
          'Score impressions against the references, with intervals and trivial baselines beside every score.',
        )
        .argument('<data>', 'examples with reference impressions (.json, .jsonl or .csv)')
        .option('--model <dir>', 'model directory whose drafts are scored')
        .option('--predictions <file>', 'or impressions to score: JSON Lines of {"study_id", "impression"}')
        .requiredOption(
          '--out <dir>',
          'folder for report.html, evaluation.json, examples.jsonl and radeval.json; made if missing',
        )
        .option(
          '--train-data <file>',
          'training examples, for the nearest-report baseline (default: the other examples of DATA)',
        )
        .option('--against <file>', 'predictions of another system, to test the differences for significance')
        .option('--seed <n>', 'seed of all resampling, and of sampling drafts', wholeNumber(0), 1)
        .option('--json', 'print evaluation.json instead of the table'),
    ),
  ).action(run);
