/**
 * @file Everything this program made in an account and region, found by its tag, with its age and what of it costs
 * money. Each kind is asked for by itself: what may not be listed is said, not passed over.
 */
import {
  DescribeEndpointCommand,
  DescribeEndpointConfigCommand,
  ListEndpointConfigsCommand,
  ListEndpointsCommand,
  ListModelsCommand,
  ListTrainingJobsCommand,
  ListTransformJobsCommand,
} from '@aws-sdk/client-sagemaker';
import { Failure } from '../ground/failure.js';
import type { Clients } from './aws/clients.js';
import { awsFailure, isMissing } from './aws/errors.js';
import { jobTag, toolTag } from './aws/tags.js';
import { tagsOf } from './hosting/remove.js';
import { billableSeconds, describeTraining } from './training/follow.js';

/** The kinds of things there are. */
export type ThingKind = 'training job' | 'transform job' | 'endpoint' | 'endpoint configuration' | 'model';

/** One thing this program made. */
export interface Thing {
  readonly kind: ThingKind;
  readonly name: string;
  readonly state: string;
  readonly createdAt: Date;
  /** Whether it costs money now. */
  readonly costs: boolean;
  readonly instanceType?: string;
  readonly instances?: number;
  /** Hours that were or are paid for, of one machine. */
  readonly hours?: number;
  /** The training job it belongs to. */
  readonly job?: string;
  /** Why it failed. */
  readonly reason?: string;
}

/** What was found, and what could not be asked for. */
export interface Status {
  readonly things: readonly Thing[];
  readonly unknown: readonly { readonly kind: ThingKind; readonly failure: Failure }[];
}

interface Listed {
  readonly name: string;
  readonly arn: string;
  readonly createdAt: Date;
  readonly state: string;
}

const epoch = new Date(0);

/** All pages of a list. */
const pages = async <Page extends { NextToken?: string }>(
  ask: (NextToken: string | undefined) => Promise<Page>,
  read: (page: Page) => Listed[],
): Promise<Listed[]> => {
  const all: Listed[] = [];
  let token: string | undefined;
  do {
    const page = await ask(token);
    all.push(...read(page));
    token = page.NextToken;
  } while (token !== undefined);
  return all;
};

const lists = (
  { sagemaker }: Pick<Clients, 'sagemaker'>,
  since: Date,
): Readonly<Record<ThingKind, () => Promise<Listed[]>>> => ({
  'training job': () =>
    pages(
      (NextToken) =>
        sagemaker.send(new ListTrainingJobsCommand({ NextToken, CreationTimeAfter: since, MaxResults: 100 })),
      (page) =>
        (page.TrainingJobSummaries ?? []).map((job) => ({
          name: job.TrainingJobName ?? '',
          arn: job.TrainingJobArn ?? '',
          createdAt: job.CreationTime ?? epoch,
          state: job.TrainingJobStatus ?? '',
        })),
    ),
  'transform job': () =>
    pages(
      (NextToken) =>
        sagemaker.send(new ListTransformJobsCommand({ NextToken, CreationTimeAfter: since, MaxResults: 100 })),
      (page) =>
        (page.TransformJobSummaries ?? []).map((job) => ({
          name: job.TransformJobName ?? '',
          arn: job.TransformJobArn ?? '',
          createdAt: job.CreationTime ?? epoch,
          state: job.TransformJobStatus ?? '',
        })),
    ),
  endpoint: () =>
    pages(
      (NextToken) => sagemaker.send(new ListEndpointsCommand({ NextToken, MaxResults: 100 })),
      (page) =>
        (page.Endpoints ?? []).map((endpoint) => ({
          name: endpoint.EndpointName ?? '',
          arn: endpoint.EndpointArn ?? '',
          createdAt: endpoint.CreationTime ?? epoch,
          state: endpoint.EndpointStatus ?? '',
        })),
    ),
  'endpoint configuration': () =>
    pages(
      (NextToken) => sagemaker.send(new ListEndpointConfigsCommand({ NextToken, MaxResults: 100 })),
      (page) =>
        (page.EndpointConfigs ?? []).map((config) => ({
          name: config.EndpointConfigName ?? '',
          arn: config.EndpointConfigArn ?? '',
          createdAt: config.CreationTime ?? epoch,
          state: '',
        })),
    ),
  model: () =>
    pages(
      (NextToken) => sagemaker.send(new ListModelsCommand({ NextToken, MaxResults: 100 })),
      (page) =>
        (page.Models ?? []).map((model) => ({
          name: model.ModelName ?? '',
          arn: model.ModelArn ?? '',
          createdAt: model.CreationTime ?? epoch,
          state: '',
        })),
    ),
});

