/** @file `impressionist generate`: drafts for one report given as text, or for a data file. */
import { text } from 'node:stream/consumers';
import { Command } from 'commander';
import { addDraftingOptions, type DraftingOptions, draftWith } from './drafting.js';

interface GenerateOptions extends DraftingOptions {
  readonly model: string;
  readonly background: string;
  readonly data?: string;
  readonly out?: string;
  readonly json?: boolean;
}

export const generateCommand = (): Command =>
  addDraftingOptions(
    new Command('generate')
      .description('Draft impressions: of one report’s findings, or of every report of a data file.')
      .argument('[text]', 'findings, or - to read them from standard input')
      .requiredOption('--model <dir>', 'model directory')
      .option('--background <text>', 'indication, history, comparison: what precedes the findings', '')
      .option('--data <file>', 'examples (.json, .jsonl or .csv) instead of one text; needs --out')
      .option('--out <file>', 'where the drafts of --data go: JSON Lines of {"study_id", "impression"}')
      .option('--json', 'print the draft as JSON, with whether it was truncated or its input cut'),
  ).action(generate);

const generate = async (findings: string | undefined, options: GenerateOptions, command: Command): Promise<void> => {
  const misuse = (message: string): never => command.error(`error: ${message}`, { exitCode: 2 });
  if (options.data !== undefined) {
    if (findings !== undefined) misuse('findings as text and --data exclude each other, give one of them');
    if (options.out === undefined) return misuse('--data needs a file for its drafts, add --out PREDICTIONS.jsonl');
    if (options.json) misuse('--json is for a single text, the drafts of --data are JSON Lines already');
    if (options.background !== '') misuse('--background is for a single text, a data file has its own backgrounds');
    return generateFile(options.data, options.out, options);
  }
  if (options.out !== undefined) misuse('--out is for --data, redirect standard output instead');
  if (findings === undefined)
    return misuse('nothing to draft from, give the findings as text, - for standard input, or --data FILE');

  const given = findings === '-' ? await text(process.stdin) : findings;
  const report = { findings: given.trim(), background: options.background };
  const [draft] = await draftWith(options.model, [report], options, () => 'the report');
  console.log(options.json ? JSON.stringify(draft) : draft.impression);
};

const generateFile = async (data: string, out: string, options: GenerateOptions): Promise<void> => {
  const [{ readExamples }, { writePredictions }] = await Promise.all([
    import('../reports/dataset.js'),
    import('../reports/predictions.js'),
  ]);
  const examples = await readExamples(data, { impressions: 'optional' });
  const drafts = await draftWith(options.model, examples, options, (index) => `study ${examples[index].studyId}`);
  await writePredictions(
    out,
    drafts.map(({ impression }, index) => ({ studyId: examples[index].studyId, impression })),
  );
  console.error(`${drafts.length.toLocaleString('en')} drafts written to ${out}`);
};
