/** @file `impressionist serve`: the workbench, the API, FHIR and HL7 over one model. */
import { Command, type Command as CommandType, InvalidArgumentError, Option } from 'commander';
import { positiveNumber, wholeNumber } from './values.js';

interface ServeCommandOptions {
  readonly model: string;
  readonly prompt?: string;
  readonly host: string;
  readonly port: number;
  readonly workers?: number;
  readonly threads?: number;
  readonly batchSize: number;
  readonly maxInputTokens: number;
  readonly weights: 'float32' | 'int8' | 'int4';
  readonly device: 'auto' | 'cpu' | 'webgpu' | 'cuda';
  readonly memoryBudget?: number;
  readonly queue: number;
  readonly timeout: number;
  readonly drain: number;
  readonly rateLimit: number;
  readonly tokens?: string;
  readonly trustedProxy?: string[];
  readonly userHeader: string;
  readonly allowAnonymous?: boolean;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly audit?: string;
  readonly storeText?: boolean;
  readonly retentionDays?: number;
  readonly auditLimit?: number;
  readonly evaluations?: string;
  readonly mllpPort?: number;
  readonly mllpHost: string;
  readonly mllpAllow?: string[];
  readonly mllpForward?: { host: string; port: number };
  readonly folder?: string;
}

const port = (text: string): number => {
  const value = wholeNumber(0)(text);
  if (value > 65_535) throw new InvalidArgumentError('It must be a port, at most 65535.');
  return value;
};

const hostAndPort = (text: string): { host: string; port: number } => {
  const found = /^(.+):(\d+)$/.exec(text);
  if (found === null) throw new InvalidArgumentError('It must be HOST:PORT.');
  return { host: found[1].replace(/^\[|\]$/g, ''), port: port(found[2]) };
};

/** Memory in bytes from a number of MB. */
const megabytes = (text: string): number => positiveNumber(text) * 1e6;

export const serveCommand = (): CommandType =>
  new Command('serve')
    .summary('the workbench, the API, FHIR and HL7')
    .description(
      'Serve a model: a page for radiologists, an HTTP API, FHIR and HL7 v2. Local to this machine unless told.',
    )
    .requiredOption('--model <dir>', 'model directory')
    .option('--prompt <template>', 'prompt with the fields {findings} and {background} (default: the model’s own)')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <n>', 'port; 0 for any free one', port, 8080)
    .optionsGroup('Drafting:')
    .option(
      '--workers <n>',
      'drafting processes; they share the mapped weights (default: 1; one a core for a model as small as tiny)',
      wholeNumber(1),
    )
    .addOption(
      new Option('--threads <n>', 'processor threads of each (default: all; 1 for a model as small as tiny)').argParser(
        wholeNumber(1),
      ),
    )
    .option('--batch-size <n>', 'reports drafted together', wholeNumber(1), 32)
    .option(
      '--max-input-tokens <n>',
      'longest input; a longer one loses the end of its findings, and the draft says so',
      wholeNumber(2),
      896,
    )
    .addOption(
      new Option('--weights <format>', 'how weights are held').choices(['float32', 'int8', 'int4']).default('float32'),
    )
    .addOption(
      new Option('--device <name>', 'where the model runs').choices(['auto', 'cpu', 'webgpu', 'cuda']).default('cpu'),
    )
    .option(
      '--memory-budget <MB>',
      'memory that the model may use (default: what the machine has available)',
      megabytes,
    )
    .option('--queue <n>', 'drafts accepted and not yet answered; beyond, 429', wholeNumber(1), 512)
    .option('--timeout <seconds>', 'longest time of a draft, its waiting included', positiveNumber, 60)
    .option('--drain <seconds>', 'longest wait for accepted drafts when stopping', positiveNumber, 30)
    .optionsGroup('Access:')
    .option('--tokens <file>', 'require a token of this file (see: impressionist token)')
    .option('--trusted-proxy <address...>', 'addresses or networks whose user header is believed')
    .option('--user-header <name>', 'header in which the trusted proxy names the user', 'x-remote-user')
    .option('--allow-anonymous', 'serve others without credentials, where something else guards the port')
    .option('--rate-limit <n>', 'requests a minute of one user; 0 for no limit', wholeNumber(0), 0)
    .option('--tls-cert <file>', 'certificate chain, PEM')
    .option('--tls-key <file>', 'its key, PEM')
    .optionsGroup('Audit:')
    .option('--audit <file>', 'keep an audit log in this SQLite file')
    .option('--store-text', 'store report texts in it, encrypted, for audit export')
    .option('--retention-days <n>', 'remove records and texts after so many days', wholeNumber(1))
    .option('--audit-limit <MB>', 'largest size of the log; when it is full, drafts are refused', megabytes)
    .optionsGroup('Doors:')
    .option('--evaluations <dir>', 'folder of evaluate’s outputs, shown in the page')
    .option('--mllp-port <n>', 'take HL7 v2 over MLLP on this port', port)
    .option('--mllp-host <address>', 'address of MLLP', '127.0.0.1')
    .option('--mllp-allow <address...>', 'addresses or networks that may send over MLLP')
    .option('--mllp-forward <host:port>', 'send drafted messages there instead of back', hostAndPort)
    .option('--folder <dir>', 'draft for files that appear in its folder in/')
    .action(serve);

