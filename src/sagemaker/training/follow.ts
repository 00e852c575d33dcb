/**
 * @file Following a training job until it ends: its states, the figures in its log, what it costs so far. The job
 * does not depend on it; whoever stops following can come back.
 */
import {
  DescribeTrainingJobCommand,
  type DescribeTrainingJobCommandOutput,
  StopTrainingJobCommand,
} from '@aws-sdk/client-sagemaker';
import { Failure } from '../../ground/failure.js';
import type { Clients } from '../aws/clients.js';
import { asking, isMissing } from '../aws/errors.js';
import { pause } from '../aws/pause.js';
import { logGroups, logReader } from './logs.js';
import { metricFinder } from './metrics.js';

/** What is told while following. */
export interface TrainingWatcher {
  /** A new state, with AWS's words on it. */
  readonly state: (state: string, message: string) => void;
  /** A line of the job's log. */
  readonly line: (text: string) => void;
  /** Figures found in a line, by metric name. */
  readonly figures: (figures: Readonly<Record<string, number>>) => void;
  /** Seconds that cost money so far; told at every look. */
  readonly billable: (seconds: number) => void;
  /** The log cannot be read; said once. */
  readonly logTrouble: (failure: Failure) => void;
}

/** How a followed job ended, or that the user stopped following. */
export type TrainingEnd =
  | { readonly kind: 'completed' | 'failed' | 'stopped'; readonly job: DescribeTrainingJobCommandOutput }
  | { readonly kind: 'left' };

const ends: Readonly<Record<string, 'completed' | 'failed' | 'stopped'>> = {
  Completed: 'completed',
  Failed: 'failed',
  Stopped: 'stopped',
};

/** Looks at the job that may fail in a row: AWS or the network have bad minutes, the job goes on meanwhile. */
const failedLooks = 10;

/** Describes a job. */
export const describeTraining = async (
  { sagemaker }: Pick<Clients, 'sagemaker'>,
  name: string,
): Promise<DescribeTrainingJobCommandOutput> => {
  try {
    return await asking('cannot look at the training job', name, () =>
      sagemaker.send(new DescribeTrainingJobCommand({ TrainingJobName: name })),
    );
  } catch (error) {
    if (!isMissing((error as Error).cause)) throw error;
    throw new Failure(
      {
        what: 'no such training job',
        where: name,
        fix: 'impressionist sagemaker status lists those there are; check --region',
      },
      { cause: error },
    );
  }
};

/** Seconds that cost money: AWS's own figure once there is one, the time since the machine began to run before. */
export const billableSeconds = (job: DescribeTrainingJobCommandOutput, now = Date.now()): number => {
  if (job.BillableTimeInSeconds !== undefined) return job.BillableTimeInSeconds;
  if (job.TrainingStartTime === undefined) return 0;
  return Math.max(0, ((job.TrainingEndTime?.getTime() ?? now) - job.TrainingStartTime.getTime()) / 1000);
};

/**
 * Follows a job until it ends or the user leaves.
 *
 * @param pollSeconds Time between two looks.
 * @param signal The user leaves; the job goes on.
 * @throws {Failure} When the job cannot be looked at any more; says how to come back.
 */
export const followTraining = async (
  clients: Pick<Clients, 'sagemaker' | 'logs'>,
  name: string,
  watcher: TrainingWatcher,
  pollSeconds: number,
  signal?: AbortSignal,
): Promise<TrainingEnd> => {
  const nextLines = logReader(clients, logGroups.training, `${name}/`);
  let readable = true;
  let find: ReturnType<typeof metricFinder> | undefined;
  let told = 0;
  let failures = 0;

  const tellLog = async (): Promise<void> => {
    if (!readable) return;
    try {
      for (const { text } of await nextLines()) {
        watcher.line(text);
        const figures = find!(text);
        if (Object.keys(figures).length > 0) watcher.figures(figures);
      }
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      readable = false;
      watcher.logTrouble(error);
    }
  };

  const look = async (): Promise<DescribeTrainingJobCommandOutput | undefined> => {
    try {
      const job = await describeTraining(clients, name);
      failures = 0;
      return job;
    } catch (error) {
      failures += 1;
      if (!(error instanceof Failure) || error.what === 'no such training job' || failures >= failedLooks) {
        if (!(error instanceof Failure)) throw error;
        throw new Failure(
          {
            what: error.what,
            where: error.where,
            got: error.got,
            fix: `the job may still run: impressionist sagemaker train --attach ${name}`,
          },
          { cause: error },
        );
      }
      return undefined;
    }
  };

  for (;;) {
    const job = await look();
    if (job !== undefined) {
      find ??= metricFinder(
        (job.AlgorithmSpecification?.MetricDefinitions as Parameters<typeof metricFinder>[0]) ?? [],
      );
      const steps = job.SecondaryStatusTransitions ?? [];
      for (const step of steps.slice(told)) watcher.state(step.Status ?? '', step.StatusMessage ?? '');
      told = Math.max(told, steps.length);
      await tellLog();
      watcher.billable(billableSeconds(job));
      const kind = ends[job.TrainingJobStatus ?? ''];
      if (kind !== undefined) return { kind, job };
    }
    if (signal?.aborted) return { kind: 'left' };
    await pause(pollSeconds, signal);
    if (signal?.aborted) return { kind: 'left' };
  }
};

/** Asks AWS to stop a job; it saves and ends within minutes. A job that has ended already is left as it is. */
export const stopTraining = async ({ sagemaker }: Pick<Clients, 'sagemaker'>, name: string): Promise<void> => {
  await asking('cannot stop the training job', name, async () => {
    try {
      await sagemaker.send(new StopTrainingJobCommand({ TrainingJobName: name }));
    } catch (error) {
      if (!/in status (?:Completed|Failed|Stopp)/i.test((error as Error).message)) throw error;
    }
  });
};

/** What a failed job's reason asks of the user. */
export const adviceOnFailure = (job: DescribeTrainingJobCommandOutput): string => {
  const reason = job.FailureReason ?? '';
  const log = `its log: CloudWatch, ${logGroups.training}, ${job.TrainingJobName}`;
  if (/out of memory|OutOfMemory|CUDA error: out/i.test(reason)) {
    return `lower --set batch_size, or choose an instance with more GPU memory; ${log}`;
  }
  if (/CapacityError|insufficient capacity/i.test(reason)) {
    return 'AWS has no such machine free now: try later, another --instance, or another --region';
  }
  if (/AccessDenied|not authorized|403/i.test(reason)) {
    return 'the role lacks a right; docs/sagemaker/execution-role.json holds the policy it needs';
  }
  if (/MaxWaitTimeExceeded|MaxRuntimeExceeded/i.test(`${reason} ${job.SecondaryStatus}`)) {
    return 'raise --max-hours (and --max-wait-hours for spot)';
  }
  return `see ${log}`;
};
