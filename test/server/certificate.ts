/** @file Self-signed certificates for tests, made here: X.509 v3 (RFC 5280) in DER, with a key on P-256. */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

const der = (tag: number, ...parts: Uint8Array[]): Buffer => {
  const content = Buffer.concat(parts);
  const size = content.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
};
const sequence = (...parts: Uint8Array[]): Buffer => der(0x30, ...parts);
const identifier = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const text = (content: string): Buffer => der(0x0c, Buffer.from(content));
const bits = (content: Uint8Array): Buffer => der(0x03, Buffer.of(0), content);
/** UTCTime, to the second. */
const time = (at: Date): Buffer =>
  der(0x17, Buffer.from(`${at.toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`, 'latin1'));

const COMMON_NAME = '550403';
const SUBJECT_ALTERNATIVE = '551d11';
const ECDSA_WITH_SHA256 = '2a8648ce3d040302';
const DAY = 86_400_000;

/** A certificate for this machine's own names, and its key, as PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** @param name Its common name, by which tests tell one from another. */
export const selfSigned = (name: string): Certificate => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(identifier(ECDSA_WITH_SHA256));
  const named = sequence(der(0x31, sequence(identifier(COMMON_NAME), text(name))));
  const names = sequence(der(0x82, Buffer.from('localhost')), der(0x87, Buffer.of(127, 0, 0, 1)));
  const body = sequence(
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.of(1), randomBytes(8)),
    algorithm,
    named,
    sequence(time(new Date(Date.now() - DAY)), time(new Date(Date.now() + DAY))),
    named,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(sequence(identifier(SUBJECT_ALTERNATIVE), der(0x04, names)))),
  );
  const whole = sequence(body, algorithm, bits(sign('sha256', body, privateKey)));
  const lines = whole.toString('base64').match(/.{1,64}/g)!;
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
};
