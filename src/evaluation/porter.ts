/**
 * @file Porter's suffix stripping (M. F. Porter, "An algorithm for suffix stripping", Program 14(3), 1980, 130-137)
 * with the departures that NLTK calls `NLTK_EXTENSIONS`, because `rouge_score` stems with NLTK's default and the
 * stemmers on npm follow the paper: they cut `airway`, `kidney`, `days`, `using` differently.
 * Written from the paper's rules; each departure is marked. Words are expected in lower case; a character that is no
 * vowel counts as a consonant, digits included.
 */

/** NLTK: forms that no rule gets right. */
const irregular: ReadonlyMap<string, string> = new Map([
  ['sky', 'sky'],
  ['skies', 'sky'],
  ['dying', 'die'],
  ['lying', 'lie'],
  ['tying', 'tie'],
  ['news', 'news'],
  ['innings', 'inning'],
  ['inning', 'inning'],
  ['outings', 'outing'],
  ['outing', 'outing'],
  ['cannings', 'canning'],
  ['canning', 'canning'],
  ['howe', 'howe'],
  ['proceed', 'proceed'],
  ['exceed', 'exceed'],
  ['succeed', 'succeed'],
]);

type Rule = readonly [suffix: string, replacement: string];

/** Step 2, all under (m > 0). `bli` for the paper's `abli`, `fulli` and `logi` are later departures. */
const step2Rules: readonly Rule[] = [
  ['ational', 'ate'],
  ['tional', 'tion'],
  ['enci', 'ence'],
  ['anci', 'ance'],
  ['izer', 'ize'],
  ['bli', 'ble'],
  ['alli', 'al'],
  ['entli', 'ent'],
  ['eli', 'e'],
  ['ousli', 'ous'],
  ['ization', 'ize'],
  ['ation', 'ate'],
  ['ator', 'ate'],
  ['alism', 'al'],
  ['iveness', 'ive'],
  ['fulness', 'ful'],
  ['ousness', 'ous'],
  ['aliti', 'al'],
  ['iviti', 'ive'],
  ['biliti', 'ble'],
  ['fulli', 'ful'],
  ['logi', 'log'],
];

/** Step 3, all under (m > 0). */
const step3Rules: readonly Rule[] = [
  ['icate', 'ic'],
  ['ative', ''],
  ['alize', 'al'],
  ['iciti', 'ic'],
  ['ical', 'ic'],
  ['ful', ''],
  ['ness', ''],
];

/** Step 4: suffixes removed under (m > 1), the first that fits deciding. */
const step4Suffixes = [
  'al',
  'ance',
  'ence',
  'er',
  'ic',
  'able',
  'ible',
  'ant',
  'ement',
  'ment',
  'ent',
  'ion',
  'ou',
  'ism',
  'ate',
  'iti',
  'ous',
  'ive',
  'ize',
] as const;

const isVowelLetter = (code: number): boolean =>
  code === 97 || code === 101 || code === 105 || code === 111 || code === 117;

/** `y`: a consonant at the start of the word or after a vowel, a vowel after a consonant. */
const letterY = 121;

/** Whether the letter at `at` is a consonant; a run of `y` alternates from the letter before it. */
const isConsonant = (word: string, at: number): boolean => {
  let index = at;
  while (index > 0 && word.charCodeAt(index) === letterY) index -= 1;
  const first = !isVowelLetter(word.charCodeAt(index));
  return (at - index) % 2 === 0 ? first : !first;
};

/** The paper's m of the word's first `end` letters: how often a vowel is followed by a consonant. */
const measure = (word: string, end: number): number => {
  let vowelBefore = false;
  let consonantBefore = false;
  let count = 0;
  for (let index = 0; index < end; index += 1) {
    const code = word.charCodeAt(index);
    const consonant: boolean = code === letterY ? !consonantBefore : !isVowelLetter(code);
    if (consonant && vowelBefore) count += 1;
    vowelBefore = !consonant;
    consonantBefore = consonant;
  }
  return count;
};

/** *v*: the first `end` letters hold a vowel. */
const containsVowel = (word: string, end: number): boolean => {
  let consonantBefore = false;
  for (let index = 0; index < end; index += 1) {
    const code = word.charCodeAt(index);
    consonantBefore = code === letterY ? !consonantBefore : !isVowelLetter(code);
    if (!consonantBefore) return true;
  }
  return false;
};

