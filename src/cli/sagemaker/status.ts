/** @file `impressionist sagemaker status`: what this program made at AWS, how old it is, what of it costs money. */
import { Command } from 'commander';
import type { Thing } from '../../sagemaker/status.js';
import { age, paidTime } from './money.js';
import { news, result } from './news.js';
import { type AccountOptions, assignment, positive, withAccount } from './options.js';

interface StatusOptions extends AccountOptions {
  readonly days: number;
  readonly price?: Record<string, string>;
}

const row = (thing: Thing, price: number | undefined): string => {
  const machines = thing.instanceType === undefined ? '' : ` on ${thing.instances ?? 1} ${thing.instanceType}`;
  const paid =
    thing.hours === undefined || thing.hours === 0
      ? ''
      : `, ${thing.costs ? 'so far' : 'paid'} ${paidTime(thing.hours * 3600, thing.instances ?? 1, price)}`;
  return [
    thing.costs ? 'COSTS MONEY' : '           ',
    ` ${thing.kind} ${thing.name}`,
    thing.state ? ` (${thing.state})` : '',
    `${machines}, ${age(thing.createdAt)} old${paid}`,
    thing.reason ? `, because ${thing.reason.replace(/\s+/g, ' ').slice(0, 200)}` : '',
  ].join('');
};

const run = async (options: StatusOptions): Promise<void> => {
  const [{ connect }, { readStatus }] = await Promise.all([
    import('../../sagemaker/aws/clients.js'),
    import('../../sagemaker/status.js'),
  ]);
  const clients = await connect(options);
  const { things, unknown } = await readStatus(clients, new Date(Date.now() - options.days * 86_400_000));
  const priceOf = (thing: Thing): number | undefined => {
    const price = options.price?.[thing.instanceType ?? ''];
    return price === undefined ? undefined : positive(price);
  };
  for (const { failure } of unknown) news(`not known: ${failure.message}`);
  if (unknown.length > 0) process.exitCode = 1;
  const paying = things.filter(({ costs }) => costs);
  const ends = paying.map(({ name }) => `  impressionist sagemaker delete ${name}`);
  const stored = 'Data and models in S3 cost storage until they are removed: sagemaker delete JOB --data --model.';
  const summary =
    paying.length === 0
      ? `Nothing of it costs money by the hour${unknown.length > 0 ? ', as far as it is known' : ''}. ${stored}`
      : `${paying.length} of ${things.length} cost money now. End them with:\n${ends.join('\n')}`;
  result(
    options.json,
    {
      region: clients.region,
      things: things.map((thing) => ({ ...thing, pricePerHour: priceOf(thing) })),
      unknown: unknown.map(({ kind, failure }) => ({ kind, why: failure.message })),
    },
    things.length === 0
      ? `This program has made nothing in ${clients.region} in the last ${options.days} days.`
      : `${things.map((thing) => row(thing, priceOf(thing))).join('\n')}\n${summary}`,
  );
};

/** The `sagemaker status` command. */
export const statusCommand = (): Command =>
  withAccount(
    new Command('status').description('List everything this program made at AWS, and what of it costs money.'),
  )
    .option('--days <N>', 'leave out jobs that began earlier', positive, 30)
    .option('--price <TYPE=USD>', 'price of an instance type an hour; may be repeated', assignment)
    .action(run);
