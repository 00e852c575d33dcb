/** @file So many requests a minute for each user: a bucket that refills steadily and holds a minute's worth. */
import { HttpFailure } from '../http/http-failure.js';

/** Takes one request of a user, or refuses. */
export type RateLimit = (user: string) => void;

/** Users remembered; beyond, those with full buckets are forgotten first, which changes nothing for them. */
const USERS_MAX = 10_000;

/**
 * A limit.
 *
 * @param perMinute Requests a minute of one user; 0 for no limit.
 * @param now Milliseconds; for tests.
 * @returns What throws {@link HttpFailure} 429 `rate_limited` when the bucket is empty.
 */
export const rateLimit = (perMinute: number, now: () => number = Date.now): RateLimit => {
  if (perMinute === 0) return () => undefined;
  const buckets = new Map<string, { left: number; at: number }>();
  const perMs = perMinute / 60_000;
  return (user) => {
    const time = now();
    const bucket = buckets.get(user) ?? { left: perMinute, at: time };
    bucket.left = Math.min(perMinute, bucket.left + (time - bucket.at) * perMs);
    bucket.at = time;
    buckets.delete(user);
    if (buckets.size >= USERS_MAX) buckets.delete(buckets.keys().next().value!);
    buckets.set(user, bucket);
    if (bucket.left < 1) {
      const retryAfter = Math.ceil((1 - bucket.left) / perMs / 1000);
      throw new HttpFailure({
        status: 429,
        code: 'rate_limited',
        what: `more than ${perMinute} requests a minute`,
        fix: `try again in ${retryAfter} s`,
        retryAfter,
      });
    }
    bucket.left -= 1;
  };
};
