/**
 * @file Finds the Chromium that the page's tests drive, and installs it when there is none: Debian's package as root,
 * Playwright's own download elsewhere. Without one the tests fail; they are never skipped.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import type { TestProject } from 'vitest/node';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
];

const found = (): string | undefined =>
  [process.env.CHROMIUM_PATH ?? '', ...PLACES, chromium.executablePath()].find(
    (path) => path !== '' && existsSync(path),
  );

const run = (command: string, args: readonly string[]): boolean => {
  console.error(`$ ${command} ${args.join(' ')}`);
  return (
    spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
      .status === 0
  );
};

const install = (): void => {
  const debian = existsSync('/usr/bin/apt-get') && process.getuid?.() === 0;
  if (debian && run('apt-get', ['update']) && run('apt-get', ['install', '-y', '--no-install-recommends', 'chromium']))
    return;
  run('npx', ['playwright-core', 'install', ...(process.getuid?.() === 0 ? ['--with-deps'] : []), 'chromium']);
};

export default ({ provide }: TestProject): void => {
  if (found() === undefined) install();
  const path = found();
  if (path === undefined) {
    throw new Error(
      'no Chromium for the tests of the page, install it (apt-get install chromium) or set CHROMIUM_PATH',
    );
  }
  provide('chromium', path);
};

declare module 'vitest' {
  interface ProvidedContext {
    chromium: string;
  }
}
