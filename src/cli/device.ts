/** @file `train --device`: which of ONNX Runtime's providers a run is made on. */
import { Failure } from '../ground/failure.js';

/** `auto` is CUDA where it works, else the processor. */
export type Device = 'auto' | 'cpu' | 'webgpu' | 'cuda';

/**
 * Chooses a provider by trying it with a small product, and says which one `auto` took and why.
 *
 * @throws {Failure} When the device is not in this build of ONNX Runtime, or does not start; names those there are.
 */
export const chooseDevice = async (device: Device): Promise<'cpu' | 'webgpu' | 'cuda'> => {
  if (device === 'cpu') return 'cpu';
  const { availableProviders } = await import('../tensors/index.js');
  const providers = availableProviders();
  const wanted = device === 'auto' ? 'cuda' : device;
  const missing = !providers.includes(wanted);
  const problem: unknown = missing
    ? `this build of ONNX Runtime has ${providers.join(', ')}`
    : await start(wanted).then(
        () => undefined,
        (error: unknown) => error,
      );
  const reason = problem instanceof Failure ? cause(problem.got ?? problem.what) : String(problem);
  if (device === 'auto') {
    console.error(problem === undefined ? 'Training on cuda.' : `Training on cpu, cuda is not there: ${reason}.`);
    return problem === undefined ? 'cuda' : 'cpu';
  }
  if (problem === undefined) return wanted;
  const others = providers.filter((provider) => provider !== wanted).join(', ');
  throw new Failure(
    {
      what: `the device ${device} is missing or does not start`,
      where: '--device',
      got: reason,
      fix: `${missing ? 'add it to ONNX Runtime' : 'check its driver'}, or use one of ${others}`,
    },
    { cause: problem },
  );
};

/** Runs a small product on a provider. */
const start = async (provider: 'webgpu' | 'cuda'): Promise<void> => {
  const { compile, Graph, matmul } = await import('../tensors/index.js');
  const graph = new Graph();
  const x = graph.input('x', 'float32', [2, 2]);
  const program = await compile(graph, { y: matmul(x, x) }, { provider });
  try {
    await program.run(new Map([['x', { data: Float32Array.of(1, 2, 3, 4), dims: [2, 2] }]]));
  } finally {
    await program.release();
  }
};

/** ONNX Runtime's message without the place in its source and the condition that did not hold. */
const cause = (message: string): string =>
  message
    .replace(/^.* was false\. /s, '')
    .trim()
    .replace(/\.$/, '');
