/**
 * @file Many phrase tables, one trie over word forms, one pass over a text. Phrases belong to layers (findings, sides,
 * negation triggers …); within a layer the longest phrase wins and phrases do not overlap, across layers they may.
 * Phrases are written with braces for alternatives: `{pleural,} effusion` stands for `pleural effusion` and `effusion`.
 */
import { type Token, tokenize } from './tokens.js';

/** A phrase found in a text: token indices, `first` inclusive, `end` exclusive. */
export interface PhraseMatch<Value> {
  readonly first: number;
  readonly end: number;
  readonly value: Value;
}

/** The last of some matches that begins before a token; they are in order, so the search is by halves. */
export const lastBefore = <Value>(
  matches: readonly PhraseMatch<Value>[],
  token: number,
): PhraseMatch<Value> | undefined => {
  let low = 0;
  let high = matches.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (matches[middle].first < token) low = middle + 1;
    else high = middle;
  }
  return matches[low - 1];
};

interface Node<Value> {
  readonly next: Map<string, Node<Value>>;
  /** Values by layer number; sparse. */
  values: (Value | undefined)[] | undefined;
}

/**
 * Writes out a phrase's alternatives.
 *
 * @throws {Error} When a brace is not closed: a defect of a table.
 * @example expandPhrase('{low,small} lung volume') // ['low lung volume', 'small lung volume']
 */
export const expandPhrase = (phrase: string): string[] => {
  const open = phrase.indexOf('{');
  if (open < 0) return [phrase];
  const close = phrase.indexOf('}', open);
  if (close < 0) throw new Error(`phrase table: unclosed brace in "${phrase}"`);
  const rest = expandPhrase(phrase.slice(close + 1));
  return phrase
    .slice(open + 1, close)
    .split(',')
    .flatMap((choice) => rest.map((tail) => `${phrase.slice(0, open)}${choice}${tail}`));
};

/** A trie over several layers of phrases. */
export class PhraseTable<Value> {
  readonly #root: Node<Value> = { next: new Map(), values: undefined };
  #layers = 0;

  /**
   * Adds a layer.
   *
   * @param rows Each value with its phrases, braces allowed.
   * @returns The layer's number, by which {@link find} orders its answer.
   */
  addLayer(rows: Iterable<readonly [Value, readonly string[]]>): number {
    const layer = this.#layers;
    this.#layers += 1;
    for (const [value, phrases] of rows) {
      for (const phrase of phrases.flatMap(expandPhrase)) this.#add(layer, value, phrase);
    }
    return layer;
  }

  #add(layer: number, value: Value, phrase: string): void {
    let node = this.#root;
    for (const token of tokenize(phrase)) {
      let next = node.next.get(token.form);
      if (next === undefined) {
        next = { next: new Map(), values: undefined };
        node.next.set(token.form, next);
      }
      node = next;
    }
    node.values ??= [];
    node.values[layer] ??= value;
  }

  /**
   * Finds all phrases of all layers.
   *
   * @param tokens The text's tokens.
   * @returns For every layer its matches in order.
   */
  find(tokens: readonly Token[]): PhraseMatch<Value>[][] {
    const found: PhraseMatch<Value>[][] = Array.from({ length: this.#layers }, () => []);
    const free: number[] = new Array(this.#layers).fill(0);
    for (let first = 0; first < tokens.length; first += 1) {
      let node = this.#root.next.get(tokens[first].form);
      if (node === undefined) continue;
      const longest: (PhraseMatch<Value> | undefined)[] = [];
      for (let end = first + 1; node !== undefined; end += 1) {
        const { values } = node;
        if (values !== undefined) {
          for (let layer = 0; layer < values.length; layer += 1) {
            const value = values[layer];
            if (value !== undefined && first >= free[layer]) longest[layer] = { first, end, value };
          }
        }
        node = end < tokens.length ? node.next.get(tokens[end].form) : undefined;
      }
      for (let layer = 0; layer < longest.length; layer += 1) {
        const match = longest[layer];
        if (match === undefined) continue;
        found[layer].push(match);
        free[layer] = match.end;
      }
    }
    return found;
  }
}
