/** @file The fake AWS: one plain HTTP server for SageMaker, its runtime, S3 and CloudWatch Logs. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serveControl, serveLogs } from './control.js';
import { serveRuntime } from './runtime.js';
import { errorXml, serveS3 } from './s3.js';
import { AwsError, Cut, newState, type State } from './state.js';

/** A running fake. */
export interface FakeAws {
  readonly state: State;
  readonly url: string;
  /** Environment that points every AWS client at it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly close: () => Promise<void>;
}

/** Starts a fake AWS on a free port. */
export const startFakeAws = async (): Promise<FakeAws> => {
  const state = newState();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const target = String(request.headers['x-amz-target'] ?? '');
    const runtime = request.url?.startsWith('/endpoints/') ?? false;
    const json = (status: number, value: object, more: Record<string, string> = {}): void => {
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': 'fake', ...more });
      response.end(JSON.stringify(value));
    };
    try {
      if (!/^AWS4-HMAC-SHA256 Credential=/.test(String(request.headers.authorization ?? ''))) {
        throw new AwsError('MissingAuthenticationToken', 'Missing Authentication Token', 403);
      }
      if (target.startsWith('SageMaker.')) {
        const operation = target.slice('SageMaker.'.length);
        json(200, await serveControl(state, operation, JSON.parse(body.toString()), request.headers));
      } else if (target.startsWith('Logs_20140328.')) {
        json(200, serveLogs(state, target.slice('Logs_20140328.'.length), JSON.parse(body.toString())));
      } else if (runtime) await serveRuntime(state, request, response, body);
      else serveS3(state, request, response, body);
    } catch (error) {
      if (error instanceof Cut) {
        request.socket.destroy();
        return;
      }
      const known = error instanceof AwsError ? error : new AwsError('FakeIsWrong', String(error), 500);
      if (target !== '') json(known.status, { __type: known.type, message: known.message, ...known.more });
      else if (runtime) {
        json(
          known.status,
          { Message: known.message, message: known.message, ...known.more },
          { 'x-amzn-errortype': known.type },
        );
      } else {
        response.writeHead(known.status, { 'content-type': 'application/xml' });
        response.end(request.method === 'HEAD' ? undefined : errorXml(known));
      }
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    state,
    url,
    environment: {
      AWS_ENDPOINT_URL_SAGEMAKER: url,
      AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME: url,
      AWS_ENDPOINT_URL_S3: url,
      AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: url,
      AWS_REGION: state.region,
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'not-a-secret',
      AWS_EC2_METADATA_DISABLED: 'true',
      IMPRESSIONIST_POLL_SECONDS: '0.02',
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
};
