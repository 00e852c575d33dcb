/** @file `train --device`: which of ONNX Runtime's providers a run is made on. */
import { Failure } from '../ground/failure.js';

/** `auto` is CUDA where it works, else the processor. */
export type Device = 'auto' | 'cpu' | 'webgpu' | 'cuda';

/**
 * Chooses a provider by trying it with a small product, and says which one `auto` took.
 *
 * @throws {Failure} When the device is not in this build of ONNX Runtime, or does not start; names those there are.
 */
export const chooseDevice = async (device: Device): Promise<'cpu' | 'webgpu' | 'cuda'> => {
  if (device === 'cpu') return 'cpu';
  const { availableProviders, compile, Graph, matmul } = await import('../tensors/index.js');
  const providers = availableProviders();
  const there = `this build of ONNX Runtime has ${providers.join(', ')}`;
  const wanted = device === 'auto' ? 'cuda' : device;
  const starts = async (): Promise<unknown> => {
    if (!providers.includes(wanted)) return there;
    try {
      const graph = new Graph();
      const x = graph.input('x', 'float32', [2, 2]);
      const program = await compile(graph, { y: matmul(x, x) }, { provider: wanted });
      await program.run(new Map([['x', { data: Float32Array.of(1, 2, 3, 4), dims: [2, 2] }]]));
      await program.release();
      return undefined;
    } catch (error) {
      return error;
    }
  };
  const problem = await starts();
  if (device === 'auto') {
    const chosen = problem === undefined ? 'cuda' : 'cpu';
    console.error(`Training on ${chosen}.`);
    return chosen;
  }
  if (problem === undefined) return wanted;
  throw new Failure(
    {
      what: `the device ${device} is missing or does not start`,
      where: '--device',
      got: problem instanceof Failure ? problem.got : String(problem),
      fix: `check its driver, or use one of ${providers.join(', ')}`,
    },
    { cause: problem },
  );
};