const serve = async (options: ServeCommandOptions, command: CommandType): Promise<void> => {
  const misuse = (message: string): never => command.error(`error: ${message}`, { exitCode: 2 });
  if ((options.tlsCert === undefined) !== (options.tlsKey === undefined))
    misuse('--tls-cert and --tls-key go together');
  for (const name of ['storeText', 'retentionDays', 'auditLimit'] as const) {
    if (options[name] !== undefined && options.audit === undefined) {
      misuse(`--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} needs a log, add --audit FILE`);
    }
  }
  if (options.mllpPort === undefined && (options.mllpAllow ?? options.mllpForward) !== undefined)
    misuse('--mllp-allow and --mllp-forward need --mllp-port');
  const given = (option: keyof ServeCommandOptions): boolean => command.getOptionValueSource(option) === 'cli';
  if (options.mllpPort === undefined && given('mllpHost')) misuse('--mllp-host needs --mllp-port');
  if (options.trustedProxy === undefined && given('userHeader'))
    misuse('--user-header is believed from a proxy only, add --trusted-proxy ADDRESS');

  const [{ startServer }, { defaultWorkers }, { parsePrompt }] = await Promise.all([
    import('../server/serve.js'),
    import('../server/engine/default-workers.js'),
    import('../reports/prompt.js'),
  ]);
  if (options.prompt !== undefined) parsePrompt(options.prompt);
  const { audit, mllpPort } = options;
  const server = await startServer({
    engine: {
      model: options.model,
      prompt: options.prompt,
      workers: options.workers ?? (await defaultWorkers(options.model, options.threads)),
      threads: options.threads,
      batchSize: options.batchSize,
      maxInputTokens: options.maxInputTokens,
      weights: options.weights,
      device: options.device,
      memoryBudget: options.memoryBudget,
    },
    host: options.host,
    port: options.port,
    tokens: options.tokens,
    proxy: options.trustedProxy && { header: options.userHeader, addresses: options.trustedProxy },
    allowAnonymous: options.allowAnonymous ?? false,
    tls: options.tlsCert === undefined ? undefined : { cert: options.tlsCert, key: options.tlsKey! },
    rateLimit: options.rateLimit,
    queueLimit: options.queue,
    timeoutMs: options.timeout * 1000,
    drainMs: options.drain * 1000,
    audit:
      audit === undefined
        ? undefined
        : {
            path: audit,
            storeText: options.storeText ?? false,
            retentionDays: options.retentionDays,
            limitBytes: options.auditLimit,
          },
    evaluations: options.evaluations,
    mllp:
      mllpPort === undefined
        ? undefined
        : { host: options.mllpHost, port: mllpPort, allowed: options.mllpAllow ?? [], forward: options.mllpForward },
    folder: options.folder,
  });
  console.log(
    `Impressionist at ${server.url}${server.mllpPort === undefined ? '' : `, MLLP on port ${server.mllpPort}`}`,
  );

  const reload = (): void => {
    server.reload().catch((error: unknown) => {
      console.error(
        `impressionist: nothing was reloaded, ${error instanceof Error ? error.message : 'unknown error'}, what was in use stays`,
      );
    });
  };
  process.on('SIGHUP', reload);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve).once('SIGTERM', resolve);
  });
  // A second signal ends at once.
  process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143));
  await server.close();
  process.exit(0);
};
