/**
 * @file Comparisons of sides: `left greater than right`, `left > right`, `worse on the left`. The impression must not
 * turn them round.
 */
import { comparativeAdverbs, orderWords, type Side } from '../lexicon/sides.js';
import type { Reading, SideUse, TokenRange } from '../reading/mention.js';
import { type Context, flagAt } from './context.js';
import { mostUses } from './side-evidence.js';

/** Two sides, one with more of a finding. */
export interface SideOrder extends TokenRange {
  readonly greater: Side;
  readonly lesser: Side;
}

const opposite: Readonly<Record<Side, Side>> = { left: 'right', right: 'left', both: 'both' };

/** How far before its side a comparison may stand: `more prominent on the left`. */
const comparisonReach = 5;
const between: ReadonlySet<string> = new Set([
  'on',
  'in',
  'at',
  'to',
  'within',
  'involving',
  'the',
  'toward',
  'affecting',
]);

/** `greater on the left`, `predominantly right sided`: one side named, the other meant. */
const orderBefore = (tokens: Reading['tokens'], use: SideUse, from: number): SideOrder | undefined => {
  if (use.side === 'both' || use.partOfOrgan) return undefined;
  let at = use.first - 1;
  while (at >= from && between.has(tokens[at].form)) at -= 1;
  const placed = at < use.first - 1;
  for (let steps = 0; at >= from && steps < comparisonReach; at -= 1, steps += 1) {
    const { form, kind } = tokens[at];
    if (comparativeAdverbs.has(form) || (placed && orderWords.has(form)))
      return { first: at, end: use.end, greater: use.side, lesser: opposite[use.side] };
    if (kind !== 'word' || !/(?:ent|ed|able|ly|ive|ous)$/.test(form)) return undefined;
  }
  return undefined;
};

/** The comparisons of sides in a text. */
export const readOrders = ({ sideUses, tokens, sentences }: Reading): SideOrder[] =>
  sideUses.flatMap((use, index) => {
    const before = orderBefore(tokens, use, sentences[use.sentence].first);
    const next = sideUses[index + 1];
    if (next === undefined || next.sentence !== use.sentence || next.first - use.end > 4 || next.first === use.end)
      return before === undefined ? [] : [before];
    for (let at = use.end; at < next.first; at += 1) {
      const form = tokens[at].form;
      if (orderWords.has(form) || form === '>')
        return [{ first: use.first, end: next.end, greater: use.side, lesser: next.side }];
      if (use.side === next.side && next.first === use.end + 1 && (form === 'and' || form === 'or' || form === 'to')) {
        return [{ first: use.first, end: next.end, greater: use.side, lesser: next.side }];
      }
      if (form === 'less' || form === '<')
        return [{ first: use.first, end: next.end, greater: next.side, lesser: use.side }];
    }
    return before === undefined ? [] : [before];
  });

/** `Moderate left and small right effusions` compare without saying so. */
const ordersByDegree = ({ byConcept }: Reading): SideOrder[] =>
  [...byConcept.values()].flatMap((mentions) => {
    const highest = new Map<Side, { level: number; use: SideUse }>();
    for (const { denied, sides, degree } of mentions) {
      for (const use of denied ? [] : sides) {
        const level = use.degree ?? degree?.level;
        if (level === undefined || level <= (highest.get(use.side)?.level ?? 0)) continue;
        highest.set(use.side, { level, use });
      }
    }
    const [left, right] = [highest.get('left'), highest.get('right')];
    if (left === undefined || right === undefined || left.level === right.level) return [];
    const [more, less] = left.level > right.level ? [left, right] : [right, left];
    return [{ first: more.use.first, end: more.use.end, greater: more.use.side, lesser: less.use.side }];
  });

/** Comparisons of the impression against those of the findings. */
export const checkOrders = (context: Context, orders: readonly SideOrder[]) => {
  if (orders.length === 0) return [];
  const found = [...readOrders(context.findings).slice(0, mostUses), ...ordersByDegree(context.findings)];
  return orders.flatMap((order) => {
    if (order.greater === order.lesser) {
      return [
        flagAt(context, 'laterality', 'hard', 'The impression names one side twice where two are meant.', {
          impression: order,
        }),
      ];
    }
    if (found.length === 0) {
      const message = `The impression says more on the ${order.greater}; the findings compare no sides.`;
      return [flagAt(context, 'laterality', 'soft', message, { impression: order })];
    }
    const reversed = found.find(({ greater }) => greater === order.lesser);
    if (reversed === undefined || found.some(({ greater }) => greater === order.greater)) return [];
    const message = `The impression says more on the ${order.greater}; the findings say more on the ${reversed.greater}.`;
    return [flagAt(context, 'laterality', 'hard', message, { impression: order, findings: reversed })];
  });
};
