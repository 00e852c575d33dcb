/**
 * @file Form. The impression by itself: empty, cut off, repeating itself, or with marks of de-identification, names
 * and dates that do not belong into a draft.
 */
import type { Flag, FlagSeverity } from '../flag.js';
import { danglingWords, monthWords } from '../lexicon/advice.js';
import type { TokenRange } from '../reading/mention.js';
import { type Context, flagAt, type Rule } from './context.js';

/** A phrase of this many words, this many times in a row, is a stuck generator. */
const loopWords = 3;
const loopTimes = 3;

const checkEmpty = (context: Context): Flag[] => {
  const spoken = context.impression.tokens.some(({ kind }) => kind === 'word' || kind === 'number' || kind === 'blank');
  return spoken
    ? []
    : [{ kind: 'form', severity: 'hard', impression: null, findings: null, message: 'The impression is empty.' }];
};

const checkEnd = (context: Context): Flag[] => {
  const { tokens } = context.impression;
  const last = tokens.at(-1);
  if (last === undefined || tokens.length < 3) return [];
  const dangling =
    last.kind === 'word' ? danglingWords.has(last.form) : last.form === ',' || last.form === '-' || last.form === '(';
  if (!dangling) return [];
  const at = { first: tokens.length - 1, end: tokens.length };
  return [
    flagAt(context, 'form', 'hard', 'The impression breaks off in the middle of a sentence.', { impression: at }),
  ];
};

/** Whether the `length` tokens at `index` are the same as those directly before. */
const repeatsBefore = (forms: readonly string[], index: number, length: number): boolean => {
  if (index < length || index + length > forms.length) return false;
  for (let offset = 0; offset < length; offset += 1)
    if (forms[index + offset] !== forms[index + offset - length]) return false;
  return true;
};

const checkLoop = (context: Context): Flag[] => {
  const { tokens } = context.impression;
  const forms = tokens.map(({ form }) => form);
  for (let length = 1; length <= 2 * loopWords; length += 1) {
    let times = 1;
    for (let index = length; index + length <= forms.length; ) {
      const wordy = tokens[index].kind === 'word';
      if (wordy && repeatsBefore(forms, index, length)) {
        times += 1;
        if (times >= loopTimes) {
          const at = { first: index - length, end: index + length };
          return [flagAt(context, 'form', 'hard', 'The impression repeats itself.', { impression: at })];
        }
        index += length;
      } else {
        times = 1;
        index += 1;
      }
    }
  }
  return [];
};

const checkSentences = (context: Context): Flag[] => {
  const { impression } = context;
  const seen = new Set<string>();
  for (const range of impression.sentences) {
    if (range.end - range.first < loopWords || range.end - range.first > 200) continue;
    const words = impression.tokens
      .slice(range.first, range.end)
      .map(({ form }) => form)
      .join(' ');
    if (seen.has(words))
      return [flagAt(context, 'form', 'soft', 'The impression says one sentence twice.', { impression: range })];
    seen.add(words);
  }
  return [];
};

const mark = (context: Context, at: TokenRange, message: string, severity: FlagSeverity = 'soft'): Flag =>
  flagAt(context, 'form', severity, message, { impression: at });

const checkIdentity = (context: Context): Flag[] => {
  const { tokens } = context.impression;
  const flags: Flag[] = [];
  const blank = tokens.findIndex(({ kind }) => kind === 'blank');
  if (blank >= 0)
    flags.push(mark(context, { first: blank, end: blank + 1 }, 'The impression holds a de-identification mark.'));
  const named = tokens.findIndex(({ form }, index) => form === 'dr' && tokens[index + 1]?.kind !== undefined);
  if (named >= 0)
    flags.push(
      mark(context, { first: named, end: Math.min(named + 3, tokens.length) }, 'The impression names a person.'),
    );
  const dated = tokens.findIndex(({ kind, form }, index) => {
    if (monthWords.has(form)) return tokens[index + 1]?.kind === 'number' || tokens[index - 1]?.kind === 'number';
    const [second, third] = [tokens[index + 1]?.form, tokens[index + 2]];
    return (
      kind === 'number' &&
      /^\d{1,4}$/.test(form) &&
      (second === '/' || second === '-') &&
      third?.kind === 'number' &&
      tokens[index + 3]?.form === second &&
      tokens[index + 4]?.kind === 'number'
    );
  });
  if (dated >= 0)
    flags.push(
      mark(context, { first: dated, end: Math.min(dated + 2, tokens.length) }, 'The impression holds a date.'),
    );
  return flags;
};

/** The impression by itself. */
export const form: Rule = (context) => [
  ...checkEmpty(context),
  ...checkEnd(context),
  ...checkLoop(context),
  ...checkSentences(context),
  ...checkIdentity(context),
];
