/**
 * @file Removing an endpoint with all that belongs to it, in the order AWS wants: endpoint, configuration, model.
 * What is already gone is passed over, so that a broken-off removal can be run again.
 */
import {
  DeleteEndpointCommand,
  DeleteEndpointConfigCommand,
  DeleteModelCommand,
  DescribeEndpointCommand,
  DescribeEndpointConfigCommand,
  ListTagsCommand,
  type SageMakerClient,
} from '@aws-sdk/client-sagemaker';
import { Failure } from '../../ground/failure.js';
import type { Clients } from '../aws/clients.js';
import { asking, isMissing } from '../aws/errors.js';
import { pause } from '../aws/pause.js';
import { byKey, toolTag } from '../aws/tags.js';

type Only = Pick<Clients, 'sagemaker'>;

/** Runs something that may find its object already gone. */
const unlessGone = async <T>(what: string, where: string, run: () => Promise<T>): Promise<T | undefined> =>
  asking(what, where, async () => {
    try {
      return await run();
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  });

/** The tags of a resource; none when it is gone. */
export const tagsOf = async (sagemaker: SageMakerClient, arn: string): Promise<Record<string, string>> => {
  const answer = await unlessGone('cannot read the tags', arn, () =>
    sagemaker.send(new ListTagsCommand({ ResourceArn: arn })),
  );
  return byKey(answer?.Tags);
};

/** Removes a model, if it is there. */
export const removeModel = async ({ sagemaker }: Only, name: string): Promise<void> => {
  await unlessGone('cannot remove the model', name, () => sagemaker.send(new DeleteModelCommand({ ModelName: name })));
};

/** Removes an endpoint configuration, if it is there. */
export const removeConfig = async ({ sagemaker }: Only, name: string): Promise<void> => {
  await unlessGone('cannot remove the endpoint configuration', name, () =>
    sagemaker.send(new DeleteEndpointConfigCommand({ EndpointConfigName: name })),
  );
};

const describe = ({ sagemaker }: Only, name: string) =>
  unlessGone('cannot look at the endpoint', name, () =>
    sagemaker.send(new DescribeEndpointCommand({ EndpointName: name })),
  );

const modelsOf = async ({ sagemaker }: Only, config: string): Promise<{ arn?: string; models: string[] }> => {
  const answer = await unlessGone('cannot look at the endpoint configuration', config, () =>
    sagemaker.send(new DescribeEndpointConfigCommand({ EndpointConfigName: config })),
  );
  const models = (answer?.ProductionVariants ?? []).flatMap(({ ModelName }) => (ModelName ? [ModelName] : []));
  return { arn: answer?.EndpointConfigArn, models };
};

/** What is told while removing. */
export type RemovalNews = (text: string) => void;

/**
 * Removes an endpoint, its configuration and its models.
 *
 * @param name The endpoint's name.
 * @param anyone Whether one that this program did not make may be removed too.
 * @param pollSeconds Time between two looks while AWS is busy with it.
 * @returns What was removed, in order; empty when there was nothing of that name.
 * @throws {Failure} When it is not this program's, or AWS refuses.
 */
export const removeEndpoint = async (
  clients: Only,
  name: string,
  anyone: boolean,
  pollSeconds: number,
  news: RemovalNews = () => {},
): Promise<string[]> => {
  const removed: string[] = [];
  let endpoint = await describe(clients, name);
  // An endpoint that broke off while being made may have left its configuration and model, under the same name.
  const config = endpoint?.EndpointConfigName ?? name;
  const { arn: configArn, models } = await modelsOf(clients, config);
  const arn = endpoint?.EndpointArn ?? configArn;
  if (arn !== undefined && !anyone && (await tagsOf(clients.sagemaker, arn))[toolTag] === undefined) {
    throw new Failure({
      what: 'not made by this program',
      where: name,
      got: `no tag ${toolTag}`,
      fix: 'remove it anyway with --force',
    });
  }
  if (endpoint !== undefined) {
    // AWS does not remove an endpoint it is still making.
    for (
      ;
      endpoint !== undefined &&
      ['Creating', 'Updating', 'SystemUpdating', 'RollingBack'].includes(endpoint.EndpointStatus ?? '');
    ) {
      news(`endpoint ${name} is ${endpoint.EndpointStatus}; waiting until it can be removed`);
      await pause(pollSeconds);
      endpoint = await describe(clients, name);
    }
    if (endpoint !== undefined && endpoint.EndpointStatus !== 'Deleting') {
      await unlessGone('cannot remove the endpoint', name, () =>
        clients.sagemaker.send(new DeleteEndpointCommand({ EndpointName: name })),
      );
    }
    while ((await describe(clients, name)) !== undefined) await pause(pollSeconds);
    removed.push(`endpoint ${name}`);
    news(`removed endpoint ${name}`);
  }
  if (configArn !== undefined) {
    await removeConfig(clients, config);
    removed.push(`endpoint configuration ${config}`);
    news(`removed endpoint configuration ${config}`);
  }
  for (const model of models) {
    await removeModel(clients, model);
    removed.push(`model ${model}`);
    news(`removed model ${model}`);
  }
  return removed;
};
