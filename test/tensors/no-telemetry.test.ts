import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

it('ONNX Runtime keeps nothing to report', async () => {
  const home = await mkdtemp(join(tmpdir(), 'no-telemetry-'));
  try {
    const model = here('../fixtures/t5-text');
    const parameters = ['generate', 'The lungs are clear.', '--model', model, '--max-new-tokens', '4'];
    const env = { PATH: process.env.PATH, HOME: home, XDG_CACHE_HOME: join(home, 'cache') };
    await promisify(execFile)(process.execPath, [here('../../dist/cli/main.js'), ...parameters], { env });
    expect(await readdir(home, { recursive: true })).toEqual([]);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});
