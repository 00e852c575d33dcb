/**
 * @file Loaded before a command: every session on WebGPU writes ONNX Runtime's own profile, which names the provider that ran
 * each operation, into the folder in PROFILES. What the session computes is not changed.
 */
import { join } from 'node:path';
import ort from 'onnxruntime-node';

const { create } = ort.InferenceSession;
let count = 0;

ort.InferenceSession.create = async (model, options) => {
  if (!options.executionProviders.includes('webgpu')) return create.call(ort.InferenceSession, model, options);
  const profileFilePrefix = join(process.env.PROFILES, `session-${count++}`);
  const session = await create.call(ort.InferenceSession, model, {
    ...options,
    enableProfiling: true,
    profileFilePrefix,
  });
  const release = session.release.bind(session);
  session.release = () => {
    session.endProfiling();
    return release();
  };
  return session;
};
