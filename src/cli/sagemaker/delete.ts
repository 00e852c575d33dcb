/** @file `impressionist sagemaker delete`: ends and removes what costs money, and on request what lies in S3. */
import { Command } from 'commander';
import { Failure } from '../../ground/failure.js';
import type { Clients } from '../../sagemaker/aws/clients.js';
import { news, result } from './news.js';
import { type AccountOptions, withAccount } from './options.js';

interface DeleteOptions extends AccountOptions {
  readonly all?: boolean;
  readonly data?: boolean;
  readonly model?: boolean;
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

/** Stops a training job, and removes its objects from S3 where that is wished. */
const endTraining = async (clients: Clients, name: string, options: DeleteOptions): Promise<string[] | undefined> => {
  const [{ findRun }, { stopTraining, followTraining }, objects, { within, s3Uri }, { toolTag }, { tagsOf }] =
    await Promise.all([
      import('../../sagemaker/find-run.js'),
      import('../../sagemaker/training/follow.js'),
      import('../../sagemaker/data/objects.js'),
      import('../../sagemaker/data/s3-uri.js'),
      import('../../sagemaker/aws/tags.js'),
      import('../../sagemaker/hosting/remove.js'),
    ]);
  let found: Awaited<ReturnType<typeof findRun>>;
  try {
    found = await findRun(clients, name);
  } catch (error) {
    if (error instanceof Failure && error.what === 'no such training job') return undefined;
    throw error;
  }
  const { job, base } = found;
  if (!options.force && (await tagsOf(clients.sagemaker, job.TrainingJobArn ?? ''))[toolTag] === undefined) {
    throw new Failure({
      what: 'not made by this program',
      where: name,
      got: `no tag ${toolTag}`,
      fix: 'stop it anyway with --force',
    });
  }
  const done: string[] = [];
  const running = job.TrainingJobStatus === 'InProgress' || job.TrainingJobStatus === 'Stopping';
  if (running) {
    if (!options.dryRun) {
      await stopTraining(clients, name);
      news(`asked AWS to stop training job ${name}; waiting until it has ended`);
      await followTraining(
        clients,
        name,
        {
          state: (state) => news(`training job ${name}: ${state}`),
          line: () => {},
          figures: () => {},
          billable: () => {},
          logTrouble: () => {},
        },
        options.poll,
      );
    }
    done.push(`training job ${name} (stopped; AWS keeps its record, which costs nothing)`);
  }
  const prefixes =
    base === undefined ? [] : [...(options.data ? ['input', 'checkpoints'] : []), ...(options.model ? ['output'] : [])];
  for (const prefix of prefixes) {
    const place = within(base!, prefix);
    const found = await objects.listObjects(clients.s3, { bucket: place.bucket, key: `${place.key}/` });
    if (found.length === 0) continue;
    if (!options.dryRun) {
      await objects.removeObjects(
        clients.s3,
        place.bucket,
        found.map(({ key }) => key),
      );
    }
    done.push(`${found.length} objects of ${s3Uri(place)}/`);
  }
  if (done.length === 0) done.push(`nothing of training job ${name}: it has ended (see --data and --model for S3)`);
  return done;
};

const one = async (clients: Clients, name: string, options: DeleteOptions): Promise<string[]> => {
  const { removeEndpoint } = await import('../../sagemaker/hosting/remove.js');
  const ended = await endTraining(clients, name, options);
  if (ended !== undefined) return ended;
  if (options.data || options.model) {
    throw new Failure({
      what: 'no such training job',
      where: name,
      fix: '--data and --model belong to a training job',
    });
  }
  if (options.dryRun) return [`endpoint ${name}, its configuration and its model`];
  const removed = await removeEndpoint(clients, name, options.force === true, options.poll, news);
  if (removed.length > 0) return removed;
  throw new Failure({
    what: 'nothing of that name',
    where: name,
    got: 'neither training job nor endpoint',
    fix: 'impressionist sagemaker status lists what there is; check --region',
  });
};

/** Ends and removes all that is not a record: running jobs, endpoints, configurations, models. */
const everything = async (clients: Clients, options: DeleteOptions): Promise<string[]> => {
  const [{ readStatus }, removal, { StopTransformJobCommand }] = await Promise.all([
    import('../../sagemaker/status.js'),
    import('../../sagemaker/hosting/remove.js'),
    import('@aws-sdk/client-sagemaker'),
  ]);
  const { things, unknown } = await readStatus(clients, new Date(0));
  if (unknown.length > 0) throw unknown[0]!.failure;
  const names = (kind: string): string[] => things.filter((thing) => thing.kind === kind).map(({ name }) => name);
  const done: string[] = [];
  const doing = async (text: string, run: () => Promise<unknown>): Promise<void> => {
    if (!options.dryRun) await run();
    done.push(text);
  };
  for (const { kind, name, costs } of things) {
    if (kind === 'training job' && (costs || options.data || options.model)) {
      done.push(...((await endTraining(clients, name, options)) ?? []));
    }
    if (kind === 'transform job' && costs) {
      await doing(`transform job ${name} (stopped)`, () =>
        clients.sagemaker.send(new StopTransformJobCommand({ TransformJobName: name })),
      );
    }
  }
  for (const name of names('endpoint')) {
    await doing(`endpoint ${name}`, () => removal.removeEndpoint(clients, name, true, options.poll, news));
  }
  for (const name of names('endpoint configuration')) {
    await doing(`endpoint configuration ${name}`, () => removal.removeConfig(clients, name));
  }
  for (const name of names('model')) await doing(`model ${name}`, () => removal.removeModel(clients, name));
  return done;
};

const run = async (name: string | undefined, options: DeleteOptions): Promise<void> => {
  if ((name === undefined) === (options.all !== true)) {
    throw new Failure({
      what: 'either one thing or all of them is deleted',
      where: name === undefined ? 'NAME' : '--all',
      fix: 'name a job or an endpoint, or give --all',
    });
  }
  const { connect } = await import('../../sagemaker/aws/clients.js');
  const clients = await connect(options);
  const removed = name === undefined ? await everything(clients, options) : await one(clients, name, options);
  const head = options.dryRun ? 'Nothing is removed. This would be:' : 'Removed:';
  result(
    options.json,
    { dryRun: options.dryRun === true, removed },
    removed.length === 0 ? 'There was nothing to remove.' : [head, ...removed.map((text) => `  ${text}`)].join('\n'),
  );
};

/** The `sagemaker delete` command. */
export const deleteCommand = (): Command =>
  withAccount(
    new Command('delete')
      .description('Remove an endpoint with all that belongs to it, or stop a training job.')
      .argument('[NAME]', 'an endpoint or a training job'),
  )
    .option('--all', 'everything this program made in the region')
    .option('--data', 'also remove the job’s uploaded reports and checkpoints from S3')
    .option('--model', 'also remove the job’s model from S3')
    .option('--force', 'also what this program did not make')
    .option('--dry-run', 'show what would be removed and remove nothing')
    .action(run);
