/** @file The Dockerfiles, held against the repository and the package: no engine builds them here. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(`${repository}${path}`, 'utf8');
const manifest = JSON.parse(read('package.json'));

interface Instruction {
  readonly name: string;
  readonly rest: string;
}

/** Its stages, each from its `FROM` on. */
const stagesOf = (path: string): Instruction[][] => {
  const lines = read(path)
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const stages: Instruction[][] = [];
  for (const line of lines) {
    const [, name, rest] = /^([A-Z]+) +(.*)$/.exec(line)!;
    if (name === 'FROM') stages.push([]);
    stages.at(-1)!.push({ name, rest: rest.trim() });
  }
  return stages;
};
const all = (stage: readonly Instruction[], name: string): string[] =>
  stage.filter((each) => each.name === name).map(({ rest }) => rest);
/** Sources of a stage's `COPY`s from the repository, or from the stage before. */
const copied = (stage: readonly Instruction[], from?: string): string[] =>
  all(stage, 'COPY')
    .filter((rest) => rest.startsWith('--from=') === (from !== undefined))
    .flatMap((rest) =>
      rest
        .replace(/^--from=\S+ /, '')
        .split(/ +/)
        .slice(0, -1),
    );
/** A command in exec form; a shell would keep the signals to itself. */
const exec = (rest: string): string[] => JSON.parse(rest);

describe.each([
  ['Dockerfile', '.dockerignore'],
  ['deploy/Dockerfile', 'deploy/Dockerfile.dockerignore'],
])('%s', (path, ignorePath) => {
  const [build, run] = stagesOf(path);

  it('copies what there is, and nothing that is kept out of the build', () => {
    const ignored = read(ignorePath).trim().split('\n');
    const untracked = read('.gitignore').trim().split('\n');
    for (const source of copied(build)) {
      expect(existsSync(`${repository}${source}`), source).toBe(true);
      expect(ignored).not.toContain(source);
      expect(untracked).not.toContain(`${source}/`);
    }
  });

  it('copies all that the build reads', () => {
    const parameters: string[] = manifest.scripts.build.match(/\S+\/\S+|tsconfig\S*/g);
    const extended = parameters
      .filter((name) => name.startsWith('tsconfig'))
      .map((name) => JSON.parse(read(name)).extends.replace('./', ''));
    const needed = ['package.json', 'package-lock.json', '.npmrc', ...parameters, ...extended];
    const there = copied(build);
    for (const name of needed)
      expect(
        there.some((from) => name === from || name.startsWith(`${from}/`)),
        name,
      ).toBe(true);
    expect(all(build, 'RUN').join(' ')).toMatch(
      /^npm install --no-save npm run build && npm prune --no-save --omit=dev /,
    );
  });

  it('takes what the package is published with and what it needs at run time, and nothing else', () => {
    expect(copied(run, 'build')).toEqual(['/app/package.json', '/app/node_modules', '/app/dist']);
    expect(manifest.files).toContain('dist');
    // What else the package has is read by the demo and by people only.
    expect(manifest.files.filter((name: string) => name !== 'dist').sort()).toEqual(['docs', 'samples']);
    expect(copied(run)).toEqual([]);
  });

  it('starts a program that is built, as process 1, on a Node the package runs on', () => {
    const [entry] = all(run, 'ENTRYPOINT').map(exec);
    const [health] = all(run, 'HEALTHCHECK').map((rest) => exec(rest.slice(rest.indexOf('['))));
    expect([entry[0], health[0]]).toEqual(['node', 'node']);
    const programs = [entry[1], health[1]].filter((word) => word.endsWith('.js'));
    for (const program of programs) {
      const place = program.replace(/^\/app\//, '');
      expect(place.startsWith('dist/')).toBe(true);
      expect(statSync(`${repository}${place}`).isFile(), program).toBe(true);
    }
    const [least] = /\d+/.exec(manifest.engines.node)!;
    for (const stage of [build, run]) expect(all(stage, 'FROM')[0]).toMatch(new RegExp(`^node:${least}-`));
    expect(all(run, 'WORKDIR')).toEqual(['/app']);
    expect(all(run, 'EXPOSE')).toEqual(['8080']);
  });

  it('leaves no root to whoever asks the server', () => {
    const environment = all(run, 'ENV').join(' ');
    const serves = /IMPRESSIONIST_SERVE_AS=(\S+)/.exec(environment)?.[1] ?? all(run, 'USER')[0];
    expect(serves).toBe('node');
    const cache = /XDG_CACHE_HOME=(\S+)/.exec(environment)![1];
    const owned = /chown node:node (\S+)/.exec(all(run, 'RUN').join(' '))![1];
    expect(`${cache}/`.startsWith(`${owned}/`)).toBe(true);
  });

  it('leaves out the libraries of other systems, by the names they have', () => {
    const removed = /rm -rf (.*)$/.exec(all(build, 'RUN').join(' '))![1].split(' ');
    const folder = 'node_modules/onnxruntime-node/bin/napi-v6';
    expect(removed.map((name) => name.replace('napi-v*', 'napi-v6'))).toEqual([`${folder}/darwin`, `${folder}/win32`]);
    for (const name of ['darwin', 'win32', 'linux']) expect(existsSync(`${repository}${folder}/${name}`)).toBe(true);
  });
});
