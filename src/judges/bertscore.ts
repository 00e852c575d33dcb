/**
 * @file BERTScore with an encoder that the user points to: texts → token ids → vectors of one layer → scores, in
 * portions, so that memory does not grow with the number of reports.
 */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import {
  type BertScore,
  baselineOf,
  bertScore,
  type EmbeddedText,
  equalWeights,
  inverseDocumentFrequency,
  rescaled,
  unitVectors,
} from '../evaluation/bertscore.js';
import type { BertScoreSetting, Judgement, TextPair } from '../evaluation/judges.js';
import { readFailure } from '../ground/durable.js';
import { Failure } from '../ground/failure.js';
import type { FloatValues } from '../tensors/index.js';
import { type Encoder, openEncoder } from './encoder.js';
import { type JudgeFiles, readJudgeFiles, sha256Of } from './judge-files.js';
import type { TokenizedText } from './tokenizer.js';

export interface BertScoreOptions {
  /** The layer whose output is compared, 0 being the embedding; default the last that the file gives out. */
  readonly layer?: number;
  /** Whether tokens count by their inverse document frequency in the references; default no. */
  readonly idf?: boolean;
  /** A file of `bert_score`'s baselines for this encoder, to rescale scores with; default none. */
  readonly baseline?: string;
  /** Processor threads; default all. */
  readonly threads?: number;
  /** Called with the pairs scored so far, and all. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** An encoder that scores; as evaluation asks for it. */
export interface BertScoreJudge {
  readonly setting: BertScoreSetting;
  score(pairs: readonly TextPair[], references: readonly string[]): Promise<Judgement<BertScore>>;
  release(): Promise<void>;
}

/** Pairs whose texts are embedded together. */
const pairsOfPortion = 512;

/** Numbers kept of texts that may come again (256 MB): normal reports repeat a few sentences. */
const keptNumbers = 2 ** 26;

/**
 * Opens an encoder for BERTScore.
 *
 * @param path An ONNX file, or the folder in which Optimum put it; see {@link readJudgeFiles}. Its output
 * `last_hidden_state` is compared, or `hidden_states.N` where another layer is asked for.
 * @throws {Failure} When a file is missing or damaged, no encoder, or lacks the layer.
 * @example
 * const judge = await openBertScore('roberta-large-17-onnx', { baseline: 'roberta-large.tsv' });
 * const { values } = await judge.score([['No effusion.', 'No pleural effusion.']], []);
 */
export const openBertScore = async (path: string, options: BertScoreOptions = {}): Promise<BertScoreJudge> => {
  const { idf = false, baseline: baselinePath, threads, onProgress } = options;
  const files = await readJudgeFiles(path);
  const { tokenizer, maxTokens } = files;
  const encoder = await openEncoder(files.onnx, threads);
  try {
    const { output, layer } = outputFor(encoder, files, options.layer);
    const baseline = baselinePath === undefined ? undefined : await readBaseline(baselinePath, layer);
    const setting: BertScoreSetting = {
      file: basename(files.onnx),
      sha256: await sha256Of(files.onnx),
      maxTokens,
      layer: layer ?? null,
      idf,
      baseline: baselinePath === undefined ? null : basename(baselinePath),
    };
    return {
      setting,
      score: async (pairs, references) => {
        const tokenized = new Map<string, TokenizedText>();
        const tokensOf = (text: string): TokenizedText => {
          const tokens = tokenized.get(text) ?? tokenizer.tokenize(text, maxTokens);
          tokenized.set(text, tokens);
          return tokens;
        };
        const weights = idf
          ? inverseDocumentFrequency(references.map((text) => tokensOf(text).ids))
          : equalWeights(tokenizer.special);
        const embeddings = createEmbeddings(encoder, output, (text) => tokensOf(text).ids);
        const values: BertScore[] = [];
        for (let from = 0; from < pairs.length; from += pairsOfPortion) {
          const portion = pairs.slice(from, from + pairsOfPortion);
          const embedded = await embeddings.of(portion.flat());
          for (const [reference, prediction] of portion) {
            const score = bertScore(embedded.get(reference)!, embedded.get(prediction)!, weights);
            values.push(baseline === undefined ? score : rescaled(score, baseline));
          }
          onProgress?.(values.length, pairs.length);
        }
        return { values, cut: [...tokenized.values()].filter(({ cut }) => cut).length };
      },
      release: () => encoder.release(),
    };
  } catch (error) {
    await encoder.release();
    throw error;
  }
};

/** The output that is a layer's, and the number of the layer. */
const outputFor = (
  { outputs, path }: Encoder,
  { layers }: JudgeFiles,
  wanted: number | undefined,
): { readonly output: string; readonly layer: number | undefined } => {
  const names = outputs.map(({ name }) => name);
  const lastState = names.includes('last_hidden_state');
  const asLast = wanted === undefined || wanted === layers;
  const output = asLast && lastState ? 'last_hidden_state' : `hidden_states.${wanted ?? layers}`;
  const found = outputs.find(({ name }) => name === output);
  if (found === undefined)
    throw new Failure({
      what: wanted === undefined ? 'no output last_hidden_state' : `no output of layer ${wanted}`,
      where: path,
      got: `${names.join(' ') || 'no outputs'}${layers === undefined ? '' : ` of ${layers} layers`}`,
      fix: `export the encoder with ${wanted === undefined ? 'that output (--task feature-extraction)' : `num_hidden_layers=${wanted}, or with the output ${output}`}`,
    });
  if (found.shape.length !== 3)
    throw new Failure({
      what: 'an output that is not [batch_size, sequence_length, width]',
      where: `${path}, output ${output}`,
      got: `[${found.shape.join(', ')}]`,
      fix: 'export the encoder with --task feature-extraction',
    });
  return { output, layer: wanted ?? layers };
};

const readBaseline = async (path: string, layer: number | undefined): Promise<BertScore> => {
  if (layer === undefined)
    throw new Failure({
      what: 'rescaling needs the number of the layer',
      where: path,
      got: 'no config.json beside the encoder',
      fix: 'say it with --bertscore-layer, or put config.json there',
    });
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw readFailure(path, error);
  });
  return baselineOf(text, layer, path);
};

/** Vectors of texts, of which some are kept for the next portion. */
const createEmbeddings = (encoder: Encoder, output: string, idsOf: (text: string) => readonly number[]) => {
  let kept = new Map<string, EmbeddedText>();
  return {
    of: async (texts: readonly string[]): Promise<ReadonlyMap<string, EmbeddedText>> => {
      const distinct = [...new Set(texts)];
      const missing = distinct.filter((text) => !kept.has(text));
      const made = new Map<string, EmbeddedText>(kept);
      await encoder.run(missing.map(idsOf), [output], (indices, [values]) => {
        indices.forEach((index, row) => {
          const ids = idsOf(missing[index]);
          made.set(missing[index], { ids, vectors: vectorsOf(values, row, ids.length) });
        });
      });
      const numbers = [...made.values()].reduce((sum, { vectors }) => sum + vectors.length, 0);
      kept = numbers > keptNumbers ? new Map() : made;
      return made;
    },
  };
};

/** The vectors of one text of a batch, of length 1. // (batch, width, hidden) → (tokens, hidden) */
const vectorsOf = ({ data, dims: [, width, hidden] }: FloatValues, row: number, tokens: number): Float32Array => {
  const from = row * width * hidden;
  return unitVectors(data.slice(from, from + tokens * hidden), hidden);
};
