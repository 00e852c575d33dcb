/** @file A folder shaped as `/opt/ml`, and the real entry point run on it as SageMaker runs the image. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parsePrompt } from '../../src/reports/prompt.js';
import { channelFiles } from '../../src/sagemaker/data/channel.js';

const entry = fileURLToPath(new URL('../../dist/sagemaker/container/main.js', import.meta.url));

/** The prompt in the channel. */
export const prompt = parsePrompt('Impression of: {findings}');
const words = ['lungs', 'heart', 'effusion', 'clear', 'normal', 'large', 'left', 'right'];
export const example = (index: number) => ({
  studyId: `${index}`,
  subjectId: `${index}`,
  findings: `The ${words[index % 8]} and ${words[(index * 3) % 8]} are ${words[(index * 5) % 8]}.`,
  impression: `${words[index % 8]}.`,
  background: '',
});

/** Puts a file below a root. */
export const put = async (root: string, name: string, content: string | Buffer): Promise<void> => {
  await mkdir(join(root, name, '..'), { recursive: true });
  await writeFile(join(root, name), content);
};

/** A folder as SageMaker makes it, with channels as `sagemaker train` uploads them. */
export const optMl = async (
  root: string,
  hyperparameters: Record<string, string>,
  { count = 24, channels = [] as string[] } = {},
): Promise<void> => {
  await put(root, 'input/config/hyperparameters.json', JSON.stringify(hyperparameters));
  const file = { TrainingInputMode: 'File', S3DistributionType: 'FullyReplicated', RecordWrapperType: 'None' };
  const all = Object.fromEntries(['training', 'validation', ...channels].map((name) => [name, file]));
  await put(root, 'input/config/inputdataconfig.json', JSON.stringify(all));
  const resources = { current_host: 'algo-1', hosts: ['algo-1'], network_interface_name: 'eth0' };
  await put(root, 'input/config/resourceconfig.json', JSON.stringify(resources));
  const examples = Array.from({ length: count }, (_, index) => example(index));
  for (const { name, content } of channelFiles(examples, prompt, 'train.jsonl')) {
    await put(root, `input/data/training/${name}`, content);
  }
  for (const { name, content } of channelFiles(examples.slice(0, 4), prompt, 'validation.jsonl')) {
    await put(root, `input/data/validation/${name}`, content);
  }
};

/** A run of the entry point. */
export interface ContainerRun {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>;
}

/** Starts the entry point as SageMaker does, which gives it nothing but the variables of the job. */
export const startContainer = (
  root: string,
  command: string,
  environment: Readonly<Record<string, string>> = {},
  onOutput: (output: string) => void = () => undefined,
): ContainerRun => {
  const child = spawn(process.execPath, [entry, command], {
    env: { PATH: process.env.PATH, IMPRESSIONIST_ML_ROOT: root, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      onOutput(output);
    });
  }
  const ended = new Promise<{ code: number | null; output: string }>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
  return { child, output: () => output, ended };
};

/** Runs the entry point to its end; sends SIGTERM once a line comes. */
export const container = (
  root: string,
  command: string,
  terminateAt?: RegExp,
  environment: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; output: string }> => {
  let sent = false;
  const run = startContainer(root, command, environment, (output) => {
    if (sent || !terminateAt?.test(output)) return;
    sent = true;
    run.child.kill('SIGTERM');
  });
  return run.ended;
};

/** A container that serves. */
export interface Serving extends ContainerRun {
  readonly url: string;
  readonly post: (body: unknown, type?: string) => Promise<Response>;
}

/** Starts the container's server on a free port and waits until SageMaker would call it healthy. */
export const serving = async (root: string, environment: Readonly<Record<string, string>> = {}): Promise<Serving> => {
  const run = startContainer(root, 'serve', { SAGEMAKER_BIND_TO_PORT: '0', ...environment });
  let over: number | null | undefined;
  void run.ended.then(({ code }) => {
    over = code;
  });
  for (;;) {
    const port = /"url":"http:\/\/[^"]*:(\d+)"/.exec(run.output())?.[1];
    const url = `http://127.0.0.1:${port}`;
    if (port !== undefined && (await fetch(`${url}/ping`)).status === 200) {
      const post = (body: unknown, type = 'application/json'): Promise<Response> =>
        fetch(`${url}/invocations`, {
          method: 'POST',
          headers: { 'content-type': type },
          body: typeof body === 'string' ? body : JSON.stringify(body),
        });
      return { ...run, url, post };
    }
    if (over !== undefined) throw new Error(`the container ended with ${over}: ${run.output()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};
