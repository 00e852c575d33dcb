/**
 * @file Error seeding: the published kinds of errors made in human impressions by plain text surgery, to measure the
 * guard. It shares nothing with the guard's reading or lexicon: it has its own short word lists and no notion of what
 * the guard can detect, so that the recall measured with it is honest. The kinds are those of the INLG 2023 error study
 * and of ReXErr: side, negation, omission, number, severity, addition.
 */
import type { Random } from '../ground/random.js';
import type { GuardInput } from './flag.js';

/** The kinds of errors that can be made. */
export const errorKinds = ['side', 'negation', 'omission', 'number', 'severity', 'addition'] as const;

/** One kind of error. */
export type ErrorKind = (typeof errorKinds)[number];

/** An impression with one error made in it. */
export interface SeededError {
  readonly kind: ErrorKind;
  readonly impression: string;
  /** What was done, without report text. */
  readonly how: string;
}

const pick = <Item>(items: readonly Item[], random: Random): Item => items[random.below(items.length)];

/** Replaces `[start, end)` and keeps the capital letter of what was there. */
const splice = (text: string, start: number, end: number, replacement: string): string => {
  const capital = /^\p{Lu}/u.test(text.slice(start, end));
  const fitted = capital ? replacement.charAt(0).toUpperCase() + replacement.slice(1) : replacement;
  return text.slice(0, start) + fitted + text.slice(end);
};

const capitalised = (text: string): string => text.replace(/\p{L}/u, (letter) => letter.toUpperCase());
const lowered = (text: string): string =>
  text.replace(/^(\P{L}*)(\p{Lu})(?=\p{Ll})/u, (_, before: string, letter: string) => before + letter.toLowerCase());

/** Sentences with their list numbers, in order; joined they are the text. */
const sentencesOf = (text: string): string[] => text.match(/(?:\d+\.\s*)?(?:[^.!?]|\.(?=\d))+[.!?]*\s*/g) ?? [text];

const splitListNumber = (sentence: string): [string, string] => {
  const match = /^\s*(?:\d+\.\s*)?/.exec(sentence)!;
  return [match[0], sentence.slice(match[0].length)];
};

const swapSide = (impression: string, random: Random): SeededError | undefined => {
  const words = [...impression.matchAll(/\b(left|right|bilateral|bibasilar)\b/gi)];
  if (words.length === 0) return undefined;
  const word = pick(words, random);
  const found = word[0].toLowerCase();
  const other: Readonly<Record<string, string>> = { left: 'right', right: 'left' };
  const to = other[found] ?? pick(['left', 'right'], random);
  // A bilateral finding put on one side still agrees with one of its sides: not an error of this kind.
  if (other[found] === undefined) return undefined;
  return {
    kind: 'side',
    how: `${found} → ${to}`,
    impression: splice(impression, word.index, word.index + found.length, to),
  };
};

/** Ways to deny, each with what is left without it. */
const denials: readonly (readonly [RegExp, string])[] = [
  [/\bthere (is|are) no (evidence of |evidence for )?/i, 'there $1 '],
  [/\bno (radiographic |convincing |definite )?(evidence|sign|signs) (of|for) /i, ''],
  [/\bnegative for /i, 'positive for '],
  [/\bwithout (radiographic )?(evidence of )?/i, 'with '],
  [/\bno longer seen\b/i, 'seen'],
  [/\bno /i, ''],
  [/\b(is|are) not\b/i, '$1'],
];

/** Findings that a sentence can be turned to deny. */
const affirmable =
  /\b(pneumonia|consolidation|airspace disease|infiltrates?|opacit(?:y|ies)|atelectasis|effusions?|pneumothorax|cardiomegaly|edema|congestion|nodules?|mass|fractures?|emphysema|copd|granulomatous|scarring|scoliosis|hernia|hyperinflation|hyperexpanded|low lung volumes|spondylosis|degenerative changes)\b/i;
const denying = /\b(no|not|without|negative|clear|free|normal|unremarkable|intact|resolved|cannot|if)\b/i;

const flipNegation = (impression: string, random: Random): SeededError | undefined => {
  const sentences = sentencesOf(impression);
  const options: SeededError[] = [];
  for (const [index, sentence] of sentences.entries()) {
    const replaced = (text: string): string =>
      [...sentences.slice(0, index), text, ...sentences.slice(index + 1)].join('');
    const [number, body] = splitListNumber(sentence);
    const denial = denials.find(
      ([pattern]) => pattern.test(body) && !/\bno (significant |interval )*change\b/i.test(body),
    );
    if (denial !== undefined) {
      options.push({
        kind: 'negation',
        how: 'denial removed',
        impression: replaced(number + capitalised(body.replace(denial[0], denial[1]))),
      });
    } else if (affirmable.test(body) && !denying.test(body)) {
      const opening = pick(['No ', 'No evidence of ', 'There is no '], random);
      options.push({ kind: 'negation', how: 'denial added', impression: replaced(number + opening + lowered(body)) });
    }
  }
  return options.length === 0 ? undefined : pick(options, random);
};

