/**
 * @file The secret beside an audit log. Digests of texts are keyed with it (a bare hash of a short impression could be
 * guessed), and stored texts are encrypted with it, so that a copy of the log alone gives no text away.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { existsSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFailure, writeFailure } from '../../ground/durable.js';
import { Failure, systemCode } from '../../ground/failure.js';

/** What a log's secret does. */
export interface AuditKey {
  /** HMAC-SHA-256 of a text, as hexadecimal digits. */
  digest(text: string): string;
  encrypt(text: string): string;
  /** @throws {Failure} When the text was encrypted with another key or was changed. */
  decrypt(sealed: string): string;
}

const [IV, TAG] = [12, 16];

/** Where the secret of a log stands. */
export const keyPath = (log: string): string => `${log}.key`;

/**
 * Reads a log's secret.
 *
 * @throws {Failure} When there is none, or it is damaged.
 */
export const readKey = (log: string): AuditKey => {
  const path = keyPath(log);
  let secret: Buffer;
  try {
    secret = Buffer.from(readFileSync(path, 'utf8').trim(), 'hex');
  } catch (error) {
    throw readFailure(path, error);
  }
  if (secret.length !== 32) {
    throw new Failure({ what: 'not the key of an audit log', where: path, fix: 'restore it from a backup' });
  }
  return keyFrom(secret);
};

/**
 * Makes a log's secret, readable by its owner only; one that is there already stays. It appears under its name when it is
 * whole: without its secret a log's texts are lost.
 *
 * @throws {Failure} When it cannot be written, e.g. since the disk is full; nothing is left behind.
 */
export const ensureKey = (log: string): AuditKey => {
  const path = keyPath(log);
  if (existsSync(path)) return readKey(log);
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flush: true });
    appear(temporary, path);
  } catch (error) {
    throw writeFailure(path, error);
  } finally {
    rmSync(temporary, { force: true });
  }
  return readKey(log);
};

/** Gives a file its name, unless another process was faster: that one's secret is then in use already. */
const appear = (temporary: string, path: string): void => {
  try {
    linkSync(temporary, path);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return;
    // A file system that knows no second names.
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(systemCode(error) ?? '')) throw error;
    renameSync(temporary, path);
  }
};

const keyFrom = (secret: Buffer): AuditKey => {
  const derive = (purpose: string): Buffer => Buffer.from(hkdfSync('sha256', secret, '', purpose, 32));
  const [digesting, sealing] = [derive('digest'), derive('seal')];
  return {
    digest: (text) => createHmac('sha256', digesting).update(text, 'utf8').digest('hex'),
    encrypt: (text) => {
      const iv = randomBytes(IV);
      const cipher = createCipheriv('aes-256-gcm', sealing, iv);
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64');
    },
    decrypt: (sealed) => {
      const bytes = Buffer.from(sealed, 'base64');
      try {
        const decipher = createDecipheriv('aes-256-gcm', sealing, bytes.subarray(0, IV));
        decipher.setAuthTag(bytes.subarray(IV, IV + TAG));
        return Buffer.concat([decipher.update(bytes.subarray(IV + TAG)), decipher.final()]).toString('utf8');
      } catch (error) {
        throw new Failure(
          { what: 'a stored text cannot be read', got: 'another key, or changed bytes', fix: 'run: audit verify' },
          { cause: error },
        );
      }
    },
  };
};
