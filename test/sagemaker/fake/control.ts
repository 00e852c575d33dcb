/** @file SageMaker's control plane: requests are held to the service model, resources go through their states. */
import { containerOf, isHealthy, transformThrough } from './container.js';
import { add, advance, type Collection, get, invalid, objectsBelow, type Request, seconds } from './resources.js';
import { answerOf, imageBehind } from './runtime.js';
import { answerFaults, hasOperation, requestFaults } from './shapes.js';
import { AwsError, loseAnswer, type Resource, type State, strike } from './state.js';
import { checkTraining, describeTraining, trainingStates } from './training.js';

const containerData = (state: State, container: Request): void => {
  const source = container.ModelDataSource?.S3DataSource;
  if ((source === undefined) === (container.ModelDataUrl === undefined))
    invalid('give one of ModelDataUrl and ModelDataSource');
  const uri: string = source?.S3Uri ?? container.ModelDataUrl;
  if (source !== undefined && !uri.endsWith('/')) invalid('S3Uri of a prefix must end in /');
  if (source === undefined && !uri.endsWith('.tar.gz')) invalid('ModelDataUrl must be a .tar.gz');
  if (!uri.startsWith('s3://jumpstart-') && objectsBelow(state, uri).size === 0)
    invalid(`Could not find model data at ${uri}.`);
};

