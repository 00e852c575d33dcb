/**
 * @file Access tokens: a file of their hashes with names and scopes. A token itself is shown once, when it is made.
 * 256 random bits need no slow hash: SHA-256 cannot be searched through.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { readFailure, writeWhole } from '../../ground/durable.js';
import { Failure, systemCode } from '../../ground/failure.js';

/** What a token may do: `draft` all that clinical clients need, `metrics` /metrics. */
export const SCOPES = ['draft', 'metrics'] as const;

/** One of {@link SCOPES}. */
export type Scope = (typeof SCOPES)[number];

const tokenSchema = z.strictObject({
  /** Who holds it; stands in the audit log. */
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  scopes: z.array(z.enum(SCOPES)).min(1),
  created: z.string(),
  revoked: z.string().optional(),
});
const fileSchema = z.strictObject({ version: z.literal(1), tokens: z.array(tokenSchema) });

/** A token as the file has it. */
export type StoredToken = z.infer<typeof tokenSchema>;

const PREFIX = 'imp_';

/** A token's hash as the file has it. */
export const tokenHash = (token: string): string => createHash('sha256').update(token).digest('hex');

/**
 * Reads a token file; a missing one holds none.
 *
 * @throws {Failure} When it is damaged.
 */
export const readTokens = async (path: string): Promise<readonly StoredToken[]> => {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw readFailure(path, error);
  }
  try {
    return fileSchema.parse(JSON.parse(text)).tokens;
  } catch (error) {
    throw new Failure(
      { what: 'not a token file', where: path, fix: 'restore it, or remove it and add tokens anew' },
      { cause: error },
    );
  }
};

const writeTokens = (path: string, tokens: readonly StoredToken[]): Promise<void> =>
  writeWhole(path, `${JSON.stringify({ version: 1, tokens }, null, 2)}\n`);

/**
 * Makes a token.
 *
 * @returns The token, which is kept nowhere.
 * @throws {Failure} When the name is taken or no name.
 * @example const token = await addToken('tokens.json', 'ris', ['draft']);
 */
export const addToken = async (path: string, name: string, scopes: readonly Scope[]): Promise<string> => {
  const tokens = await readTokens(path);
  if (tokens.some((token) => token.name === name && token.revoked === undefined)) {
    throw new Failure({
      what: 'a token of this name is in force',
      got: name,
      fix: 'choose another name, or revoke it first',
    });
  }
  const token = `${PREFIX}${randomBytes(32).toString('base64url')}`;
  const stored = { name, hash: tokenHash(token), scopes: [...scopes], created: new Date().toISOString() };
  if (!tokenSchema.safeParse(stored).success) {
    throw new Failure({
      what: 'no name for a token',
      got: name,
      fix: 'use up to 64 letters, digits, dots, @, - and _, a letter or digit first',
    });
  }
  await writeTokens(path, [...tokens, stored]);
  return token;
};

/**
 * Revokes a token. A running server follows within seconds.
 *
 * @throws {Failure} When no token in force has the name.
 */
export const revokeToken = async (path: string, name: string): Promise<void> => {
  const tokens = await readTokens(path);
  if (!tokens.some((token) => token.name === name && token.revoked === undefined)) {
    throw new Failure({
      what: 'no token of this name is in force',
      where: path,
      got: name,
      fix: 'see: impressionist token list',
    });
  }
  const revoked = new Date().toISOString();
  await writeTokens(
    path,
    tokens.map((token) => (token.name === name && token.revoked === undefined ? { ...token, revoked } : token)),
  );
};

/** Finds a presented token among those in force. */
export interface TokenLookup {
  find(token: string): Promise<StoredToken | undefined>;
}

/** How often the file is looked at for changes, in milliseconds. */
const REFRESH = 2000;

/** Looks tokens up in a file, which may change while the server runs. */
export const tokensOf = async (path: string): Promise<TokenLookup> => {
  let byHash = new Map<string, StoredToken>();
  let [seen, looked] = ['', 0];
  const look = async (): Promise<void> => {
    looked = Date.now();
    const found = await stat(path).catch(() => undefined);
    const stamp = found === undefined ? 'none' : `${found.mtimeMs} ${found.size} ${found.ino}`;
    if (stamp === seen) return;
    const tokens = await readTokens(path);
    byHash = new Map(tokens.filter(({ revoked }) => revoked === undefined).map((token) => [token.hash, token]));
    seen = stamp;
  };
  await look();
  return {
    find: async (token) => {
      // A file that became unreadable lets nobody in.
      if (Date.now() - looked > REFRESH) {
        await look().catch(() => {
          byHash = new Map();
          seen = '';
        });
      }
      return byHash.get(tokenHash(token));
    },
  };
};
