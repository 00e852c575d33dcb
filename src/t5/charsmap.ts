/**
 * @file SentencePiece's compiled character map (`nmt_nfkc` for T5), as `tokenizer.json` carries it in a `Precompiled` normaliser.
 * The map decides: `ﬁ` becomes `fi`, a control character goes, a no-break space becomes a space. `@huggingface/tokenizers`
 * 0.2.0 does not read it but approximates it by NFKC and a list of controls, which differs on hundreds of characters.
 *
 * Format: 4 bytes little-endian length, a double-array trie (darts-clone) from UTF-8 bytes to places in a text of
 * zero-terminated replacements. Semantics: Hugging Face tokenizers, `normalizers/precompiled.rs` and crate `spm_precompiled`;
 * its oddities (the shortest prefix of a short grapheme stands for all of it) are kept, since models were trained with them.
 */
import { Failure } from '../ground/failure.js';

const encoder = new TextEncoder();
/** Longest grapheme in UTF-8 bytes, exclusive, that is looked up whole before its characters are. */
const wholeGraphemeLimit = 6;

/** Where a trie unit's children lie, to be xor-ed with its position; as darts-clone packs it. */
const offsetOf = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6);

/**
 * Makes the normaliser of a compiled character map.
 *
 * @param precompiledCharsmap The map in Base64, as in `tokenizer.json`.
 * @param where The file, for messages.
 * @returns From well-formed text to normalised text.
 * @throws {Failure} When the map is damaged.
 * @example charsmapNormalizer(normalizer.precompiled_charsmap, path)('ﬁbrosis') // 'fibrosis'
 */
export const charsmapNormalizer = (precompiledCharsmap: string, where: string): ((text: string) => string) => {
  const bytes = Buffer.from(precompiledCharsmap, 'base64');
  const trieLength = bytes.length < 4 ? 0 : bytes.readUInt32LE(0);
  if (trieLength === 0 || trieLength % 4 !== 0 || 4 + trieLength > bytes.length) {
    throw new Failure({
      what: 'damaged precompiled_charsmap in the normalizer',
      where,
      got: `${bytes.length} bytes`,
      fix: 'download the tokenizer again',
    });
  }
  const trie = Uint32Array.from({ length: trieLength / 4 }, (_, i) => bytes.readUInt32LE(4 + 4 * i));
  const replacements = bytes.subarray(4 + trieLength);

  /** The replacement of the shortest prefix that has one. */
  const lookUp = (chunk: string): string | undefined => {
    let position = offsetOf(trie[0]!);
    for (const byte of encoder.encode(chunk)) {
      if (byte === 0) return undefined;
      position ^= byte;
      const unit = trie[position];
      // Bit 31 marks a value, so that a value never passes for a label.
      if (unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) return undefined;
      position ^= offsetOf(unit);
      if ((unit >>> 8) & 1) {
        const start = trie[position]! & 0x7fffffff;
        const end = replacements.indexOf(0, start);
        return replacements.toString('utf8', start, end === -1 ? replacements.length : end);
      }
    }
    return undefined;
  };

  const found = new Map<string, string | undefined>();
  const replacementOf = (chunk: string): string | undefined => {
    if (found.has(chunk)) return found.get(chunk);
    const replacement = lookUp(chunk);
    // Code points and short graphemes only, so the table stays small; the bound is for hostile input.
    if (found.size > 65_536) found.clear();
    found.set(chunk, replacement);
    return replacement;
  };

  const printable = Array.from({ length: 0x7f - 0x20 }, (_, i) => String.fromCharCode(0x20 + i));
  const keepsAscii = printable.every((char) => replacementOf(char) === undefined);
  const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

  return (text) => {
    if (keepsAscii && /^[ -~]*$/.test(text)) return text;
    let normalized = '';
    for (const { segment } of graphemes.segment(text)) {
      if (segment.length < wholeGraphemeLimit && Buffer.byteLength(segment) < wholeGraphemeLimit) {
        const whole = replacementOf(segment);
        if (whole !== undefined) {
          normalized += whole;
          continue;
        }
      }
      for (const char of segment) normalized += replacementOf(char) ?? char;
    }
    return normalized;
  };
};
