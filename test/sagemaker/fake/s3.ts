/** @file S3's REST interface, path style: objects, listing, deletion, uploads in parts. Checksums are checked. */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { crc32 } from 'node:zlib';
import { AwsError, type OpenUpload, type State, strike } from './state.js';

const escaped = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
const head = '<?xml version="1.0" encoding="UTF-8"?>\n';
const etag = (body: Buffer): string => `"${createHash('md5').update(body).digest('hex')}"`;

/** Takes the chunks of `aws-chunked` apart, and checks the trailing checksum. */
const unchunked = (body: Buffer): Buffer => {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.toString('latin1', at, end), 16);
    at = end + 2;
    if (size === 0) break;
    parts.push(body.subarray(at, at + size));
    at += size + 2;
  }
  const content = Buffer.concat(parts);
  const trailer = /x-amz-checksum-crc32:(\S+)/.exec(body.toString('latin1', at))?.[1];
  if (trailer !== undefined) checkCrc(content, trailer);
  return content;
};

const checkCrc = (content: Buffer, claimed: string): void => {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(content));
  if (sum.toString('base64') !== claimed) throw new AwsError('BadDigest', 'The checksum did not match');
};

const contentOf = (request: IncomingMessage, body: Buffer): Buffer => {
  if (/aws-chunked/.test(String(request.headers['content-encoding'] ?? ''))) return unchunked(body);
  const claimed = request.headers['x-amz-checksum-crc32'];
  if (typeof claimed === 'string') checkCrc(body, claimed);
  return body;
};

const bucketOf = (state: State, name: string) => {
  const bucket = state.buckets.get(name);
  if (bucket === undefined) throw new AwsError('NoSuchBucket', 'The specified bucket does not exist', 404);
  return bucket;
};

/** The body of an error, as S3 writes it. */
export const errorXml = ({ type, message }: AwsError): string =>
  `${head}<Error><Code>${type}</Code><Message>${escaped(message)}</Message></Error>`;

/** Answers an S3 request. */
export const serveS3 = (state: State, request: IncomingMessage, response: ServerResponse, body: Buffer): void => {
  const url = new URL(request.url ?? '/', 'http://s3');
  const [, bucketName = '', ...rest] = url.pathname.split('/');
  const key = decodeURIComponent(rest.join('/'));
  const query = url.searchParams;
  const { headers, method } = request;
  const seen = (operation: string): void => {
    state.seen.push({ operation, input: { bucket: bucketName, key }, headers });
    strike(state, operation);
  };
  const send = (status: number, text: string | Buffer = '', more: Record<string, string> = {}): void => {
    response.writeHead(status, { 'x-amz-request-id': 'fake', ...more, 'content-length': Buffer.byteLength(text) });
    response.end(method === 'HEAD' ? undefined : text);
  };
  const encryption = headers['x-amz-server-side-encryption'] as string | undefined;
  const kmsKey = headers['x-amz-server-side-encryption-aws-kms-key-id'] as string | undefined;
  const xml = { 'content-type': 'application/xml' };
  const openUpload = (): OpenUpload => {
    const upload = state.uploads.get(query.get('uploadId') ?? '');
    if (upload === undefined) throw new AwsError('NoSuchUpload', 'The upload does not exist', 404);
    return upload;
  };

  if (method === 'POST' && query.has('delete')) {
    seen('DeleteObjects');
    const bucket = bucketOf(state, bucketName);
    for (const [, name] of body.toString().matchAll(/<Key>([^<]*)<\/Key>/g)) {
      bucket.delete(name!.replace(/&amp;/g, '&').replace(/&lt;/g, '<').replace(/&gt;/g, '>'));
    }
    send(200, `${head}<DeleteResult/>`, xml);
  } else if (method === 'POST' && query.has('uploads')) {
    seen('CreateMultipartUpload');
    bucketOf(state, bucketName);
    const id = `upload-${state.seen.length}`;
    state.uploads.set(id, { bucket: bucketName, key, encryption, kmsKey, parts: new Map() });
    send(200, `${head}<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`, xml);
  } else if (method === 'PUT' && query.has('partNumber')) {
    seen('UploadPart');
    const part = contentOf(request, body);
    openUpload().parts.set(Number(query.get('partNumber')), part);
    send(200, '', { etag: etag(part) });
  } else if (method === 'POST' && query.has('uploadId')) {
    seen('CompleteMultipartUpload');
    const upload = openUpload();
    const parts = [...upload.parts].sort(([a], [b]) => a - b).map(([, part]) => part);
    if (parts.slice(0, -1).some((part) => part.length < 5 * 1024 * 1024)) {
      throw new AwsError('EntityTooSmall', 'A part is smaller than the minimum');
    }
    const whole = Buffer.concat(parts);
    bucketOf(state, upload.bucket).set(upload.key, {
      body: whole,
      encryption: upload.encryption,
      kmsKey: upload.kmsKey,
    });
    state.uploads.delete(query.get('uploadId')!);
    send(200, `${head}<CompleteMultipartUploadResult><ETag>${etag(whole)}</ETag></CompleteMultipartUploadResult>`, xml);
  } else if (method === 'DELETE' && query.has('uploadId')) {
    seen('AbortMultipartUpload');
    openUpload();
    state.uploads.delete(query.get('uploadId')!);
    send(204);
  } else if (method === 'GET' && query.has('list-type')) {
    seen('ListObjectsV2');
    const prefix = query.get('prefix') ?? '';
    const all = [...bucketOf(state, bucketName)]
      .filter(([name]) => name.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    // Two a page, so that paging is always exercised.
    const start = Number(query.get('continuation-token') ?? 0);
    const page = all.slice(start, start + 2);
    const next = start + 2 < all.length ? `<NextContinuationToken>${start + 2}</NextContinuationToken>` : '';
    const contents = page.map(
      ([name, object]) =>
        `<Contents><Key>${escaped(name)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>${etag(object.body)}</ETag><Size>${object.body.length}</Size></Contents>`,
    );
    send(
      200,
      `${head}<ListBucketResult><IsTruncated>${next !== ''}</IsTruncated>${next}${contents.join('')}</ListBucketResult>`,
      xml,
    );
  } else if (method === 'PUT') {
    seen('PutObject');
    const bucket = bucketOf(state, bucketName);
    const content = contentOf(request, body);
    bucket.set(key, { body: content, encryption, kmsKey });
    send(200, '', { etag: etag(content) });
  } else if (method === 'GET' || method === 'HEAD') {
    seen(method === 'GET' ? 'GetObject' : 'HeadObject');
    const object = bucketOf(state, bucketName).get(key);
    if (object === undefined) throw new AwsError('NoSuchKey', 'The specified key does not exist.', 404);
    send(200, object.body, { etag: etag(object.body), 'content-type': 'binary/octet-stream' });
  } else throw new AwsError('MethodNotAllowed', `${method} ${request.url}`, 405);
};
