/**
 * @file Making an endpoint and waiting until it answers. When a step fails, or the endpoint never becomes healthy,
 * everything made for it is removed: a broken endpoint costs as much as a good one.
 */
import {
  CreateEndpointCommand,
  type CreateEndpointCommandInput,
  CreateEndpointConfigCommand,
  type CreateEndpointConfigCommandInput,
  CreateModelCommand,
  type CreateModelCommandInput,
  DescribeEndpointCommand,
} from '@aws-sdk/client-sagemaker';
import { Failure } from '../../ground/failure.js';
import type { Clients } from '../aws/clients.js';
import { asking } from '../aws/errors.js';
import { pause } from '../aws/pause.js';
import { logGroups } from '../training/logs.js';
import { removeConfig, removeEndpoint, removeModel } from './remove.js';

/** The three requests; see `requests.ts`. */
export interface EndpointRequests {
  readonly model: CreateModelCommandInput;
  readonly config: CreateEndpointConfigCommandInput;
  readonly endpoint: CreateEndpointCommandInput;
}

type Only = Pick<Clients, 'sagemaker'>;

/** Runs the clean-up of a failed step; when it fails too, the message says what stayed. */
const afterwards = async (error: unknown, leftovers: string, cleanUp: () => Promise<unknown>): Promise<never> => {
  try {
    await cleanUp();
  } catch (second) {
    if (!(error instanceof Failure)) throw error;
    throw new Failure(
      {
        what: `${error.what}; and ${leftovers} could not be removed`,
        where: error.where,
        got: [error.got, second instanceof Error ? second.message : ''].filter(Boolean).join('; '),
        fix: `impressionist sagemaker delete ${error.where ?? ''}`.trim(),
      },
      { cause: error },
    );
  }
  throw error;
};

/**
 * Creates model, configuration and endpoint. The endpoint costs money from here on.
 *
 * @throws {Failure} When a step fails; nothing of the others is left then.
 */
export const createEndpoint = async (clients: Only, requests: EndpointRequests): Promise<void> => {
  const { sagemaker } = clients;
  const name = requests.endpoint.EndpointName!;
  await asking('cannot create the model', name, () => sagemaker.send(new CreateModelCommand(requests.model)));
  try {
    await asking('cannot create the endpoint configuration', name, () =>
      sagemaker.send(new CreateEndpointConfigCommand(requests.config)),
    );
  } catch (error) {
    await afterwards(error, 'its model', () => removeModel(clients, name));
  }
  try {
    await asking('cannot create the endpoint', name, () =>
      sagemaker.send(new CreateEndpointCommand(requests.endpoint)),
    );
  } catch (error) {
    await afterwards(error, 'its configuration and model', async () => {
      await removeConfig(clients, name);
      await removeModel(clients, name);
    });
  }
};

/** How waiting ended. */
export type EndpointEnd = 'in service' | 'left';

/**
 * Waits until an endpoint answers.
 *
 * @param limitSeconds Longest wait; an endpoint not in service by then is removed.
 * @param state Told every new state.
 * @param signal The user leaves; the endpoint goes on being made.
 * @throws {Failure} When it fails or takes too long; endpoint, configuration and model are removed then.
 */
export const waitForEndpoint = async (
  clients: Only,
  name: string,
  pollSeconds: number,
  limitSeconds: number,
  state: (state: string) => void,
  signal?: AbortSignal,
): Promise<EndpointEnd> => {
  const started = Date.now();
  let last = '';
  const log = `its log: CloudWatch, ${logGroups.endpoint(name)}`;
  for (;;) {
    const endpoint = await asking('cannot look at the endpoint', name, () =>
      clients.sagemaker.send(new DescribeEndpointCommand({ EndpointName: name })),
    );
    const now = endpoint.EndpointStatus ?? '';
    if (now !== last) state(now);
    last = now;
    if (now === 'InService') return 'in service';
    const late = (Date.now() - started) / 1000 > limitSeconds;
    if (now === 'Failed' || now === 'OutOfService' || late) {
      const reason = endpoint.FailureReason;
      const health = late || /health|ping/i.test(reason ?? '');
      const failure = new Failure({
        what: late ? 'the endpoint did not become healthy in time' : 'the endpoint could not be started',
        where: name,
        got: reason ?? `${now} after ${Math.round((Date.now() - started) / 60000)} minutes`,
        fix: `${health ? 'try a larger --instance, or a longer --startup-minutes' : 'act on the reason and deploy again'}; ${log}; it has been removed and costs nothing`,
      });
      await afterwards(failure, 'it', () => removeEndpoint(clients, name, true, pollSeconds));
    }
    if (signal?.aborted) return 'left';
    await pause(pollSeconds, signal);
    if (signal?.aborted) return 'left';
  }
};
