/** @file `impressionist sagemaker transform`: a file of findings by batch transform, with nothing left running. */
import { Command } from 'commander';
import { readExamples } from '../../reports/dataset.js';
import { writePredictions } from '../../reports/predictions.js';
import { parsePrompt } from '../../reports/prompt.js';
import type { Generation } from '../../sagemaker/inference/dialect.js';
import { confirmUpload } from './consent.js';
import { withHosting } from './deploy.js';
import { chooseHosting, type HostingOptions } from './hosting.js';
import { interruptible } from './interrupt.js';
import { news, result } from './news.js';
import { type AccountOptions, count, generationOf, required, vpcOf, withAccount, withGeneration } from './options.js';

interface TransformOptions extends AccountOptions, HostingOptions, Generation {
  readonly data?: string;
  readonly out?: string;
  readonly s3?: string;
  readonly name?: string;
  readonly concurrency?: number;
  readonly keepOutput?: boolean;
  readonly dryRun?: boolean;
  readonly acceptPhiUpload?: boolean;
}

const run = async (job: string | undefined, options: TransformOptions): Promise<void> => {
  const [{ connect }, { nameFrom }, { tagsFor }, { modelRequest }, transforming, lines, s3] = await Promise.all([
    import('../../sagemaker/aws/clients.js'),
    import('../../sagemaker/aws/names.js'),
    import('../../sagemaker/aws/tags.js'),
    import('../../sagemaker/hosting/requests.js'),
    import('../../sagemaker/transform/transform.js'),
    import('../../sagemaker/transform/lines.js'),
    import('../../sagemaker/data/s3-uri.js'),
  ]);
  const dataPath = required(options.data, '--data', 'dev.json');
  const out = required(options.out, '--out', 'predictions.jsonl');
  const location = s3.parseS3(required(options.s3, '--s3', 's3://my-bucket/impressions'), '--s3');
  const examples = await readExamples(dataPath, { impressions: 'optional' });
  const clients = await connect(options);
  const { hosting, tags, nameBase } = await chooseHosting(clients, job, options);
  transforming.checkTransformable(hosting.artifactUri);
  const name = options.name ?? nameFrom(nameBase);
  const allTags = tagsFor('transform', tags);
  const base = s3.within(location, name);
  const input = s3.within(base, 'input', 'findings.jsonl');
  const output = s3.within(base, 'output');
  const text = lines.transformLines(examples, parsePrompt(hosting.prompt), hosting.dialect, generationOf(options));
  const model = modelRequest({ ...hosting, name, vpc: vpcOf(options), tags: allTags });
  const request = transforming.transformRequest({
    name,
    modelName: name,
    instanceType: hosting.instanceType,
    instanceCount: options.instances,
    input,
    output,
    dialect: hosting.dialect,
    concurrency: options.concurrency,
    kmsKeyId: options.kmsKey,
    tags: allTags,
  });
  if (options.dryRun) {
    news('Nothing is created. This file would be uploaded, then these requests sent:');
    const uploads = [{ uri: s3.s3Uri(input), bytes: Buffer.byteLength(text) }];
    console.log(JSON.stringify({ uploads, CreateModel: model, CreateTransformJob: request }, undefined, 2));
    return;
  }
  const encryption = options.kmsKey === undefined ? 'encrypted with S3’s keys' : 'encrypted with your KMS key';
  await confirmUpload(
    { reports: examples.length, to: s3.s3Uri(base), region: clients.region, encryption },
    options.acceptPhiUpload === true,
  );
  news(`transform job ${name} on ${options.instances} ${hosting.instanceType}; it costs money until it ends`);
  const done = await interruptible((signal) =>
    transforming.runTransform(clients, {
      model,
      job: request,
      input,
      output,
      lines: text,
      encryption: { kmsKeyId: options.kmsKey },
      pollSeconds: options.poll,
      state: (state) => news(`transform job ${name}: ${state}`),
      removeOutput: !options.keepOutput,
      signal,
    }),
  );
  await writePredictions(out, lines.transformPredictions(done.output, examples, done.where));
  result(
    options.json,
    { job: name, predictions: out, written: examples.length },
    `${examples.length} impressions written to ${out}; nothing runs any more, and the findings are removed from S3`,
  );
};

/** The `sagemaker transform` command. */
export const transformCommand = (): Command =>
  withGeneration(
    withHosting(
      withAccount(
        new Command('transform')
          .description('Draft impressions for a file of findings by batch transform.')
          .argument('[JOB]', 'a finished training job, trained with --compress'),
      )
        .option('--data <DATA>', 'the findings: MEDIQA JSON, JSON Lines or CSV')
        .option('--out <PREDICTIONS>', 'where the impressions go, as JSON Lines')
        .option('--s3 <URI>', 'where the findings are put meanwhile: s3://BUCKET/PREFIX'),
    )
      .option('--name <NAME>', 'the job’s name')
      .option('--concurrency <N>', 'requests at once on a machine (default: what the container says, else 1)', count)
      .option('--keep-output', 'leave the output in S3')
      .option('--dry-run', 'show the requests and create nothing')
      .option('--accept-phi-upload', 'you may upload these reports to that bucket'),
  ).action(run);