/** Findings whose loss is an error. */
const critical: readonly RegExp[] = [
  /\bpneumothora(?:x|ces)\b/i,
  /\bfractures?\b/i,
  /\b(?:nodules?|nodular (?:opacity|density))\b/i,
  /\bmass(?:es)?\b/i,
  /\b(?:free (?:intraperitoneal )?air|pneumoperitoneum)\b/i,
  /\b(?:effusions?|pleural fluid)\b/i,
  /\b(?:pneumonia|consolidations?|infiltrates?|air ?space (?:disease|opacit(?:y|ies)))\b/i,
  /\bedema\b/i,
  /\b(?:lymph)?adenopathy\b/i,
  /\baneurysm\b/i,
  /\bpneumomediastinum\b/i,
];
const hedging =
  /\b(no|not|without|negative|clear|free|resolved|old|healed|calcified|granuloma|chronic|may|possibl[ey]|versus|or|suspected|question|remote)\b/i;

const dropCritical = ({ findings, impression }: GuardInput, random: Random): SeededError | undefined => {
  const sentences = sentencesOf(impression);
  const found = sentencesOf(findings);
  const options = sentences.flatMap((sentence, index) => {
    if (denying.test(sentence)) return [];
    const lost = critical.filter(
      (pattern) => pattern.test(sentence) && found.some((other) => pattern.test(other) && !hedging.test(other)),
    );
    const kept = sentences.filter((_, other) => other !== index);
    // Said once more elsewhere, nothing is lost.
    return lost.length === 0 || lost.some((pattern) => kept.some((other) => pattern.test(other)))
      ? []
      : [kept.join('').trim()];
  });
  if (options.length === 0) return undefined;
  const left = pick(options, random);
  const impressionLeft = /\p{L}/u.test(left) ? left : 'No acute cardiopulmonary abnormality.';
  return { kind: 'omission', how: 'sentence dropped', impression: impressionLeft };
};

const measurement = /\b(\d{1,9}(?:\.\d+)?)(\s?-?)(mm|cm)\b/gi;

/** Another value: digits turned round, or another factor. */
const otherValue = (value: string, random: Random): string => {
  const turned = value.replace(/^(\d)(\D?)(\d)$/, '$3$2$1');
  const options = [
    turned,
    String(Number(value) + 2),
    String(Number((Number(value) * 2).toFixed(1))),
    String(Number((Number(value) * 10).toFixed(1))),
  ];
  return pick(
    options.filter((option) => Number(option) !== Number(value)),
    random,
  );
};

const changeNumber = ({ findings, impression }: GuardInput, random: Random): SeededError | undefined => {
  const change = (text: string, match: RegExpExecArray | RegExpMatchArray): [string, string] => {
    const [whole, value, gap, unit] = match;
    const unitChanged = random.uniform() < 0.3;
    const to = unitChanged
      ? value + gap + (unit.toLowerCase() === 'mm' ? 'cm' : 'mm')
      : otherValue(value, random) + gap + unit;
    return [
      unitChanged ? 'unit changed' : 'value changed',
      splice(text, match.index!, match.index! + whole.length, to),
    ];
  };
  const own = [...impression.matchAll(measurement)];
  if (own.length > 0) {
    const [how, text] = change(impression, pick(own, random));
    return { kind: 'number', how, impression: text };
  }
  const place = /\b([TL])(\d{1,2})\b|\b(\d{1,2})(?=(?:st|nd|rd|th)\b[^.]{0,20}\bribs?\b)|(?<=\brib )(\d{1,2})\b/.exec(
    impression,
  );
  if (place !== null) {
    const digits = place[2] ?? place[3] ?? place[4];
    const at = place.index + (place[1]?.length ?? 0);
    const to = String(Number(digits) > 2 ? Number(digits) - 2 : Number(digits) + 2);
    return { kind: 'number', how: 'level changed', impression: splice(impression, at, at + digits.length, to) };
  }
  // Few impressions measure anything: one that repeats a measured sentence of the findings, with the number changed.
  const measured = sentencesOf(findings).filter((sentence) => /\b\d{1,9}(?:\.\d+)?\s?-?(?:mm|cm)\b/i.test(sentence));
  if (measured.length === 0) return undefined;
  const sentence = pick(measured, random).trim();
  const [how, text] = change(sentence, pick([...sentence.matchAll(measurement)], random));
  return { kind: 'number', how: `${how}, in a repeated sentence`, impression: `${impression.trim()} ${text}` };
};

const raised: Readonly<Record<string, readonly string[]>> = {
  minimal: ['marked', 'extensive'],
  mild: ['severe', 'marked'],
  mildly: ['severely', 'markedly'],
  small: ['large', 'massive'],
  tiny: ['large'],
  trace: ['large'],
  slight: ['marked'],
  slightly: ['markedly'],
  moderate: ['severe', 'massive'],
};

