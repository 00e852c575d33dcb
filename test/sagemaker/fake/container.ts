/** @file A real container behind the fake AWS: requests are handed to it over HTTP as SageMaker hands them to an image. */
import { AwsError, type State } from './state.js';

/** The model's own error, as the runtime answers it. */
export const modelError = (status: number, message: string): AwsError =>
  new AwsError('ModelError', `Received client error (${status}) from primary`, 424, {
    OriginalStatusCode: status,
    OriginalMessage: message,
    LogStreamArn: 'arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/Endpoints/x',
  });

/** The container that runs an image; undefined for those that are acted out. */
export const containerOf = ({ behaviour }: State, image: string): string | undefined =>
  /\/impressionist:/.test(image) ? behaviour.container : undefined;

/** Whether SageMaker would call it healthy. */
export const isHealthy = (container: string): Promise<boolean> =>
  fetch(`${container}/ping`).then(
    ({ status }) => status === 200,
    () => false,
  );

/** Asks it. @throws {AwsError} A `ModelError` when it refuses. */
export const askContainer = async (
  container: string,
  body: Buffer,
  type: string,
  accept: string,
): Promise<Response> => {
  const headers = { 'content-type': type, accept };
  const answer = await fetch(`${container}/invocations`, { method: 'POST', headers, body: new Uint8Array(body) });
  if (answer.ok) return answer;
  throw modelError(answer.status, await answer.text());
};

interface TransformRequest {
  readonly BatchStrategy?: string;
  readonly MaxConcurrentTransforms?: number;
  readonly TransformInput: { readonly ContentType: string };
  readonly TransformOutput: { readonly Accept?: string };
}

/** A transform job's file through it: a line a request, or as many as fit, as the job says or else the container. */
export const transformThrough = async (container: string, file: Buffer, request: TransformRequest): Promise<string> => {
  const told = (await (await fetch(`${container}/execution-parameters`)).json()) as Record<string, unknown>;
  const single =
    (request.BatchStrategy ?? (told.BatchStrategy === 'SINGLE_RECORD' ? 'SingleRecord' : '')) === 'SingleRecord';
  const concurrent = request.MaxConcurrentTransforms ?? Number(told.MaxConcurrentTransforms);
  const lines = file.toString().trim().split('\n');
  const bodies = single ? lines : [lines.join('\n')];
  const answers: string[] = [];
  const waiting = bodies.entries();
  const work = async (): Promise<void> => {
    for (const [index, body] of waiting) {
      const { ContentType } = request.TransformInput;
      const accept = request.TransformOutput.Accept ?? 'application/json';
      answers[index] = await (await askContainer(container, Buffer.from(body), ContentType, accept)).text();
    }
  };
  await Promise.all(Array.from({ length: concurrent }, work));
  return answers.map((answer) => `${answer}\n`).join('');
};
