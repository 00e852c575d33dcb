/**
 * @file Text of a draft that is still being written. The last word may still change as pieces are added to it, and
 * detokenisation joins some marks to the word before them, so text is given out up to the last space.
 */

/** Turns the tokens so far into new text; what it gave out before is never taken back. */
export interface TextDeltas {
  /** Text that has become certain since the last call; may be empty. */
  next(ids: readonly number[]): string;
  /** The rest, given the whole text. */
  end(text: string): string;
}

/**
 * @param decode Token ids to text.
 * @example const deltas = textDeltas((ids) => tokenizer.decode(ids));
 */
export const textDeltas = (decode: (ids: readonly number[]) => string): TextDeltas => {
  let given = '';
  const advance = (text: string, to: number): string => {
    if (to <= given.length || !text.startsWith(given)) return '';
    const delta = text.slice(given.length, to);
    given += delta;
    return delta;
  };
  return {
    next: (ids) => {
      const text = decode(ids);
      return advance(text, text.trimEnd().lastIndexOf(' '));
    },
    end: (text) => advance(text, text.length),
  };
};
