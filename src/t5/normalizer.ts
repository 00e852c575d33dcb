/**
 * @file What `tokenizer.json` does to a text before cutting it into pieces: its `normalizer` and its `pre_tokenizer`, each read
 * into one function. `Precompiled`, `Strip`, `WhitespaceSplit` and `Metaspace` are written here after Hugging Face tokenizers
 * (Rust), because `@huggingface/tokenizers` 0.2.0 differs from it: it approximates the first, trims by JavaScript's notion of
 * white space, and does not cut at each `▁`. The other normalisers are that package's.
 */
import { z } from 'zod';
import { Failure } from '../ground/failure.js';
import { skipSpaces, skipSpacesBack } from './added-tokens.js';
import { charsmapNormalizer } from './charsmap.js';
import { plainNormalizer } from './unigram.js';

/** A part of `tokenizer.json` with its `type`. */
export const stepSchema = z.looseObject({ type: z.string() });
type Step = z.infer<typeof stepSchema>;

const unsupported = (part: string, type: string, where: string): Failure =>
  new Failure({
    what: `unsupported ${part} in the tokenizer`,
    where,
    got: type,
    fix: "use the tokenizer.json of a T5 model (SentencePiece unigram), as Transformers' T5TokenizerFast saves it",
  });

const parseStep = <T>(schema: z.ZodType<T>, step: Step, where: string): T => {
  const result = schema.safeParse(step);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw new Failure({
    what: `damaged ${step.type} in the tokenizer`,
    where,
    got: `${issue.path.join('.')}: ${issue.message}`,
    fix: 'download or save the tokenizer again',
  });
};

const sequenceOfNormalizers = z.object({ normalizers: z.array(stepSchema) });
const sequenceOfPreTokenizers = z.object({ pretokenizers: z.array(stepSchema) });
const precompiled = z.object({ precompiled_charsmap: z.string().nullish() });
const strip = z.object({ strip_left: z.boolean().default(true), strip_right: z.boolean().default(true) });
const replace = z.object({
  pattern: z.union([z.strictObject({ String: z.string() }), z.strictObject({ Regex: z.string() })]),
  content: z.string(),
});
const prepend = z.object({ prepend: z.string() });
const metaspace = z.object({
  replacement: z.string().length(1).default('▁'),
  prepend_scheme: z.enum(['always', 'first', 'never']).optional(),
  // How files of tokenizers before 0.14 say it, the original T5's and Flan-T5's among them.
  add_prefix_space: z.boolean().default(true),
  split: z.boolean().default(true),
});

/**
 * The function a `normalizer` stands for.
 *
 * @param step The `normalizer` of `tokenizer.json`, or null.
 * @param where The file, for messages.
 * @throws {Failure} When it, or one in its sequence, is none that a T5's tokenizer has.
 */
export const normalizerOf = (step: Step | null, where: string): ((text: string) => string) => {
  if (step === null) return (text) => text;
  switch (step.type) {
    case 'Sequence': {
      const { normalizers } = parseStep(sequenceOfNormalizers, step, where);
      const steps = normalizers.map((inner) => normalizerOf(inner, where));
      return (text) => steps.reduce((current, normalize) => normalize(current), text);
    }
    case 'Precompiled': {
      const { precompiled_charsmap: map } = parseStep(precompiled, step, where);
      return map === undefined || map === null || map === '' ? (text) => text : charsmapNormalizer(map, where);
    }
    case 'Strip': {
      const { strip_left: left, strip_right: right } = parseStep(strip, step, where);
      return (text) => {
        const start = left ? skipSpaces(text, 0) : 0;
        return text.slice(start, right ? Math.max(start, skipSpacesBack(text, text.length)) : text.length);
      };
    }
    case 'Replace':
      return plainNormalizer({ type: 'Replace', ...parseStep(replace, step, where) });
    case 'Prepend': {
      const normalize = plainNormalizer({ type: 'Prepend', ...parseStep(prepend, step, where) });
      return (text) => (text === '' ? '' : normalize(text));
    }
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
    case 'Lowercase':
      return plainNormalizer(step);
    default:
      throw unsupported('normalizer', step.type, where);
  }
};

/** A piece of text that is segmented by itself; `atStart`: it begins where the whole text does. */
export interface Word {
  readonly text: string;
  readonly atStart: boolean;
}

const splitAtSpaces = ({ text, atStart }: Word): Word[] => {
  const words: Word[] = [];
  for (let start = skipSpaces(text, 0); start < text.length; ) {
    let end = start + 1;
    while (end < text.length && skipSpaces(text, end) === end) end++;
    words.push({ text: text.slice(start, end), atStart: atStart && start === 0 });
    start = skipSpaces(text, end);
  }
  return words;
};

/**
 * The function a `pre_tokenizer` stands for: from a stretch of normalised text to its words, `▁` before each.
 *
 * @param step The `pre_tokenizer` of `tokenizer.json`, or null.
 * @param where The file, for messages.
 * @throws {Failure} When it, or one in its sequence, is none that a T5's tokenizer has.
 */
export const preTokenizerOf = (step: Step | null, where: string): ((word: Word) => Word[]) => {
  if (step === null) return (word) => [word];
  switch (step.type) {
    case 'Sequence': {
      const { pretokenizers } = parseStep(sequenceOfPreTokenizers, step, where);
      const steps = pretokenizers.map((inner) => preTokenizerOf(inner, where));
      return (word) => steps.reduce((words, split) => words.flatMap(split), [word]);
    }
    case 'WhitespaceSplit':
      return splitAtSpaces;
    case 'Metaspace': {
      const { replacement, prepend_scheme: given, add_prefix_space: spaced, split } = parseStep(metaspace, step, where);
      const scheme = given ?? (spaced ? 'always' : 'never');
      return ({ text, atStart }) => {
        if (text === '') return [];
        const marked = text.replaceAll(' ', replacement);
        const prepends = !marked.startsWith(replacement) && (scheme === 'always' || (scheme === 'first' && atStart));
        const whole = prepends ? replacement + marked : marked;
        if (!split) return [{ text: whole, atStart }];
        const words: Word[] = [];
        for (let start = 0; start < whole.length; ) {
          const next = whole.indexOf(replacement, start + 1);
          const end = next === -1 ? whole.length : next;
          words.push({ text: whole.slice(start, end), atStart: atStart && start === 0 });
          start = end;
        }
        return words;
      };
    }
    default:
      throw unsupported('pre_tokenizer', step.type, where);
  }
};
