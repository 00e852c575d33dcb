/**
 * @file Text to the tokens that ROUGE counts, exactly as google-research's `rouge_score` (`tokenize.py`) cuts them:
 * lower-case, every run outside `[a-z0-9]` a separator, and, where asked for, Porter's stem of tokens longer than
 * three characters. Tokens are numbered on sight, so that scoring compares integers and stems each word once.
 *
 * Python's `str.lower()` and JavaScript's `toLowerCase()` agree wherever the result holds an ASCII letter: only
 * U+0130 (İ → i + combining dot) and U+212A (the Kelvin sign → k) reach ASCII from outside, in both. Whatever stays
 * outside ASCII separates, so the two languages' differing Unicode versions cannot matter, and `\s` needs no care.
 */
import { porterStem } from './porter.js';

/** Only tokens longer than this are stemmed (`rouge_score`'s own rule). */
const longestUnstemmed = 3;

/**
 * The tokens of a text as `rouge_score` sees them.
 *
 * @param text Any text.
 * @param useStemmer Whether tokens longer than three characters are replaced by their Porter stem; default false.
 * @returns Tokens of `[a-z0-9]+`, in order.
 * @example tokenize('Chest X-ray: 2.5 cm opacities', true); // ['chest', 'x', 'ray', '2', '5', 'cm', 'opac']
 */
export const tokenize = (text: string, useStemmer = false): string[] => {
  const words = text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return useStemmer ? words.map(stemOf) : words;
};

const stemOf = (word: string): string => (word.length > longestUnstemmed ? porterStem(word) : word);

/** A text as numbers: token ids, and where each line that holds tokens ends. */
export interface EncodedText {
  /** Token ids in order, newlines ignored. // (tokens) */
  readonly tokens: Int32Array;
  /** For each line with at least one token: the index after its last token. // (lines) */
  readonly lineEnds: Int32Array;
}

/** Numbers words, and knows the number of each word's stem. Grows with the distinct words it has seen. */
export interface Vocabulary {
  /**
   * Encodes a text without stemming. Lines are Python's `text.split('\n')`.
   * @param text Any text.
   */
  encode(text: string): EncodedText;
  /** The same text with each token replaced by its stem's number. */
  stemmed(text: EncodedText): EncodedText;
}

/**
 * An empty vocabulary. Ids of one vocabulary are comparable with each other only.
 *
 * @example const words = createVocabulary(); words.encode('no effusion').tokens.length; // 2
 */
export const createVocabulary = (): Vocabulary => {
  const ids = new Map<string, number>();
  /** By word id: the id of the word's stem, or -1 while unknown. */
  const stemIds: number[] = [];

  const idOf = (word: string): number => {
    let id = ids.get(word);
    if (id === undefined) {
      id = ids.size;
      ids.set(word, id);
      stemIds.push(-1);
    }
    return id;
  };

  return {
    encode: (text) => {
      const tokens: number[] = [];
      const lineEnds: number[] = [];
      const endLine = (): void => {
        if (tokens.length > (lineEnds.at(-1) ?? 0)) lineEnds.push(tokens.length);
      };
      for (const word of text.toLowerCase().match(/[a-z0-9]+|\n/g) ?? []) {
        if (word === '\n') {
          endLine();
          continue;
        }
        const id = idOf(word);
        // Found while the word is at hand: words are not kept by id.
        if (stemIds[id] === -1) stemIds[id] = idOf(stemOf(word));
        tokens.push(id);
      }
      endLine();
      return { tokens: new Int32Array(tokens), lineEnds: new Int32Array(lineEnds) };
    },
    stemmed: ({ tokens, lineEnds }) => {
      const stems = new Int32Array(tokens.length);
      for (let i = 0; i < stems.length; i += 1) stems[i] = stemIds[tokens[i]];
      return { tokens: stems, lineEnds };
    },
  };
};
