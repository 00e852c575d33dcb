/** @file `impressionist sagemaker deploy`: an endpoint for a trained or the pre-trained model. */
import { Command, Option } from 'commander';
import { Failure } from '../../ground/failure.js';
import type { Clients } from '../../sagemaker/aws/clients.js';
import { chooseHosting, type HostingOptions } from './hosting.js';
import { decide, interruptible, interruptOption, type OnInterrupt } from './interrupt.js';
import { news, result } from './news.js';
import { type AccountOptions, assignment, count, positive, several, vpcOf, withAccount, withModel } from './options.js';

interface DeployOptions extends AccountOptions, HostingOptions {
  readonly name?: string;
  readonly pricePerHour?: number;
  readonly detach?: boolean;
  readonly dryRun?: boolean;
  readonly onInterrupt: OnInterrupt;
}

const run = async (job: string | undefined, options: DeployOptions): Promise<void> => {
  const [{ connect }, { nameFrom }, { tagsFor }, requests, { createEndpoint }] = await Promise.all([
    import('../../sagemaker/aws/clients.js'),
    import('../../sagemaker/aws/names.js'),
    import('../../sagemaker/aws/tags.js'),
    import('../../sagemaker/hosting/requests.js'),
    import('../../sagemaker/hosting/deploy.js'),
  ]);
  const clients = await connect(options);
  const { hosting, tags, nameBase } = await chooseHosting(clients, job, options);
  const name = options.name ?? nameFrom(nameBase);
  const whole = {
    ...hosting,
    name,
    kmsKeyId: options.kmsKey,
    vpc: vpcOf(options),
    tags: tagsFor('endpoint', tags),
  };
  const made = {
    model: requests.modelRequest(whole),
    config: requests.endpointConfigRequest(whole),
    endpoint: requests.endpointRequest(whole),
  };
  if (options.dryRun) {
    news('Nothing is created. These requests would be sent, in this order:');
    const shown = { CreateModel: made.model, CreateEndpointConfig: made.config, CreateEndpoint: made.endpoint };
    console.log(JSON.stringify(shown, undefined, 2));
    return;
  }
  await createEndpoint(clients, made);
  const price =
    options.pricePerHour === undefined
      ? ''
      : `, about ${(options.pricePerHour * options.instances).toFixed(2)} USD an hour`;
  news(
    `endpoint ${name} is being made on ${options.instances} ${hosting.instanceType}; it costs money until it is deleted${price}`,
  );
  const told = {
    endpoint: name,
    instanceType: hosting.instanceType,
    instances: options.instances,
    dialect: hosting.dialect,
    prompt: hosting.prompt,
  };
  const after = [
    `ask it:    impressionist sagemaker invoke ${name} 'FINDINGS'`,
    `delete it: impressionist sagemaker delete ${name}`,
  ].join('\n');
  if (options.detach) {
    result(options.json, { ...told, status: 'Creating' }, `${name}\n${after}`);
    return;
  }
  const { plan } = hosting;
  // AWS itself gives up after these; half an hour more for finding the machine.
  const limit = (plan.downloadTimeoutSeconds ?? 3600) + (plan.startupTimeoutSeconds ?? 3600) + 1800;
  if (await waiting(clients, name, limit, options)) {
    result(
      options.json,
      { ...told, status: 'InService' },
      `${name} is in service and costs money until it is deleted${price}\n${after}`,
    );
  }
};

/** Waits; false when the user left. */
const waiting = async (clients: Clients, name: string, limit: number, options: DeployOptions): Promise<boolean> => {
  const { waitForEndpoint } = await import('../../sagemaker/hosting/deploy.js');
  const { removeEndpoint } = await import('../../sagemaker/hosting/remove.js');
  for (;;) {
    const end = await interruptible((signal) =>
      waitForEndpoint(clients, name, options.poll, limit, (state) => news(`endpoint ${name}: ${state}`), signal),
    );
    if (end === 'in service') return true;
    const decision = await decide(options.onInterrupt, `Endpoint ${name} is still being made and will cost money.`);
    if (decision === 'continue') continue;
    process.exitCode = 130;
    if (decision === 'leave') {
      news(`${name} is being made and costs money; delete it: impressionist sagemaker delete ${name}`);
      return false;
    }
    await removeEndpoint(clients, name, true, options.poll, news);
    news(`removed ${name} and all that belongs to it`);
    return false;
  }
};

/** Adds the options that decide what is hosted. */
export const withHosting = (command: Command): Command =>
  withModel(
    command
      .option('--pretrained', 'the model of --model-id as AWS has it, or of --base-model, not a trained one')
      .addOption(
        new Option(
          '--engine <ENGINE>',
          'what serves: JumpStart’s image or this program’s (default: what trained)',
        ).choices(['jumpstart', 'impressionist']),
      )
      .option('--base-model <URI>', 'with --pretrained --engine impressionist: model directory in S3')
      .option('--instance <TYPE>', 'machine, e.g. ml.g5.2xlarge; it decides the price')
      .option('--instances <N>', 'number of machines', count, 1)
      .addOption(
        new Option('--role <ARN>', 'execution role (default: the training job’s)').env('IMPRESSIONIST_SAGEMAKER_ROLE'),
      )
      .option('--env <NAME=VALUE>', 'an environment variable of the container; may be repeated', assignment)
      .option('--prompt <TEMPLATE>', 'with --pretrained: prompt to ask it with')
      .addOption(new Option('--dialect <DIALECT>', 'how it is spoken to').choices(['script', 'tgi']))
      .option('--startup-minutes <M>', 'longest start of the container, at most 60', (text) => {
        const minutes = positive(text);
        if (minutes > 60) throw new Failure({ what: 'too long', where: '--startup-minutes', fix: 'give at most 60' });
        return minutes;
      })
      .option('--kms-key <ID>', 'KMS key of the machine’s disk')
      .option('--subnet <ID>', 'VPC subnet; may be repeated', several)
      .option('--security-group <ID>', 'VPC security group; may be repeated', several)
      .option('--tag <KEY=VALUE>', 'a tag; may be repeated', assignment),
  );

/** The `sagemaker deploy` command. */
export const deployCommand = (): Command =>
  withHosting(
    withAccount(new Command('deploy').description('Make an endpoint that drafts impressions.')).argument(
      '[JOB]',
      'a finished training job',
    ),
  )
    .option('--name <NAME>', 'the endpoint’s name')
    .option('--price-per-hour <USD>', 'price of a machine, to show what it costs', positive)
    .option('--detach', 'return while the endpoint is still being made')
    .addOption(interruptOption('endpoint'))
    .option('--dry-run', 'show the requests and create nothing')
    .action(run);