const runTransform = async (state: State, job: Resource): Promise<void> => {
  const request = job.request as Request;
  const model = get(state, 'models', request.ModelName);
  const { Image } = (model.request as Request).PrimaryContainer;
  const { S3Uri } = request.TransformInput.DataSource.S3DataSource;
  const [, bucketName, prefix] = /^s3:\/\/([^/]+)\/(.*)$/.exec(request.TransformOutput.S3OutputPath)!;
  const store = (key: string, text: string): void => {
    state.buckets.get(bucketName!)!.set(`${prefix}/${key.split('/').at(-1)}.out`, { body: Buffer.from(text) });
  };
  const container = containerOf(state, Image);
  for (const [key, body] of objectsBelow(state, S3Uri)) {
    if (container !== undefined) {
      store(key, await transformThrough(container, body, request));
      continue;
    }
    const lines = body
      .toString()
      .trim()
      .split('\n')
      .map((line) => {
        const input = JSON.parse(line) as Record<string, unknown>;
        const answer = answerOf(state, Image, input) as Record<string, unknown>;
        if (/tgi/.test(Image)) return JSON.stringify(answer);
        // The script container writes Python's repr.
        const text = String((answer.generated_texts as string[])[0])
          .replace(/\\/g, '\\\\')
          .replace(/'/g, "\\'")
          .replace(/\n/g, '\\n');
        return `{'id': ${input.id}, 'generated_texts': ['${text}']}`;
      });
    store(key, `${lines.join('\n')}\n`);
  }
};

const list = (state: State, kind: Collection, { NextToken, CreationTimeAfter = 0 }: Request) => {
  const all = [...state[kind]].filter(([, { createdAt }]) => createdAt >= CreationTimeAfter).reverse();
  // Two a page, so that paging is always exercised.
  const start = Number(NextToken ?? 0);
  const more = start + 2 < all.length ? { NextToken: String(start + 2) } : {};
  return { page: all.slice(start, start + 2), more };
};

/** A model's versions in a hub, if it is there as what it is asked for. */
const inHub = (state: State, hub: string, type: string, name: string) => {
  const kind = hub === 'SageMakerPublicHub' ? 'Model' : state.privateHubs.get(hub)?.get(name);
  return kind === type ? state.hub.get(name) : undefined;
};

type Handler = (state: State, request: Request) => object | Promise<object>;

const handlers: Readonly<Record<string, Handler>> = {
  CreateTrainingJob: (state, request) => {
    checkTraining(state, request);
    const job = add(state, 'jobs', request.TrainingJobName, request, [...trainingStates[state.behaviour.training]]);
    return { TrainingJobArn: job.arn };
  },
  DescribeTrainingJob: describeTraining,
  StopTrainingJob: (state, { TrainingJobName }) => {
    const job = get(state, 'jobs', TrainingJobName);
    job.stopping = true;
    job.coming = ['Stopping', 'Stopped'];
    return {};
  },
  ListTrainingJobs: (state, request) => {
    const { page, more } = list(state, 'jobs', request);
    const status = (job: Resource): string => {
      const last = job.past.at(-1) ?? '';
      return ['Completed', 'Failed', 'Stopped'].includes(last) ? last : 'InProgress';
    };
    return {
      TrainingJobSummaries: page.map(([name, job]) => ({
        TrainingJobName: name,
        TrainingJobArn: job.arn,
        CreationTime: job.createdAt,
        TrainingJobStatus: status(job),
      })),
      ...more,
    };
  },
  CreateModel: (state, request) => {
    if (state.models.has(request.ModelName)) invalid(`Cannot create already existing model "${request.ModelName}".`);
    containerData(state, request.PrimaryContainer);
    return { ModelArn: add(state, 'models', request.ModelName, request, []).arn };
  },
  DescribeModel: (state, { ModelName }) => {
    const model = get(state, 'models', ModelName);
    const { Tags: _, ...request } = model.request;
    return { ...request, ModelArn: model.arn, CreationTime: model.createdAt };
  },
  DeleteModel: (state, { ModelName }) => {
    get(state, 'models', ModelName);
    state.models.delete(ModelName);
    return {};
  },
  ListModels: (state, request) => {
    const { page, more } = list(state, 'models', request);
    return {
      Models: page.map(([name, { arn, createdAt }]) => ({ ModelName: name, ModelArn: arn, CreationTime: createdAt })),
      ...more,
    };
  },
  CreateEndpointConfig: (state, request) => {
    const name = request.EndpointConfigName;
    if (state.configs.has(name)) invalid(`Cannot create already existing endpoint configuration "${name}".`);
    for (const variant of request.ProductionVariants) {
      get(state, 'models', variant.ModelName);
      if (variant.VolumeSizeInGB && /\.(?:g5|g6|p5|p4d|g4dn)/.test(variant.InstanceType)) invalid('VolumeSizeInGB');
    }
    return { EndpointConfigArn: add(state, 'configs', name, request, []).arn };
  },
  DescribeEndpointConfig: (state, { EndpointConfigName }) => {
    const config = get(state, 'configs', EndpointConfigName);
    const { Tags: _, ...request } = config.request;
    return { ...request, EndpointConfigArn: config.arn, CreationTime: config.createdAt };
  },
  DeleteEndpointConfig: (state, { EndpointConfigName }) => {
    get(state, 'configs', EndpointConfigName);
    state.configs.delete(EndpointConfigName);
    return {};
  },
  ListEndpointConfigs: (state, request) => {
    const { page, more } = list(state, 'configs', request);
    return {
      EndpointConfigs: page.map(([name, { arn, createdAt }]) => ({
        EndpointConfigName: name,
        EndpointConfigArn: arn,
        CreationTime: createdAt,
      })),
      ...more,
    };
  },
  CreateEndpoint: (state, request) => {
    if (state.endpoints.has(request.EndpointName))
      invalid(`Cannot create already existing endpoint "${request.EndpointName}".`);
    get(state, 'configs', request.EndpointConfigName);
    const end = state.behaviour.endpoint === 'healthy' ? 'InService' : 'Failed';
    return { EndpointArn: add(state, 'endpoints', request.EndpointName, request, ['Creating', 'Creating', end]).arn };
  },
  DescribeEndpoint: async (state, { EndpointName }) => {
    const endpoint = get(state, 'endpoints', EndpointName);
    let status = advance(endpoint);
    const container = status === 'InService' ? containerOf(state, imageBehind(state, EndpointName)) : undefined;
    if (container !== undefined && !(await isHealthy(container))) {
      status = 'Failed';
      endpoint.past.push(status);
    }
    if (status === 'gone') {
      state.endpoints.delete(EndpointName);
      get(state, 'endpoints', EndpointName);
    }
    if (status === 'Failed') {
      endpoint.reason = 'The primary container for production variant AllTraffic did not pass the ping health check.';
    }
    return {
      EndpointName,
      EndpointConfigName: endpoint.request.EndpointConfigName,
      EndpointArn: endpoint.arn,
      EndpointStatus: status,
      CreationTime: endpoint.createdAt,
      LastModifiedTime: endpoint.createdAt,
      ...(endpoint.reason === undefined ? {} : { FailureReason: endpoint.reason }),
    };
  },
  DeleteEndpoint: (state, { EndpointName }) => {
    const endpoint = get(state, 'endpoints', EndpointName);
    if (['Creating', ''].includes(endpoint.past.at(-1) ?? ''))
      invalid(`Cannot update in-progress endpoint "${endpoint.arn}".`);
    endpoint.coming = ['Deleting', 'gone'];
    return {};
  },
  ListEndpoints: (state, request) => {
    const { page, more } = list(state, 'endpoints', request);
    return {
      Endpoints: page.map(([name, { arn, createdAt, past }]) => ({
        EndpointName: name,
        EndpointArn: arn,
        CreationTime: createdAt,
        LastModifiedTime: createdAt,
        EndpointStatus: past.at(-1) ?? 'Creating',
      })),
      ...more,
    };
  },
  CreateTransformJob: (state, request) => {
    const model = get(state, 'models', request.ModelName);
    if ((model.request as Request).PrimaryContainer.ModelDataSource)
      invalid('ModelDataSource cannot be used with batch transform');
    const end = state.behaviour.transform === 'completes' ? 'Completed' : 'Failed';
    const job = add(state, 'transforms', request.TransformJobName, request, ['InProgress', 'InProgress', end]);
    return { TransformJobArn: job.arn };
  },
  DescribeTransformJob: async (state, { TransformJobName }) => {
    const job = get(state, 'transforms', TransformJobName);
    const before = job.past.length;
    let status = advance(job);
    if (status === 'Completed' && job.past.length > before) {
      await runTransform(state, job).catch(() => {
        status = 'Failed';
        job.past.push(status);
      });
    }
    if (status === 'Failed') job.reason = 'ClientError: See job logs for more information';
    const { Tags: _, ...request } = job.request;
    return {
      ...request,
      TransformJobArn: job.arn,
      TransformJobStatus: status,
      CreationTime: job.createdAt,
      ...(job.reason === undefined ? {} : { FailureReason: job.reason }),
    };
  },
  StopTransformJob: (state, { TransformJobName }) => {
    get(state, 'transforms', TransformJobName).coming = ['Stopping', 'Stopped'];
    return {};
  },
  ListTransformJobs: (state, request) => {
    const { page, more } = list(state, 'transforms', request);
    return {
      TransformJobSummaries: page.map(([name, { arn, createdAt, past }]) => ({
        TransformJobName: name,
        TransformJobArn: arn,
        CreationTime: createdAt,
        TransformJobStatus: past.at(-1) ?? 'InProgress',
      })),
      ...more,
    };
  },
  ListTags: (state, { ResourceArn }) => {
    const all = [state.jobs, state.transforms, state.models, state.configs, state.endpoints];
    const found = all.flatMap((kind) => [...kind.values()]).find(({ arn }) => arn === ResourceArn);
    return { Tags: found?.tags ?? [] };
  },
  DescribeHubContent: (state, { HubName, HubContentType, HubContentName, HubContentVersion }) => {
    const versions = inHub(state, HubName, HubContentType, HubContentName);
    const version = HubContentVersion ?? [...(versions?.keys() ?? [])].at(-1);
    const content = versions?.get(version);
    if (content === undefined) {
      throw new AwsError(
        'ResourceNotFound',
        `HubContent of name ${HubContentName} and type ${HubContentType} does not exist in ${HubName}`,
      );
    }
    const owner = state.privateHubs.has(HubName) ? '123456789012' : 'aws';
    const own = `arn:aws:sagemaker:${state.region}:${owner}:hub-content/${HubName}/${HubContentType}/${HubContentName}`;
    return {
      HubName,
      HubArn: `arn:aws:sagemaker:${state.region}:${owner}:hub/${HubName}`,
      HubContentName,
      HubContentVersion: version,
      HubContentType,
      HubContentArn: `${own}/${version}`,
      DocumentSchemaVersion: '2.3.0',
      HubContentDocument: content.document,
      HubContentStatus: 'Available',
      SupportStatus: content.support ?? 'Supported',
      CreationTime: seconds(),
    };
  },
  ListHubContentVersions: (state, { HubName, HubContentType, HubContentName }) => ({
    HubContentSummaries: [...(inHub(state, HubName, HubContentType, HubContentName)?.keys() ?? [])].map((version) => ({
      HubContentName,
      HubContentArn: `arn:aws:sagemaker:${state.region}:aws:hub-content/x/Model/${HubContentName}/${version}`,
      HubContentVersion: version,
      HubContentType: 'Model',
      DocumentSchemaVersion: '2.3.0',
      HubContentStatus: 'Available',
      CreationTime: seconds(),
    })),
  }),
};

/** CloudWatch Logs, as far as it is read. */
export const serveLogs = (state: State, operation: string, input: Request): object => {
  state.seen.push({ operation, input, headers: {} });
  strike(state, operation);
  const streams = state.logs.get(input.logGroupName);
  if (streams === undefined) throw new AwsError('ResourceNotFoundException', 'The specified log group does not exist.');
  if (operation === 'DescribeLogStreams') {
    const names = [...streams.keys()].filter((name) => name.startsWith(input.logStreamNamePrefix ?? ''));
    return { logStreams: names.map((logStreamName) => ({ logStreamName })) };
  }
  const lines = streams.get(input.logStreamName) ?? [];
  const start = Number(String(input.nextToken ?? 'f/0').slice(2));
  // Two lines a page; at the end the token repeats.
  const end = Math.min(lines.length, start + 2);
  const events = lines
    .slice(start, end)
    .map((message) => ({ message, timestamp: Date.now(), ingestionTime: Date.now() }));
  return { events, nextForwardToken: `f/${end}`, nextBackwardToken: 'b/0' };
};

/** Answers a request of the control plane. */
export const serveControl = async (
  state: State,
  operation: string,
  input: Request,
  headers: Request,
): Promise<object> => {
  state.seen.push({ operation, input, headers });
  strike(state, operation);
  if (!hasOperation(operation)) throw new AwsError('UnknownOperationException', operation);
  const faults = requestFaults(operation, input);
  if (faults.length > 0) invalid(`${faults.length} validation errors detected: ${faults.join('; ')}`);
  const handler = handlers[operation];
  if (handler === undefined) throw new AwsError('UnknownOperationException', operation);
  const answer = await handler(state, input);
  // AWS itself leaves ModelArtifacts out until there is a model, whatever its model of the service says.
  const own = answerFaults(operation, answer).filter(
    (fault) => fault !== 'DescribeTrainingJob.ModelArtifacts: missing',
  );
  if (own.length > 0) throw new AwsError('FakeIsWrong', own.join('; '), 500);
  loseAnswer(state, operation);
  return answer;
};
