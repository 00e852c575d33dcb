/** @file `impressionist generate`: drafts for one report given as text, or for a data file. */
import { text } from 'node:stream/consumers';
import { Command, Option } from 'commander';
import type { Chosen, Reranking } from '../generation/choosing.js';
import { addDraftingOptions, type DraftingOptions, draftWith, warnOfCuts, withDrafter } from './drafting.js';
import { addEndpointOptions, checkEndpointOptions, type EndpointOptions, generateAtEndpoint } from './endpoint.js';
import { interruptible } from './interrupt.js';
import { leanOnSimilar } from './leaning.js';
import { wholeNumber } from './values.js';

interface GenerateOptions extends DraftingOptions, EndpointOptions {
  /** There, where no endpoint is. */
  readonly model: string;
  readonly background: string;
  readonly data?: string;
  readonly out?: string;
  readonly nBest?: number;
  readonly rerank?: Reranking;
  readonly stream?: boolean;
  readonly json?: boolean;
}

export const generateCommand = (): Command => addEndpointOptions(draftsCommand());

const draftsCommand = (): Command =>
  addDraftingOptions(
    new Command('generate')
      .description('Draft impressions: of one report’s findings, or of every report of a data file.')
      .argument('[text]', 'findings, or - to read them from standard input')
      .option('--model <dir>', 'model directory')
      .option('--background <text>', 'indication, history, comparison: what precedes the findings', '')
      .option('--data <file>', 'examples (.json, .jsonl or .csv) instead of one text; needs --out')
      .option('--out <file>', 'where the drafts of --data go: JSON Lines of {"study_id", "impression"}')
      .option(
        '--n-best <n>',
        'so many drafts of each report with their scores, best first (default: 1)',
        wholeNumber(1),
      )
      .addOption(
        new Option(
          '--rerank [by]',
          'order the drafts of --n-best by the guard (fewest hard flags, then soft ones, then score), or by similar reports, whose impressions are then candidates too (default for a model that was trained with --retrieve, of 8 beams)',
        )
          .choices(['guard', 'similar'])
          .preset('guard'),
      )
      .option('--seed <n>', 'seed of sampling (default: 1)', wholeNumber(0))
      .option('--stream', 'print the draft word by word as it is written')
      .option('--json', 'print the draft as JSON, with its score and whether it or its input was cut'),
  ).action(generate);

const generate = async (findings: string | undefined, options: GenerateOptions, command: Command): Promise<void> => {
  const misuse = (message: string): never => command.error(`error: ${message}`, { exitCode: 2 });
  if ((options.model === undefined) === (options.endpoint === undefined))
    misuse('what should draft? give either --model or --endpoint');
  checkEndpointOptions(command);
  if (options.stream) {
    if (options.json) misuse('--stream and --json exclude each other, leave one of them out');
    if ((options.beams ?? 1) > 1 || (options.nBest ?? 1) > 1)
      misuse('--stream needs a single draft that is written once, leave out --beams and --n-best');
  }
  if (options.rerank && (options.nBest ?? 1) < 2) misuse('--rerank needs drafts to choose from, add --n-best N');
  if (options.data !== undefined) {
    if (findings !== undefined) misuse('findings as text and --data exclude each other, give one of them');
    if (options.out === undefined) return misuse('--data needs a file for its drafts, add --out PREDICTIONS.jsonl');
    if (options.json) misuse('--json is for a single text, the drafts of --data are JSON Lines already');
    if (options.stream) misuse('--stream is for a single text, leave it out with --data');
    if (options.background !== '') misuse('--background is for a single text, a data file has its own backgrounds');
    const { data, out } = options;
    if (options.endpoint !== undefined) return generateAtEndpoint(options, options, command);
    return interruptible((signal) => generateFile(data, out, options, command, signal), 'no drafts were written');
  }
  if (options.out !== undefined) misuse('--out is for --data, redirect standard output instead');
  if (findings === undefined)
    return misuse('nothing to draft from, give the findings as text, - for standard input, or --data FILE');

  if (options.endpoint !== undefined) return generateAtEndpoint({ ...options, findings }, options, command);

  const given = findings === '-' ? await text(process.stdin) : findings;
  const report = { findings: given.trim(), background: options.background };
  if (options.stream) {
    return withDrafter(options.model, options, command, async (drafter) => {
      const [leaning] = await leanOnSimilar(options.model, [report], options);
      for await (const piece of drafter.stream(leaning)) {
        if ('text' in piece) process.stdout.write(piece.text);
        else {
          process.stdout.write('\n');
          warnOfCuts(piece.draft, 'the report');
        }
      }
    });
  }
  const [draft] = await draftWith(options.model, [report], options, () => 'the report', command);
  if (options.json) console.log(JSON.stringify(options.nBest === undefined ? withoutCandidates(draft) : draft));
  else if (options.nBest === undefined) console.log(draft.impression);
  else for (const { impression, score } of draft.candidates) console.log(`${score?.toFixed(4) ?? ''}\t${impression}`);
};

const withoutCandidates = ({ candidates: _, ...draft }: Chosen): Omit<Chosen, 'candidates'> => draft;

const generateFile = async (
  data: string,
  out: string,
  options: GenerateOptions,
  command: Command,
  signal: AbortSignal,
): Promise<void> => {
  const [{ readExamples }, { writePredictions }, { writeWhole }] = await Promise.all([
    import('../reports/dataset.js'),
    import('../reports/predictions.js'),
    import('../ground/durable.js'),
  ]);
  const examples = await readExamples(data, { impressions: 'optional' });
  const label = (index: number): string => `study ${examples[index].studyId}`;
  const drafts = await draftWith(options.model, examples, options, label, command, signal);
  const leans = drafts.some(({ leanedOn }) => leanedOn !== undefined);
  if (options.nBest === undefined && !leans) {
    await writePredictions(
      out,
      drafts.map(({ impression }, index) => ({ studyId: examples[index].studyId, impression })),
    );
  } else {
    const lines = drafts.map(({ impression, score, candidates, leanedOn, borrowedFrom }, index) =>
      JSON.stringify({
        study_id: examples[index].studyId,
        impression,
        ...(options.nBest === undefined ? {} : { score, candidates }),
        leaned_on: leanedOn,
        borrowed_from: borrowedFrom,
      }),
    );
    await writeWhole(
      out,
      lines.map((line) => `${line}\n`),
    );
  }
  console.error(`${drafts.length.toLocaleString('en')} drafts written to ${out}`);
};