const raiseSeverity = (impression: string, random: Random): SeededError | undefined => {
  const words = [...impression.matchAll(/\b(minimal|mild|mildly|small|tiny|trace|slight|slightly|moderate)\b/gi)];
  if (words.length > 0) {
    const word = pick(words, random);
    const to = pick(raised[word[0].toLowerCase()], random);
    return {
      kind: 'severity',
      how: 'degree raised',
      impression: splice(impression, word.index, word.index + word[0].length, to),
    };
  }
  const [, plain] =
    /(?:^|[.] )((?:left |right |bilateral )?(?:pleural effusions?|cardiomegaly|pulmonary edema|atelectasis|pneumothorax))\b/i.exec(
      impression,
    ) ?? [];
  if (plain === undefined) return undefined;
  const at = impression.indexOf(plain);
  return {
    kind: 'severity',
    how: 'degree inserted',
    impression: `${impression.slice(0, at)}${pick(['Severe ', 'Massive ', 'Large '], random)}${lowered(impression.slice(at))}`,
  };
};

/** Sentences to add, each with the words that would make it true or arguable. */
const additions: readonly (readonly [string, RegExp])[] = [
  ['Large right pneumothorax.', /pneumothora|air collection/i],
  ['Small left apical pneumothorax.', /pneumothora|air collection/i],
  ['Moderate bilateral pleural effusions.', /effusion|fluid|blunt|pleural/i],
  ['Small right pleural effusion.', /effusion|fluid|blunt|pleural/i],
  ['Suspicious lung nodule.', /nod|mass|lesion|granulom|opacit|densit|metasta/i],
  ['Spiculated right upper lobe mass.', /nod|mass|lesion|opacit|densit|metasta|neoplas|carcinom|tumor|cancer/i],
  ['Acute rib fracture.', /fractur|deformit/i],
  ['Acute compression fracture of T8.', /fractur|deformit|compress|wedg|height/i],
  [
    'Pulmonary edema.',
    /edema|conges|interstit|opacit|failure|vascular (?:prom|engorg)|engorge|overload|cephal|effusion|crowd/i,
  ],
  [
    'Left lower lobe pneumonia.',
    /pneumon|consolid|opacit|infiltr|airspace|air space|atelect|densit|scar|infect|nod|interstit/i,
  ],
  [
    'Right middle lobe consolidation.',
    /pneumon|consolid|opacit|infiltr|airspace|air space|atelect|densit|scar|nod|mass|interstit/i,
  ],
  [
    'Cardiomegaly.',
    /cardiomeg|enlarged|heart.{0,25}(?:large|promin|border|upper)|enlargement|silhouette.{0,25}promin/i,
  ],
  ['Free intraperitoneal air under the diaphragm.', /free|pneumoperit|subdiaph/i],
  ['Hilar lymphadenopathy.', /adenopath|node|lymph|hil(?:um|ar)/i],
  ['Large hiatal hernia.', /hernia/i],
  ['Ascending aortic aneurysm.', /aneurysm|ectat|tortu|dilat|aort/i],
  ['Cavitary lesion in the left apex.', /cavit|lesion|opacit|nod|mass|bull|emphys/i],
  ['Small bowel obstruction.', /bowel|obstruct|loop|ileus/i],
];

/** Sentences that only deny or call normal do not make an addition arguable. */
const calm = /\b(no|not|without|negative|normal|clear|unremarkable|free|intact)\b/i;

const addFinding = ({ findings, background, impression }: GuardInput, random: Random): SeededError | undefined => {
  const asserted = sentencesOf(`${findings} ${background ?? ''}`).filter((sentence) => !calm.test(sentence));
  const options = additions.filter(
    ([, words]) =>
      !asserted.some((sentence) => words.test(sentence)) && !words.test(impression.replace(/\bno [^.]*\./gi, '')),
  );
  if (options.length === 0) return undefined;
  const [added] = pick(options, random);
  const first = random.uniform() < 0.5;
  const whole = first ? `${added} ${impression.trim()}` : `${impression.trim()} ${added}`;
  return { kind: 'addition', how: first ? 'sentence added in front' : 'sentence added behind', impression: whole };
};

/**
 * Makes every kind of error that one report's impression allows, one of each.
 *
 * @param report The human texts.
 * @param random A seeded source of random numbers: the same seed makes the same errors.
 * @returns At most one error of each kind, in the order of {@link errorKinds}.
 * @example seedErrors({ findings, impression: 'Small left effusion.' }, Random.seeded(1))[0].impression // 'Small right effusion.'
 */
export const seedErrors = (report: GuardInput, random: Random): SeededError[] =>
  [
    swapSide(report.impression, random),
    flipNegation(report.impression, random),
    dropCritical(report, random),
    changeNumber(report, random),
    raiseSeverity(report.impression, random),
    addFinding(report, random),
  ].filter((error) => error !== undefined && error.impression !== report.impression) as SeededError[];
