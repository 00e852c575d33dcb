/**
 * @file The guard: one impression against its findings. Each rule is a pure function of the three texts as read; the
 * rules and their severities follow the table of the field's published error studies, see docs/guard.md.
 */
import type { Flag, GuardInput } from './flag.js';
import { flagKinds } from './flag.js';
import { read } from './reading/read.js';
import { certainty } from './rules/certainty.js';
import { comparison } from './rules/comparison.js';
import { type Context, distinct, type Rule } from './rules/context.js';
import { device } from './rules/device.js';
import { form } from './rules/form.js';
import { laterality } from './rules/laterality.js';
import { negation } from './rules/negation.js';
import { number } from './rules/number.js';
import { omission } from './rules/omission.js';
import { recommendation } from './rules/recommendation.js';
import { severity } from './rules/severity.js';
import { unsupported } from './rules/unsupported.js';

/** The rules in the order of {@link flagKinds}. */
const rules: readonly Rule[] = [
  laterality,
  negation,
  unsupported,
  omission,
  number,
  device,
  comparison,
  severity,
  recommendation,
  certainty,
  form,
];

const order = new Map(flagKinds.map((kind, index) => [kind, index]));

/**
 * Compares an impression with its findings. Deterministic; any text is accepted, of any length.
 *
 * @param input The texts; a missing background is an empty one.
 * @returns Flags, hard ones first, then in the order of {@link flagKinds}, then by place. Offsets are UTF-16 units of
 *   `input.impression` and `input.findings`. Empty when nothing is wrong.
 * @example
 * checkImpression({ findings: 'Small left effusion.', impression: 'Small right effusion.' })
 * // [{ kind: 'laterality', severity: 'hard', impression: { start: 6, end: 11, text: 'right' }, … }]
 */
export const checkImpression = (input: GuardInput): Flag[] => {
  const context: Context = {
    findings: read(input.findings),
    background: read(input.background ?? ''),
    impression: read(input.impression),
  };
  return distinct(rules.flatMap((rule) => rule(context))).sort(
    (a, b) =>
      Number(a.severity === 'soft') - Number(b.severity === 'soft') ||
      order.get(a.kind)! - order.get(b.kind)! ||
      (a.impression?.start ?? -1) - (b.impression?.start ?? -1) ||
      (a.findings?.start ?? -1) - (b.findings?.start ?? -1),
  );
};
