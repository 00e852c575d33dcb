import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Ended, type Surroundings, start, temporaryFolder } from './impressionist.js';
import { swiftShader } from './swiftshader.js';

const MODEL = fileURLToPath(new URL('../fixtures/t5-text', import.meta.url));
const PROFILER = new URL('./webgpu-profile.mjs', import.meta.url).href;
const device = swiftShader(inject('chromium'));

let folder: string;
let data: string;
const out = (...path: string[]): string => join(folder, ...path);

beforeAll(async () => {
  folder = await temporaryFolder();
  data = out('examples.json');
  // Findings of one length: WebGPU compiles its programs anew for each shape, which is slow without a GPU. So is all else.
  const examples = Array.from({ length: 20 }, (_, i) => ({
    study_id: String(i),
    subject_id: String(i),
    findings: `There is a ${['small', 'large'][i % 2]} effusion.`,
    impression: `${['Small', 'Large'][i % 2]} effusion.`,
    background: '',
  }));
  await writeFile(data, JSON.stringify(examples));
  await writeFile(out('dev.json'), JSON.stringify(examples.slice(0, 2)));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const train = (name: string, options: readonly string[], surroundings?: Surroundings): Promise<Ended> =>
  start(
    [
      ...['train', data, '--dev', out('dev.json'), '--model', MODEL, '--out', out(name), '--threads', '1'],
      ...['--prompt', '{findings}', '--batch-size', '1', '--accumulation', '1', ...options],
    ],
    surroundings,
  ).ended;

/** The losses of a run in order, dev losses among them. */
const lossesOf = async (name: string): Promise<number[]> =>
  (await readFile(out(name, 'metrics.jsonl'), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => {
      const { loss, devLoss } = JSON.parse(line);
      return loss ?? devLoss;
    });

interface Ran {
  readonly operation: string;
  readonly provider: string;
  /** Element types of the outputs. */
  readonly types: readonly string[];
}

/** What each session on WebGPU ran, the session with the most operations first. */
const profiles = async (name: string): Promise<Ran[][]> => {
  const files = await readdir(out('profiles', name));
  const sessions = await Promise.all(
    files.map(async (file) => {
      const events: { cat: string; args: Record<string, unknown> }[] = JSON.parse(
        await readFile(out('profiles', name, file), 'utf8'),
      );
      return events
        .filter(({ cat, args }) => cat === 'Node' && 'provider' in args)
        .map(
          ({ args }): Ran => ({
            operation: String(args.op_name),
            provider: String(args.provider),
            types: (args.output_type_shape as object[]).flatMap((each) => Object.keys(each)),
          }),
        );
    }),
  );
  return sessions.sort((a, b) => b.length - a.length);
};

describe.skipIf(device === undefined)('train --device webgpu (skipped where Chromium has no SwiftShader)', () => {
  /** Trains on both devices; the largest difference of the losses and what the sessions on WebGPU ran. */
  const both = async (name: string, options: readonly string[]) => {
    const profileFolder = out('profiles', name);
    await mkdir(profileFolder, { recursive: true });
    const onCpu = await train(`${name}-cpu`, options);
    expect(onCpu.code, onCpu.stderr).toBe(0);
    const onDevice = await train(`${name}-webgpu`, [...options, '--device', 'webgpu'], {
      env: { ...device, PROFILES: profileFolder },
      preload: PROFILER,
    });
    expect(onDevice.code, onDevice.stderr).toBe(0);
    const [cpu, webgpu] = await Promise.all([lossesOf(`${name}-cpu`), lossesOf(`${name}-webgpu`)]);
    expect(webgpu.length).toBe(cpu.length);
    return {
      cpu,
      difference: Math.max(...cpu.map((loss, i) => Math.abs(loss - webgpu[i]))),
      sessions: await profiles(name),
    };
  };

  /** All arithmetic on floats was the device's; the processor had only integers, such as distances and labels. */
  const expectOnDevice = (sessions: readonly Ran[][], products: number): void => {
    // The training step, the dev loss, and the small product by which the device was tried.
    expect(sessions.length).toBe(3);
    for (const ran of sessions) {
      expect(
        ran.filter(({ provider, types }) => provider !== 'WebGpuExecutionProvider' && types.includes('float')),
      ).toEqual([]);
    }
    const onDevice = sessions[0].filter(({ provider }) => provider === 'WebGpuExecutionProvider');
    expect(onDevice.filter(({ operation }) => /^(MatMul|Gemm|MatMulNBits)$/.test(operation)).length).toBeGreaterThan(
      products,
    );
  };

  it('has the loss curve of the processor over 20 LoRA steps, and computes it on the device', async () => {
    const { cpu, difference, sessions } = await both('lora', ['--lora', '--lora-targets', 'all', '--epochs', '1']);
    expect(cpu.length).toBe(20 + 1);
    expect(cpu.at(-1)!).toBeLessThan(cpu[0] - 1);
    expect(difference).toBeLessThan(1e-3);
    // 24 matrices, each with the two of its adapter, forward and backward, at each step.
    expectOnDevice(sessions, 20 * 24 * 3 * 2);
  });

  it('trains all weights as the processor does', async () => {
    const { cpu, difference, sessions } = await both('full', ['--epochs', '0.15']);
    expect(cpu.length).toBe(3 + 1);
    expect(difference).toBeLessThan(1e-3);
    expectOnDevice(sessions, 3 * 24 * 2);
  });

  it('trains an adapter over rounded weights as the processor does', async () => {
    const { cpu, difference, sessions } = await both('int4', ['--lora', '--weights', 'int4', '--epochs', '0.1']);
    expect(cpu.length).toBe(2 + 1);
    expect(difference).toBeLessThan(1e-3);
    expectOnDevice(sessions, 2 * 24 * 2);
  });
});

describe('train --device', () => {
  it('names the devices there are when WebGPU finds no GPU', async () => {
    const { code, stderr } = await train('none', ['--device', 'webgpu'], {
      env: { LD_LIBRARY_PATH: '', VK_ICD_FILENAMES: '/nowhere', VK_DRIVER_FILES: '/nowhere' },
    });
    expect(code).toBe(1);
    const message =
      /the device webgpu is missing or does not start, --device, got .*, check its driver, or use one of (.*)/;
    const others = message.exec(stderr)?.[1].split(', ');
    expect(others).toContain('cpu');
    expect(others).not.toContain('webgpu');
    expect(stderr).not.toContain('.cc:');
  });

  it('says which device auto took, and why', async () => {
    const { stderr } = await train('auto', ['--device', 'auto', '--epochs', '0.05']);
    expect(stderr).toMatch(/^Training on (cuda\.|cpu, cuda is not there: .+\.)$/m);
  });
});
