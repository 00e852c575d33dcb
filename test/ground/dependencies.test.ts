import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
interface Locked {
  readonly version: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}
const page = read('docs/dependencies.md');
const direct = Object.keys(JSON.parse(read('package.json')).dependencies);
const locked: Readonly<Record<string, Locked>> = JSON.parse(read('package-lock.json')).packages;
/** What the page's table says, by name. */
const told = new Map(
  [...page.matchAll(/^\| `([^`]+)` +\| ([^|]+)\|([^|]+)\|(.+)\|$/gm)].map(([, name, version, licence, more]) => [
    name,
    { major: version.split('.')[0].trim(), licence: licence.trim(), cells: more.split('|').map((cell) => cell.trim()) },
  ]),
);

describe('the page on dependencies', () => {
  it('names every direct production dependency and no other', () => {
    expect([...told.keys()].sort()).toEqual([...direct].sort());
  });

  it.each(direct)('tells licence, major version, purpose and reach of %s', (name) => {
    const { version, license } = locked[`node_modules/${name}`];
    expect(told.get(name)).toMatchObject({ licence: license, major: version.split('.')[0] });
    expect(told.get(name)!.cells.length).toBe(4);
    expect(told.get(name)!.cells).not.toContain('');
  });

  it('lists every licence of what runs in production, and every package with a script at its installation', () => {
    const production = Object.entries(locked).filter(([path, { dev }]) => path !== '' && dev !== true);
    const licences = /^- Licences below them too: (.+)\.$/m.exec(page)![1].split(', ');
    expect(licences).toEqual(expect.arrayContaining([...new Set(production.map(([, { license }]) => license))]));
    const scripted = production.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path);
    expect(scripted).toEqual(['node_modules/onnxruntime-node']);
    expect(read('.npmrc')).toContain('ignore-scripts=true');
  });
});
