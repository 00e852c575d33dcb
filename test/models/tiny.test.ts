/** @file What `--model tiny` starts from: its tokenizer and architecture. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tinyConfig, tinyTokenizer } from '../../src/models/tiny.js';
import { configJson, parseConfig } from '../../src/t5/config.js';

const tokenizer = await tinyTokenizer();
const unknown = tokenizer.unkTokenId;

describe("the tiny model's tokenizer", () => {
  it("has T5's special ids, and as many pieces as the embedding has rows", () => {
    expect(tokenizer).toMatchObject({ padTokenId: 0, eosTokenId: 1, unkTokenId: 2, vocabSize: tinyConfig.vocabSize });
  });

  it('cuts an ordinary report into words and marks', () => {
    const text =
      'The cardiomediastinal silhouette is within normal limits. There is no focal consolidation, pleural effusion or ' +
      'pneumothorax. Mild degenerative changes of the thoracic spine. Compared to ____, the right PICC line is unchanged.';
    const pieces = tokenizer.encodePieces(text).map((id) => tokenizer.piece(id)!.replace('▁', ''));
    expect(pieces).toEqual(text.match(/[\w_]+|[.,]/g));
  });

  it('knows the start of a sentence, the heading and the de-identification marks as one piece each', () => {
    for (const word of ['Heart', 'Lungs', 'No', 'FINDINGS', 'IMPRESSION', '____', '___', 'XXXX', 'T12', '3']) {
      expect(tokenizer.encodePieces(word), word).toHaveLength(1);
    }
  });

  it('has no unknown among ASCII texts, and gives them back but for their white space', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii', maxLength: 200 }), (text) => {
        fc.pre(!/<(?:pad|unk|\/s)>/.test(text));
        const ids = tokenizer.encode(text);
        expect(ids).not.toContain(unknown);
        expect(tokenizer.decode(ids)).toBe(text.trim().replace(/ +/g, ' '));
      }),
      { numRuns: 500, seed: 5 },
    );
  });

  it('has no unknown among what else a report may hold', () => {
    for (const text of ['38.5 °C ± 0.5 µm, naïve café, Müller', '“quoted” – dash… ½ dose ≥ 3 × 4 cm²', 'á–ÿ ™ ® §']) {
      expect(tokenizer.encode(text), text).not.toContain(unknown);
    }
  });

  it('splits an unlisted word into its parts, not its letters', () => {
    for (const word of ['hepatosplenomegaly', 'pericardiocentesis', 'spondylolysis', 'tracheobronchomalacia']) {
      expect(tokenizer.encodePieces(word).length, word).toBeLessThanOrEqual(word.length / 2);
    }
  });
});

describe("the tiny model's architecture", () => {
  it('is written as a configuration that reads back the same', () => {
    const written = JSON.parse(configJson(tinyConfig));
    expect(parseConfig(written, 'config.json')).toEqual({ ...tinyConfig, source: written });
  });
});
