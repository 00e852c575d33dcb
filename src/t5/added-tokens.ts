/**
 * @file Tokens that are found in a text before it is cut into pieces: `</s>`, `<pad>`, `<extra_id_0>`.
 * Semantics: `AddedVocabulary` of Hugging Face tokenizers (leftmost, longest; `lstrip`/`rstrip` take white space with them,
 * and `single_word` wants no word character beside it).
 */

/** One entry of `added_tokens` in `tokenizer.json`. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly single_word: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  /** Matched in the normalised text rather than in the text as given. */
  readonly normalized: boolean;
  /** Left out when decoding for a reader. */
  readonly special: boolean;
}

/** A stretch of text, or an added token's id. `atStart`: the stretch begins where the text does. */
export type Section = { readonly text: string; readonly atStart: boolean } | { readonly id: number };

// Unicode's White_Space, not JavaScript's \s: Rust's differs on U+0085 and U+FEFF.
const spaceOnly = /^\p{White_Space}$/u;
const isSpace = (char: string | undefined): boolean => char !== undefined && spaceOnly.test(char);
const wordCharacter = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;

/** Index after the white space that begins at `from`. All white space is in the basic plane. */
export const skipSpaces = (text: string, from: number): number => {
  let index = from;
  while (index < text.length && isSpace(text[index])) index++;
  return index;
};

/** Index where the white space that ends at `to` begins. */
export const skipSpacesBack = (text: string, to: number): number => {
  let index = to;
  while (index > 0 && isSpace(text[index - 1])) index--;
  return index;
};

const characterBefore = (text: string, index: number): string => [...text.slice(Math.max(0, index - 2), index)].at(-1)!;
const characterAt = (text: string, index: number): string => String.fromCodePoint(text.codePointAt(index)!);

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

/**
 * Makes the function that cuts a text at the given tokens.
 *
 * @param tokens The tokens to find.
 * @param contentOf What to look for: a token's content, or its normalised content.
 * @example splitterOf(tokens, (token) => token.content)('a </s>') // [{ text: 'a ', atStart: true }, { id: 1 }]
 */
export const splitterOf = (
  tokens: readonly AddedToken[],
  contentOf: (token: AddedToken) => string,
): ((text: string) => Section[]) => {
  const byContent = new Map(
    tokens.map((token) => [contentOf(token), token]).filter(([content]) => content !== '') as [string, AddedToken][],
  );
  if (byContent.size === 0) return (text) => (text === '' ? [] : [{ text, atStart: true }]);
  // The longest first: of alternatives that match at one place, a regular expression takes the first.
  const contents = [...byContent.keys()].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(contents.map(escaped).join('|'), 'g');
  return (text) => {
    const sections: Section[] = [];
    let done = 0;
    for (const match of text.matchAll(pattern)) {
      const token = byContent.get(match[0])!;
      let start = match.index;
      let end = start + match[0].length;
      if (token.single_word) {
        const joinedBefore = start > 0 && wordCharacter.test(characterBefore(text, start));
        const joinedAfter = end < text.length && wordCharacter.test(characterAt(text, end));
        if (joinedBefore || joinedAfter) continue;
      }
      if (token.lstrip) start = Math.max(skipSpacesBack(text, start), done);
      if (token.rstrip) end = skipSpaces(text, end);
      if (done < start) sections.push({ text: text.slice(done, start), atStart: done === 0 });
      sections.push({ id: token.id });
      done = end;
    }
    if (done < text.length) sections.push({ text: text.slice(done), atStart: done === 0 });
    return sections;
  };
};