const hoursSince = (date: Date): number => Math.max(0, (Date.now() - date.getTime()) / 3_600_000);

/** What a list does not say of a training job. */
const trainingDetails = async (clients: Pick<Clients, 'sagemaker'>, listed: Listed): Promise<Partial<Thing>> => {
  const job = await describeTraining(clients, listed.name);
  return {
    state: [job.TrainingJobStatus, job.TrainingJobStatus === 'InProgress' ? job.SecondaryStatus : undefined]
      .filter(Boolean)
      .join(', '),
    costs: ['InProgress', 'Stopping'].includes(job.TrainingJobStatus ?? ''),
    instanceType: job.ResourceConfig?.InstanceType,
    instances: job.ResourceConfig?.InstanceCount,
    hours: billableSeconds(job) / 3600,
    reason: job.FailureReason,
  };
};

const endpointDetails = async ({ sagemaker }: Pick<Clients, 'sagemaker'>, listed: Listed): Promise<Partial<Thing>> => {
  const endpoint = await sagemaker.send(new DescribeEndpointCommand({ EndpointName: listed.name }));
  const config = await sagemaker.send(
    new DescribeEndpointConfigCommand({ EndpointConfigName: endpoint.EndpointConfigName }),
  );
  const [variant] = config.ProductionVariants ?? [];
  return {
    costs: !['Failed', 'Deleting'].includes(endpoint.EndpointStatus ?? ''),
    instanceType: variant?.InstanceType,
    instances: endpoint.ProductionVariants?.[0]?.CurrentInstanceCount ?? variant?.InitialInstanceCount,
    hours: hoursSince(listed.createdAt),
    reason: endpoint.FailureReason,
  };
};

/** Requests for tags under way at once: AWS throttles them soon. */
const atOnce = 4;

const ours = async (
  clients: Pick<Clients, 'sagemaker'>,
  kind: ThingKind,
  listed: readonly Listed[],
): Promise<Thing[]> => {
  const things: Thing[] = [];
  const waiting = listed.values();
  const work = async (): Promise<void> => {
    for (const item of waiting) {
      const tags = await tagsOf(clients.sagemaker, item.arn);
      if (tags[toolTag] === undefined) continue;
      const { name, state, createdAt } = item;
      const thing: Thing = {
        kind,
        name,
        state,
        createdAt,
        costs: kind === 'transform job' && state === 'InProgress',
        job: tags[jobTag],
      };
      try {
        if (kind === 'training job') things.push({ ...thing, ...(await trainingDetails(clients, item)) });
        else if (kind === 'endpoint') things.push({ ...thing, ...(await endpointDetails(clients, item)) });
        else things.push(thing);
      } catch (error) {
        // Removed by someone between the two looks.
        if (!isMissing(error)) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return things;
};

/**
 * Lists what this program made.
 *
 * @param since Jobs that began earlier are left out; endpoints and models never are.
 * @throws {Failure} When nothing at all can be asked for.
 */
export const readStatus = async (clients: Pick<Clients, 'sagemaker'>, since: Date): Promise<Status> => {
  const things: Thing[] = [];
  const unknown: { kind: ThingKind; failure: Failure }[] = [];
  const all = Object.entries(lists(clients, since)) as [ThingKind, () => Promise<Listed[]>][];
  for (const [kind, list] of all) {
    try {
      things.push(...(await ours(clients, kind, await list())));
    } catch (error) {
      const failure = awsFailure(error, `cannot list the ${kind}s`, clients.sagemaker.config.serviceId);
      if (!(failure instanceof Failure)) throw failure;
      unknown.push({ kind, failure });
    }
  }
  if (unknown.length === all.length) throw unknown[0]!.failure;
  things.sort((a, b) => Number(b.costs) - Number(a.costs) || b.createdAt.getTime() - a.createdAt.getTime());
  return { things, unknown };
};
