/**
 * @file Who may do what: a bearer token, a header that a trusted proxy sets, or, on loopback only, whoever sits at the
 * machine. Pages of other origins are kept out in every case.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { HttpFailure } from '../http/http-failure.js';
import { addressList } from './addresses.js';
import type { Scope, TokenLookup } from './tokens.js';

/** Who asks. */
export interface Principal {
  readonly user: string;
  readonly scopes: readonly Scope[];
}

/** How users are known. */
export interface AccessOptions {
  readonly tokens?: TokenLookup;
  /** Requests from these addresses may name their user in this header. */
  readonly proxy?: { readonly header: string; readonly addresses: readonly string[] };
  /** Whether requests without any credentials are served. */
  readonly anonymous: boolean;
  /** Whether the server is bound to loopback: then it answers to loopback's names only, against DNS rebinding. */
  readonly loopback: boolean;
}

/** The parts of a request that access hangs on. */
export interface AccessRequest {
  readonly headers: IncomingHttpHeaders;
  readonly address: string;
}

/** Decides on requests. */
export interface Access {
  /** @throws {HttpFailure} 401 or 403. */
  authenticate(request: AccessRequest): Promise<Principal>;
  /** @throws {HttpFailure} 403 for a page of another origin, or a foreign name for loopback. */
  checkOrigin(method: string, headers: IncomingHttpHeaders): void;
}

const ALL: readonly Scope[] = ['draft', 'metrics'];
const USER = /^[\x21-\x7e]{1,128}$/;
const LOOPBACK_NAMES = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;

/** The host of an origin; undefined for `null` and whatever else is no URL. */
const hostOf = (origin: string): string | undefined => (URL.canParse(origin) ? new URL(origin).host : undefined);

/**
 * Makes the rules.
 *
 * @throws {Failure} When a proxy's address is none.
 * @example const access = createAccess({ anonymous: true, loopback: true });
 */
export const createAccess = ({ tokens, proxy, anonymous, loopback }: AccessOptions): Access => {
  const trusted = proxy && addressList(proxy.addresses, '--trusted-proxy');
  const denied = (status: 401 | 403, code: string, what: string, fix?: string): HttpFailure =>
    new HttpFailure({ status, code, what, fix });

  return {
    authenticate: async ({ headers, address }) => {
      const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
      if (bearer !== undefined && tokens !== undefined) {
        const found = await tokens.find(bearer);
        if (found === undefined)
          throw denied(401, 'invalid_token', 'the token is not valid', 'ask the administrator for one');
        return { user: found.name, scopes: found.scopes };
      }
      if (proxy !== undefined && trusted?.(address)) {
        const user = headers[proxy.header.toLowerCase()];
        if (typeof user === 'string' && USER.test(user)) return { user, scopes: ALL };
      }
      if (anonymous) return { user: 'local', scopes: ALL };
      throw denied(401, 'unauthorized', 'no credentials', 'send Authorization: Bearer TOKEN');
    },
    checkOrigin: (method, { host, origin, 'sec-fetch-site': site, 'sec-fetch-mode': mode }) => {
      if (loopback && host !== undefined && !LOOPBACK_NAMES.test(host)) {
        throw denied(
          403,
          'wrong_host',
          'this server answers to loopback names only',
          'start it with --host for others',
        );
      }
      // Following a link to the page is no request of the other page's own.
      if (method === 'GET' && mode === 'navigate') return;
      const foreign = site === 'cross-site' || site === 'same-site';
      if (foreign || (origin !== undefined && hostOf(origin) !== host)) {
        throw denied(403, 'wrong_origin', 'a page of another origin may not ask');
      }
    },
  };
};
