/**
 * @file An endpoint as it is asked: which dialect it speaks and which prompt its model learned, read from what its
 * model carries; requests with patience for an endpoint that is busy.
 */
import {
  DescribeEndpointCommand,
  DescribeEndpointConfigCommand,
  DescribeModelCommand,
} from '@aws-sdk/client-sagemaker';
import { InvokeEndpointCommand } from '@aws-sdk/client-sagemaker-runtime';
import { Failure } from '../../ground/failure.js';
import { type PromptTemplate, parsePrompt } from '../../reports/prompt.js';
import type { Clients } from '../aws/clients.js';
import { asking, errorName, isMissing } from '../aws/errors.js';
import { pause } from '../aws/pause.js';
import { dialectVariable, promptVariable } from '../hosting/requests.js';
import { type Dialect, dialectOf, dialects, generatedText, type Payload } from './dialect.js';
import { invocationFailure, isPassing } from './trouble.js';

/** How an endpoint is asked. */
export interface Endpoint {
  readonly name: string;
  readonly dialect: Dialect;
  readonly prompt: PromptTemplate;
}

/** What the user says of an endpoint; the rest is read from its model. */
export interface EndpointChoice {
  readonly name: string;
  readonly dialect?: Dialect;
  readonly prompt?: string;
}

const noSuch = (name: string, cause: unknown): Failure =>
  new Failure(
    {
      what: 'no such endpoint',
      where: name,
      fix: 'impressionist sagemaker status lists those there are; check --region',
    },
    { cause },
  );

/** The environment and image of an endpoint's model. */
const modelOf = async ({ sagemaker }: Pick<Clients, 'sagemaker'>, name: string) => {
  const what = 'cannot look at the endpoint';
  const endpoint = await asking(what, name, async () => {
    try {
      return await sagemaker.send(new DescribeEndpointCommand({ EndpointName: name }));
    } catch (error) {
      throw isMissing(error) ? noSuch(name, error) : error;
    }
  });
  if (!['InService', 'Updating', 'SystemUpdating', 'RollingBack'].includes(endpoint.EndpointStatus ?? '')) {
    throw new Failure({
      what: 'the endpoint does not answer yet',
      where: name,
      got: [endpoint.EndpointStatus, endpoint.FailureReason].filter(Boolean).join(': '),
      fix: 'wait until impressionist sagemaker status shows it InService',
    });
  }
  const config = await asking(what, name, () =>
    sagemaker.send(new DescribeEndpointConfigCommand({ EndpointConfigName: endpoint.EndpointConfigName })),
  );
  const ModelName = config.ProductionVariants?.[0]?.ModelName;
  const model = await asking(what, name, () => sagemaker.send(new DescribeModelCommand({ ModelName })));
  return model.PrimaryContainer ?? {};
};

/**
 * Finds out how an endpoint is asked.
 *
 * @param choice Dialect and prompt, where the user gives them; with both, AWS is not asked.
 * @throws {Failure} When there is no such endpoint, it is not in service, or nothing tells how to ask it.
 */
export const findEndpoint = async (clients: Pick<Clients, 'sagemaker'>, choice: EndpointChoice): Promise<Endpoint> => {
  const { name } = choice;
  if (choice.dialect !== undefined && choice.prompt !== undefined) {
    return { name, dialect: choice.dialect, prompt: parsePrompt(choice.prompt) };
  }
  const { Environment, Image } = await modelOf(clients, name);
  const told = Environment?.[dialectVariable];
  const dialect = choice.dialect ?? dialects.find((known) => known === told) ?? dialectOf({ image: Image });
  if (dialect === undefined) {
    throw new Failure({
      what: 'nothing tells how this endpoint is spoken to',
      where: name,
      fix: `add --dialect ${dialects.join(' or --dialect ')}`,
    });
  }
  const template = choice.prompt ?? Environment?.[promptVariable];
  if (template === undefined) {
    throw new Failure({
      what: 'nothing tells which prompt the model of this endpoint learned',
      where: name,
      fix: "give it with --prompt, e.g. --prompt '{findings}'",
    });
  }
  return { name, dialect, prompt: parsePrompt(template) };
};

/** How patient one request is. */
export interface Patience {
  /** Tries in all. */
  readonly tries: number;
  /** Seconds before the second try; doubled from try to try, up to a minute. */
  readonly firstWaitSeconds: number;
}

/** Waits a busy endpoint out for about two minutes. */
export const patient: Patience = { tries: 8, firstWaitSeconds: 1 };

const decode = (bytes: Uint8Array | undefined, name: string): string => {
  const text = Buffer.from(bytes ?? []).toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const written = generatedText(value);
  if (written !== undefined) return written.trim();
  throw new Failure({
    what: 'the endpoint answered something else than a text',
    where: name,
    got: `${bytes?.length ?? 0} bytes`,
    fix: 'check --dialect, and the endpoint’s log',
  });
};

/**
 * Asks an endpoint once, and again while it is busy.
 *
 * @param payload See `payloadFor`.
 * @throws {Failure} When it refuses, or stays busy; never with text of the report.
 */
export const invoke = async (
  { runtime }: Pick<Clients, 'runtime'>,
  name: string,
  payload: Payload,
  patience: Patience = patient,
  signal?: AbortSignal,
): Promise<string> => {
  const Body = Buffer.from(payload.body);
  for (let attempt = 1; ; attempt++) {
    try {
      const answer = await runtime.send(
        new InvokeEndpointCommand({
          EndpointName: name,
          Body,
          ContentType: payload.contentType,
          Accept: payload.accept,
        }),
        { abortSignal: signal },
      );
      return decode(answer.Body, name);
    } catch (error) {
      if (error instanceof Failure) throw error;
      if (signal?.aborted) throw new Failure({ what: 'interrupted', where: name }, { cause: error });
      if (!isPassing(error) || attempt >= patience.tries) throw invocationFailure(error, name, attempt);
    }
    const wait = Math.min(60, patience.firstWaitSeconds * 2 ** (attempt - 1));
    await pause(wait * (0.5 + Math.random() / 2), signal);
  }
};

/** Whether an error is of the kind that names a missing endpoint. */
export const namesMissingEndpoint = (error: unknown): boolean =>
  errorName(error) === 'ValidationError' && /not found/i.test((error as Error).message);
