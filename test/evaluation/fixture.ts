/** @file Reading this room's fixtures. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** The parsed content of a gzipped JSON fixture. */
export const readFixture = <Content>(name: string): Content =>
  JSON.parse(gunzipSync(readFileSync(new URL(`../fixtures/evaluation/${name}`, import.meta.url))).toString('utf8'));