/** *d: ends with a double consonant. */
const endsDoubleConsonant = (word: string): boolean => {
  const last = word.length - 1;
  return last >= 1 && word[last] === word[last - 1] && isConsonant(word, last);
};

/** *o: ends consonant, vowel, consonant other than w, x, y. NLTK: a vowel and a consonant alone do too. */
const endsShort = (word: string): boolean => {
  const { length } = word;
  if (length === 2) return !isConsonant(word, 0) && isConsonant(word, 1);
  if (length < 3 || 'wxy'.includes(word[length - 1])) return false;
  return isConsonant(word, length - 3) && !isConsonant(word, length - 2) && isConsonant(word, length - 1);
};

/** Plurals. NLTK: `dies` → `die`, though `flies` → `fli`. */
const step1a = (word: string): string => {
  if (!word.endsWith('s')) return word;
  if (word.endsWith('ies')) return word.slice(0, word.length === 4 ? -1 : -2);
  if (word.endsWith('sses')) return word.slice(0, -2);
  return word.endsWith('ss') ? word : word.slice(0, -1);
};

/** Past and progressive. NLTK: `died` → `die`, `spied` → `spi`. */
const step1b = (word: string): string => {
  if (word.endsWith('ied')) return word.slice(0, word.length === 4 ? -1 : -2);
  if (word.endsWith('eed')) return measure(word, word.length - 3) > 0 ? word.slice(0, -1) : word;
  const cut = word.endsWith('ed') ? 2 : word.endsWith('ing') ? 3 : 0;
  if (cut === 0 || !containsVowel(word, word.length - cut)) return word;
  const stem = word.slice(0, -cut);
  if (stem.endsWith('at') || stem.endsWith('bl') || stem.endsWith('iz')) return `${stem}e`;
  if (endsDoubleConsonant(stem)) return 'lsz'.includes(stem[stem.length - 1]) ? stem : stem.slice(0, -1);
  return measure(stem, stem.length) === 1 && endsShort(stem) ? `${stem}e` : stem;
};

/** NLTK: y → i only after a consonant that is not the word's first letter (`happi`, but `enjoy`, `airway`, `by`). */
const step1c = (word: string): string =>
  word.endsWith('y') && word.length > 2 && isConsonant(word, word.length - 2) ? `${word.slice(0, -1)}i` : word;

const replaceFirstFitting = (word: string, rules: readonly Rule[]): string => {
  for (const [suffix, replacement] of rules) {
    if (!word.endsWith(suffix)) continue;
    // Geo-, theo-logi: NLTK counts the l of `logi` with the stem, so that short stems pass (m > 0).
    const end = word.length - (suffix === 'logi' ? 3 : suffix.length);
    return measure(word, end) > 0 ? word.slice(0, word.length - suffix.length) + replacement : word;
  }
  return word;
};

const step2 = (word: string): string => {
  // NLTK: `alli` → `al` goes first, and its result through the step again.
  if (word.endsWith('alli') && measure(word, word.length - 4) > 0) return step2(word.slice(0, -2));
  return replaceFirstFitting(word, step2Rules);
};

const step4 = (word: string): string => {
  for (const suffix of step4Suffixes) {
    if (!word.endsWith(suffix)) continue;
    const end = word.length - suffix.length;
    if (measure(word, end) <= 1) return word;
    return suffix !== 'ion' || word[end - 1] === 's' || word[end - 1] === 't' ? word.slice(0, end) : word;
  }
  return word;
};

const step5a = (word: string): string => {
  if (!word.endsWith('e')) return word;
  const stem = word.slice(0, -1);
  const m = measure(stem, stem.length);
  return m > 1 || (m === 1 && !endsShort(stem)) ? stem : word;
};

const step5b = (word: string): string =>
  word.endsWith('ll') && measure(word, word.length - 1) > 1 ? word.slice(0, -1) : word;

/**
 * The stem of a word as NLTK's `PorterStemmer()` gives it.
 *
 * @param word A word in lower case; one or two characters are returned as they are.
 * @returns Its stem; time grows linearly with the word's length.
 * @example porterStem('opacities'); // 'opac'
 */
export const porterStem = (word: string): string => {
  const known = irregular.get(word);
  if (known !== undefined) return known;
  if (word.length <= 2) return word;
  return step5b(step5a(step4(replaceFirstFitting(step2(step1c(step1b(step1a(word)))), step3Rules))));
};
