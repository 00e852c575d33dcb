/** @file `impressionist check`: the guard over a file, and the guard's own report card on seeded errors. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Command, InvalidArgumentError } from 'commander';
import { writeWhole } from '../ground/durable.js';
import { Failure } from '../ground/failure.js';
import { checkImpression } from '../guard/check.js';
import { type CardLine, reportCard } from '../guard/report-card.js';
import { countFlags, type FlagSummary } from '../guard/summary.js';
import { readExamples } from '../reports/dataset.js';
import type { Example } from '../reports/example.js';
import { alignPredictions, readPredictions } from '../reports/predictions.js';
import { interruptible } from './interrupt.js';
import { startProgress } from './progress.js';

interface Options {
  predictions?: string;
  out?: string;
  seedErrors: boolean;
  seed?: number;
  json: boolean;
}

/** Reports checked between two looks at the progress display and at an interrupt. */
const BATCH = 64;
const DEFAULT_SEED = 1;

const integer = (value: string): number => {
  if (!/^-?\d{1,9}$/.test(value)) throw new InvalidArgumentError('A whole number is needed.');
  return Number(value);
};

export const checkCommand = (): Command =>
  new Command('check')
    .summary('compare impressions with their findings: sides, negation, numbers, omissions')
    .description(
      'Compare impressions with their findings and write what disagrees, a line of JSON a report. ' +
        'Without --predictions the impressions of DATA itself are checked.',
    )
    .argument('<data>', 'the reports: a MEDIQA JSON list, JSON Lines, or CSV')
    .option('--predictions <file>', 'impressions to check instead, JSON Lines {"study_id", "impression"}')
    .option('--out <file>', 'where to write the flags; with --seed-errors, the seeded errors')
    .option('--seed-errors', "make known errors in DATA's own impressions and print how many the guard finds", false)
    .option('--seed <number>', `which errors --seed-errors makes (default: ${DEFAULT_SEED})`, integer)
    .option('--json', 'print a summary that programs can read', false)
    .action(async (data: string, options: Options, command: Command) => {
      const usage = (message: string): never => command.error(`error: ${message}`, { exitCode: 2 });
      if (options.seedErrors && options.predictions !== undefined) {
        usage('--seed-errors makes its errors in the impressions of DATA, leave out --predictions');
      }
      if (!options.seedErrors && options.seed !== undefined) usage('--seed needs --seed-errors');
      if (!options.seedErrors && options.out === undefined) usage('no output, give --out FILE');
      await interruptible(async (signal) => {
        if (options.seedErrors) await seedAndJudge(data, options, signal);
        else await checkFile(data, options, signal);
      }, 'no file was changed');
    });

/** The examples with the impressions to be checked. */
const readInput = async (data: string, predictions: string | undefined): Promise<readonly Example[]> => {
  if (predictions === undefined) return readExamples(data);
  const examples = await readExamples(data, { impressions: 'optional' });
  const aligned = alignPredictions(examples, await readPredictions(predictions));
  return examples.map((example, index) => ({ ...example, impression: aligned[index].impression }));
};

const checkFile = async (data: string, { predictions, out, json }: Options, signal: AbortSignal): Promise<void> => {
  const examples = await readInput(data, predictions);
  const counter = countFlags();
  const progress = startProgress('checking', examples.length, 'reports');
  const lines = async function* (): AsyncGenerator<string> {
    for (let first = 0; first < examples.length; first += BATCH) {
      await nextTurn();
      signal.throwIfAborted();
      let batch = '';
      for (const { studyId, findings, background, impression } of examples.slice(first, first + BATCH)) {
        const flags = checkImpression({ findings, background, impression });
        counter.add(flags);
        batch += `${JSON.stringify({ study_id: studyId, flags })}\n`;
      }
      progress.update(Math.min(first + BATCH, examples.length));
      yield batch;
    }
  };
  try {
    await writeWhole(out!, lines());
  } finally {
    progress.stop();
  }
  const summary = counter.summary();
  console.log(json ? JSON.stringify(summaryForPrograms(summary)) : summaryForPeople(summary, out!));
};

const summaryForPrograms = ({ reports, hardReports, softReports, flaggedReports, kinds }: FlagSummary) => ({
  reports,
  hard_reports: hardReports,
  soft_reports: softReports,
  flagged_reports: flaggedReports,
  kinds: Object.fromEntries(
    kinds.map(({ kind, flags, hardReports: hard, softReports: soft }) => [
      kind,
      { flags, hard_reports: hard, soft_reports: soft },
    ]),
  ),
});

const share = (part: number, whole: number): string => (whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`);

/** Columns of equal width: the first to the left, the others to the right. */
const table = (rows: readonly (readonly string[])[]): string => {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) => row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join('  '))
    .join('\n');
};

const summaryForPeople = (summary: FlagSummary, out: string): string => {
  const { reports, kinds } = summary;
  const rows = kinds.map(({ kind, flags, hardReports, softReports }) => [
    kind,
    String(flags),
    String(hardReports),
    share(hardReports, reports),
    String(softReports),
    share(softReports, reports),
  ]);
  return [
    table([['kind', 'flags', 'hard in', '', 'soft in', ''], ...rows]),
    `reports ${reports.toLocaleString('en')}, with a hard flag ${summary.hardReports} (${share(summary.hardReports, reports)}), ` +
      `with a soft flag ${summary.softReports} (${share(summary.softReports, reports)}), written to ${out}`,
  ].join('\n');
};

const seedAndJudge = async (data: string, { out, seed, json }: Options, signal: AbortSignal): Promise<void> => {
  const examples = (await readExamples(data)).filter(({ impression }) => impression.trim() !== '');
  if (examples.length === 0) {
    throw new Failure({
      what: 'no impressions to make errors in',
      where: data,
      fix: 'give data with human impressions',
    });
  }
  const used = seed ?? DEFAULT_SEED;
  signal.throwIfAborted();
  const { lines, errors, untouched } = reportCard(examples, used);
  if (out !== undefined) {
    const written = errors.map(({ report, kind, how, impression, caught, flags }) =>
      JSON.stringify({ study_id: examples[report].studyId, error: kind, how, impression, caught, flags }),
    );
    await writeWhole(out, written.map((line) => `${line}\n`).join(''));
  }
  if (json) {
    const summary = summaryForPrograms(untouched);
    console.log(JSON.stringify({ seed: used, untouched: summary, errors: lines.map(lineForPrograms) }));
  } else console.log(cardForPeople(lines, untouched, used));
};

const lineForPrograms = ({ kind, seeded, caught, caughtHard, falseHard, falseAny }: CardLine) => ({
  error: kind,
  seeded,
  caught,
  caught_hard: caughtHard,
  false_hard: falseHard,
  false_any: falseAny,
});

const cardForPeople = (lines: readonly CardLine[], untouched: FlagSummary, seed: number): string => {
  const rows = lines.map(({ kind, seeded, caught, caughtHard, falseHard, falseAny }) => [
    kind,
    String(seeded),
    share(caught, seeded),
    share(caughtHard, seeded),
    share(falseHard, untouched.reports),
    share(falseAny, untouched.reports),
  ]);
  return [
    table([['error', 'seeded', 'found', 'found hard', 'false hard', 'false any'], ...rows]),
    `untouched impressions ${untouched.reports.toLocaleString('en')}, with a hard flag ${untouched.hardReports} ` +
      `(${share(untouched.hardReports, untouched.reports)}), with a soft flag ${untouched.softReports} ` +
      `(${share(untouched.softReports, untouched.reports)}); seed ${seed}`,
  ].join('\n');
};
