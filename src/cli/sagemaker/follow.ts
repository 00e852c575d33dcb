/** @file Following a training job on the terminal. */
import { Failure } from '../../ground/failure.js';
import type { Clients } from '../../sagemaker/aws/clients.js';
import { decide, interruptible, type OnInterrupt } from './interrupt.js';
import { paidTime } from './money.js';
import { news, result } from './news.js';

/** How a job is followed. */
export interface FollowOptions {
  readonly poll: number;
  readonly json?: boolean;
  readonly logs?: boolean;
  readonly pricePerHour?: number;
  readonly onInterrupt: OnInterrupt;
}

const shown = (figures: Readonly<Record<string, number>>): string =>
  Object.entries(figures)
    .map(([name, value]) => `${name.split(':').at(-1)} ${value}`)
    .join(', ');

/**
 * Follows a job until it ends, or the user leaves.
 *
 * @throws {Failure} When the job fails, with its reason.
 */
export const follow = async (clients: Clients, name: string, options: FollowOptions): Promise<void> => {
  const following = await import('../../sagemaker/training/follow.js');
  let lastPaid = '';
  let nextPaidAt = 0;
  const watcher = {
    state: (state: string, message: string) => news(`${state}${message ? `: ${message}` : ''}`),
    line: (text: string) => {
      if (options.logs) news(text);
    },
    figures: (figures: Readonly<Record<string, number>>) => news(shown(figures)),
    billable: (seconds: number) => {
      const paid = paidTime(seconds, 1, options.pricePerHour);
      if (seconds === 0 || paid === lastPaid || Date.now() < nextPaidAt) return;
      lastPaid = paid;
      nextPaidAt = Date.now() + 60_000;
      news(`paid so far: ${paid}`);
    },
    logTrouble: (failure: Failure) => news(`the log is not shown: ${failure.message}`),
  };
  for (;;) {
    const end = await interruptible((signal) => following.followTraining(clients, name, watcher, options.poll, signal));
    if (end.kind === 'left') {
      const decision = await decide(options.onInterrupt, `Training job ${name} runs on at AWS and costs money.`);
      if (decision === 'continue') continue;
      if (decision === 'stop') {
        await following.stopTraining(clients, name);
        news(`asked AWS to stop ${name}; it saves what it has and ends within minutes`);
      } else {
        news(`${name} runs on and costs money; follow it: impressionist sagemaker train --attach ${name}`);
        news(`stop it: impressionist sagemaker delete ${name}`);
      }
      process.exitCode = 130;
      return;
    }
    const { job } = end;
    const paid = paidTime(following.billableSeconds(job), 1, options.pricePerHour);
    if (end.kind === 'failed') {
      throw new Failure({
        what: 'the training job failed',
        where: name,
        got: `${job.FailureReason ?? 'no reason given'} (${paid} paid)`,
        fix: following.adviceOnFailure(job),
      });
    }
    if (end.kind === 'stopped' && !job.ModelArtifacts?.S3ModelArtifacts) {
      throw new Failure({
        what: 'the training job was stopped before it had a model',
        where: name,
        got: [job.SecondaryStatus, `${paid} paid`].filter(Boolean).join(', '),
        fix: following.adviceOnFailure(job),
      });
    }
    const saved =
      job.EnableManagedSpotTraining && job.TrainingTimeInSeconds && job.BillableTimeInSeconds
        ? ` Spot saved ${Math.round((1 - job.BillableTimeInSeconds / job.TrainingTimeInSeconds) * 100)} %.`
        : '';
    const metrics = Object.fromEntries(
      (job.FinalMetricDataList ?? []).map(({ MetricName, Value }) => [MetricName ?? '', Value]),
    );
    const model = job.ModelArtifacts?.S3ModelArtifacts;
    result(
      options.json,
      {
        job: name,
        status: job.TrainingJobStatus,
        secondaryStatus: job.SecondaryStatus,
        model,
        billableSeconds: following.billableSeconds(job),
        costUsd:
          options.pricePerHour === undefined
            ? undefined
            : (following.billableSeconds(job) / 3600) * options.pricePerHour,
        metrics,
      },
      [
        `${name} is ${end.kind}: ${model}`,
        `Paid: ${paid}.${saved} Nothing of the job runs any more; its files in S3 cost storage.`,
        `Next: impressionist sagemaker deploy ${name} --instance ml.g5.2xlarge`,
        `      impressionist sagemaker pull ${name} --out DIR`,
      ].join('\n'),
    );
    return;
  }
};
