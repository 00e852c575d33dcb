/** @file Each rule on pairs written for it. */
import { describe, expect, it } from 'vitest';
import { checkImpression } from '../../src/guard/check.js';
import { flagKinds } from '../../src/guard/flag.js';
import { ruleCases } from './rule-cases.js';

describe.each(flagKinds)('the rule of %s', (kind) => {
  const cases = ruleCases[kind];
  it.each(cases.filter(({ raises }) => raises !== null))('flags: $why', ({ raises, why: _, ...texts }) => {
    const severities = checkImpression(texts).flatMap((flag) => (flag.kind === kind ? [flag.severity] : []));
    expect(severities).toContain(raises);
  });
  it.each(cases.filter(({ raises }) => raises === null))('keeps silent: $why', ({ raises: _, why: __, ...texts }) => {
    expect(checkImpression(texts).filter((flag) => flag.kind === kind)).toEqual([]);
  });
});
