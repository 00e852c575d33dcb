// Makes a fresh clone ready: installs the locked dependencies and builds, each only when it is out of date.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`impressionist: Node is too old, found ${process.versions.node}, install Node 20.19 or newer`);
  process.exit(1);
}

const run = (command, args) => {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
};

const modified = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

const newestIn = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((newest, entry) => Math.max(newest, modified(join(entry.parentPath, entry.name))), 0);

// Not `npm ci`: it refuses a lock file that lacks optional packages for other platforms, and a registry mirror that
// does not carry those makes such lock files. Versions are the locked ones all the same, and nothing is saved.
if (modified('node_modules/.package-lock.json') < modified('package-lock.json')) {
  run('npm', ['install', '--no-save', '--loglevel=error']);
}
const sources = Math.max(
  newestIn('src'),
  modified('package-lock.json'),
  modified('tsconfig.build.json'),
  modified('scripts/assets.mjs'),
);
if (modified('dist/.built') < sources) run('npm', ['run', '--silent', 'build']);
