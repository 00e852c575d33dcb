// Last step of the build: what the compiled program reads at run time beside its code, the executable bit, the stamp.
import { chmodSync, cpSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

for (const entry of readdirSync('src', { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || entry.name.endsWith('.ts')) continue;
  const source = join(entry.parentPath, entry.name);
  // The page is built by Vite, which brings its own.
  if (relative('src', source).startsWith('workbench')) continue;
  cpSync(source, join('dist', relative('src', source)));
}
chmodSync(join('dist', 'cli', 'main.js'), 0o755);
writeFileSync(join(dirname('dist/x'), '.built'), '');
