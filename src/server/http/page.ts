/**
 * @file The built page, read once at the start and served from memory, compressed: a few files whose names are known,
 * so that no path of a request ever reaches the disk.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { Routes } from './context.js';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};
/** Views of the page that have an address of their own. */
const VIEWS = ['/', '/model', '/evaluations', '/docs'];

export const pageRoutes: Routes = (app, { page, log }) => {
  let names: string[];
  try {
    names = readdirSync(page, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(page, join(entry.parentPath, entry.name)).split(sep).join('/'));
  } catch {
    log.warn('no_page', { fix: 'npm run build' });
    return;
  }
  for (const name of names) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const content = readFileSync(join(page, name));
    const [br, gzip] = [brotliCompressSync(content), gzipSync(content)];
    // Vite puts a hash of the content into every name but the page's own.
    const cache = name === 'index.html' ? 'no-cache' : 'public, max-age=31536000, immutable';
    for (const path of name === 'index.html' ? VIEWS : [`/${name}`]) {
      app.get(path, (request, reply) => {
        const accepted = String(request.headers['accept-encoding'] ?? '');
        const [encoding, body] = /\bbr\b/.test(accepted)
          ? ['br', br]
          : /\bgzip\b/.test(accepted)
            ? ['gzip', gzip]
            : ['', content];
        reply.type(type).header('cache-control', cache).header('vary', 'accept-encoding');
        if (encoding !== '') reply.header('content-encoding', encoding);
        return reply.send(body);
      });
    }
  }
};
