/**
 * @file Model versions: comparing them, and choosing one by a pattern (`*`, `2.*`, `2.2.*`, `2.2.7`).
 *
 * Source: sagemaker-python-sdk 2.257, `jumpstart/cache.py`.
 */

const parts = (version: string): number[] => version.split('.').map((part) => Number.parseInt(part, 10) || 0);

/** Below zero when `a` is the older version, above when it is the newer. */
export const compareVersions = (a: string, b: string): number => {
  const [left, right] = [parts(a), parts(b)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
};

/**
 * The newest version that fits a pattern.
 *
 * @param versions Those there are.
 * @param pattern `*` for any, `2.*` for those that begin so, else the exact version.
 */
export const chooseVersion = (versions: readonly string[], pattern: string): string | undefined => {
  const fits = (version: string): boolean =>
    pattern === '*' || (pattern.endsWith('.*') ? version.startsWith(pattern.slice(0, -1)) : version === pattern);
  return versions.filter(fits).sort(compareVersions).at(-1);
};
