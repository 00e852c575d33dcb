/** @file `impressionist sagemaker pull`: a finished job's model as a local model directory. */
import { Command } from 'commander';
import { Failure } from '../../ground/failure.js';
import { parsePrompt } from '../../reports/prompt.js';
import { startProgress } from '../progress.js';
import { chosenPrompt, promptFileOption } from '../prompt.js';
import { news, result } from './news.js';
import { type AccountOptions, required, withAccount } from './options.js';

interface PullOptions extends AccountOptions {
  readonly out?: string;
  readonly prompt?: string;
  readonly promptFile?: string;
}

const run = async (job: string, options: PullOptions): Promise<void> => {
  const out = required(options.out, '--out', 'models/impressions');
  const [{ connect }, { artefactOf, findRun }, { pullModel }] = await Promise.all([
    import('../../sagemaker/aws/clients.js'),
    import('../../sagemaker/find-run.js'),
    import('../../sagemaker/pull/pull.js'),
  ]);
  const clients = await connect(options);
  const found = await findRun(clients, job);
  const wished = await chosenPrompt(options);
  if (wished !== undefined && found.record !== undefined && wished.template !== found.record.prompt) {
    throw new Failure({
      what: 'the model learned another prompt',
      where: options.prompt === undefined ? '--prompt-file' : '--prompt',
      got: 'a template that differs from the one of the training job',
      fix: 'leave it out',
    });
  }
  const prompt = wished ?? (found.record && parsePrompt(found.record.prompt));
  if (prompt === undefined)
    news(
      'nothing tells which prompt the model learned; give it with --prompt, or its template.json with --prompt-file',
    );
  let progress: ReturnType<typeof startProgress> | undefined;
  const pulled = await pullModel(clients, artefactOf(found.job), out, prompt, (bytes, total) => {
    progress ??= startProgress('fetching', Math.ceil(total / 1024), 'KiB');
    progress.update(Math.ceil(bytes / 1024));
  }).finally(() => progress?.stop());
  const checked =
    pulled.checked === undefined
      ? `an adapter of ${pulled.base}`
      : `${pulled.checked.tensors} tensors, ${pulled.checked.values.toLocaleString('en')} values, all checked`;
  if (pulled.left.length > 0) news(`left out: ${pulled.left.join(', ')}`);
  result(
    options.json,
    { ...pulled },
    [
      `${out}: ${checked}${pulled.converted.length > 0 ? `; ${pulled.converted.join(', ')} converted from PyTorch` : ''}`,
      `try it: impressionist generate 'FINDINGS' --model ${out}`,
    ].join('\n'),
  );
};

/** The `sagemaker pull` command. */
export const pullCommand = (): Command =>
  withAccount(
    new Command('pull')
      .description('Fetch a finished job’s model: unpacked, in safetensors, checked, ready for generate.')
      .argument('JOB', 'the training job'),
  )
    .option('--out <DIR>', 'where the model directory is to stand; must be empty or missing')
    .option('--prompt <TEMPLATE>', 'prompt the model learned, if the job does not tell')
    .addOption(promptFileOption())
    .action(run);
