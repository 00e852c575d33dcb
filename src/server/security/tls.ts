/** @file The server's certificate and key: read, checked against each other, and read again when they were renewed. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { readFailure } from '../../ground/durable.js';
import { Failure } from '../../ground/failure.js';

/** Where certificate and key lie, both PEM. */
export interface TlsFiles {
  /** The certificate, then those that it is signed with. */
  readonly cert: string;
  readonly key: string;
}

/** What Node's `https` and `setSecureContext` take. */
export interface TlsMaterial {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Until when the certificate is valid. */
  readonly validTo: Date;
}

const readPem = async (path: string): Promise<Buffer> => {
  try {
    return await readFile(path);
  } catch (error) {
    throw readFailure(path, error);
  }
};

const certificateOf = (pem: Buffer, path: string): X509Certificate => {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new Failure(
      { what: 'no certificate', where: path, fix: 'give a PEM file, BEGIN CERTIFICATE, as --tls-cert' },
      { cause: error },
    );
  }
};

const keyOf = (pem: Buffer, path: string): KeyObject => {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    // PKCS #8 says so in its header, the older form in a line of its own; Node's own code for it varies.
    const encrypted = /^-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(pem.toString('latin1'));
    throw new Failure(
      encrypted
        ? {
            what: 'the private key is encrypted',
            where: path,
            fix: 'decrypt it (openssl pkey -in KEY -out PLAIN) and let only the server read it',
          }
        : { what: 'no private key', where: path, fix: 'give a PEM file, BEGIN PRIVATE KEY, as --tls-key' },
      { cause: error },
    );
  }
};

/**
 * Reads certificate and key.
 *
 * @throws {Failure} When one cannot be read or is none, the key is encrypted or another certificate's, or TLS would not take them.
 * @example const { cert, key } = await readTls({ cert: 'server.pem', key: 'server.key' });
 */
export const readTls = async (files: TlsFiles): Promise<TlsMaterial> => {
  const [cert, key] = await Promise.all([readPem(files.cert), readPem(files.key)]);
  const certificate = certificateOf(cert, files.cert);
  if (!certificate.checkPrivateKey(keyOf(key, files.key))) {
    throw new Failure({
      what: 'the private key does not belong to the certificate',
      where: files.key,
      fix: `give the key that ${files.cert} was made with; a chain begins with the server’s own certificate`,
    });
  }
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw new Failure(
      {
        what: 'TLS does not take the certificate',
        where: files.cert,
        got: (error as { code?: string }).code,
        fix: 'see that all certificates of the file are whole, and their keys long enough',
      },
      { cause: error },
    );
  }
  return { cert, key, validTo: new Date(certificate.validTo) };
};
