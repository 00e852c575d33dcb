/**
 * @file What evaluation asks of models that judge impressions, CheXbert and an encoder for BERTScore. This room knows no
 * model: it says what it needs, collects every text that is to be judged, asks once, and keeps the answers.
 */
import type { BertScore } from './bertscore.js';
import type { Labels } from './labels/observations.js';

/** What a judge is, printed beside its scores: another file gives other scores. */
export interface JudgeSetting {
  /** The name of the ONNX file. */
  readonly file: string;
  /** SHA-256 of its bytes, in hexadecimal. */
  readonly sha256: string;
  /** Tokens of a text that it reads at most. */
  readonly maxTokens: number;
}

/** How BERTScore was made. */
export interface BertScoreSetting extends JudgeSetting {
  /** The encoder's layer whose output is compared, 0 being the embedding; null where nobody said which the last one is. */
  readonly layer: number | null;
  /** Whether tokens count by their inverse document frequency in the references. */
  readonly idf: boolean;
  /** The file of baselines by which scores were rescaled, or null. */
  readonly baseline: string | null;
}

/** An answer, with how many distinct texts were longer than the judge reads. */
export interface Judgement<Value> {
  readonly values: readonly Value[];
  readonly cut: number;
}

/** A reference and a prediction. */
export type TextPair = readonly [reference: string, prediction: string];

/** Models that judge; each may be missing. */
export interface Judges {
  readonly chexbert?: {
    readonly setting: JudgeSetting;
    /** @returns Labels, one a text. */
    label(texts: readonly string[]): Promise<Judgement<Labels>>;
  };
  readonly bertscore?: {
    readonly setting: BertScoreSetting;
    /**
     * @param pairs What is scored.
     * @param references All references, from which weights by document frequency follow.
     * @returns Scores, one a pair.
     */
    score(pairs: readonly TextPair[], references: readonly string[]): Promise<Judgement<BertScore>>;
  };
}

/** What the judges said, by text. */
export interface Judged {
  readonly chexbert?: { readonly setting: JudgeSetting; readonly cut: number; labels(text: string): Labels };
  readonly bertscore?: {
    readonly setting: BertScoreSetting;
    readonly cut: number;
    score(reference: string, prediction: string): BertScore;
  };
}

/**
 * Asks the judges about every distinct text, or pair of texts.
 *
 * @param references One an example.
 * @param systems Each system's predictions, in the same order.
 */
export const askJudges = async (
  { chexbert, bertscore }: Judges,
  references: readonly string[],
  systems: readonly (readonly string[])[],
): Promise<Judged> => ({
  ...(chexbert === undefined ? {} : { chexbert: await askChexbert(chexbert, [references, ...systems].flat()) }),
  ...(bertscore === undefined ? {} : { bertscore: await askBertScore(bertscore, references, systems) }),
});

const askChexbert = async (
  { setting, label }: NonNullable<Judges['chexbert']>,
  texts: readonly string[],
): Promise<NonNullable<Judged['chexbert']>> => {
  const distinct = [...new Set(texts)];
  const { values, cut } = await label(distinct);
  const known = new Map(distinct.map((text, index) => [text, values[index]]));
  return { setting, cut, labels: (text) => known.get(text)! };
};

const askBertScore = async (
  { setting, score }: NonNullable<Judges['bertscore']>,
  references: readonly string[],
  systems: readonly (readonly string[])[],
): Promise<NonNullable<Judged['bertscore']>> => {
  const places = new Map<string, Map<string, number>>();
  const pairs: TextPair[] = [];
  references.forEach((reference, index) => {
    const known = places.get(reference) ?? new Map<string, number>();
    places.set(reference, known);
    for (const predictions of systems) {
      const prediction = predictions[index];
      if (known.has(prediction)) continue;
      known.set(prediction, pairs.length);
      pairs.push([reference, prediction]);
    }
  });
  const { values, cut } = await score(pairs, references);
  return { setting, cut, score: (reference, prediction) => values[places.get(reference)!.get(prediction)!] };
};
