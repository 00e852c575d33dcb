/**
 * @file CheXbert's labels from an ONNX file that the user points to: 14 outputs, 13 of them with four classes and the
 * last, "No Finding", with two; in CheXbert's order, or under the observations' names.
 *
 * Source: A. Smit et al., EMNLP 2020; github stanfordmlgroup/CheXbert, `bert_labeler.py` and `bert_tokenizer.py`.
 */
import { basename } from 'node:path';
import type { Judgement, JudgeSetting } from '../evaluation/judges.js';
import { chexbertClasses, chexbertLabels, chexbertObservations } from '../evaluation/labels/chexbert.js';
import type { Labels } from '../evaluation/labels/observations.js';
import { Failure } from '../ground/failure.js';
import type { FloatValues, OnnxPort } from '../tensors/index.js';
import { openEncoder } from './encoder.js';
import { readJudgeFiles, sha256Of } from './judge-files.js';

export interface ChexbertOptions {
  /** Processor threads; default all. */
  readonly threads?: number;
  /** Called with the texts labelled so far, and all. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** A labeler; as evaluation asks for it. */
export interface ChexbertJudge {
  readonly setting: JudgeSetting;
  label(texts: readonly string[]): Promise<Judgement<Labels>>;
  release(): Promise<void>;
}

/**
 * Opens CheXbert.
 *
 * @param path An ONNX file, or a folder that holds one; see {@link readJudgeFiles}.
 * @throws {Failure} When a file is missing or damaged, or its outputs are not CheXbert's.
 * @example
 * const judge = await openChexbert('chexbert.onnx');
 * const { values: [labels] } = await judge.label(['No pneumothorax.']); // { Pneumothorax: 'negative', … }
 */
export const openChexbert = async (
  path: string,
  { threads, onProgress }: ChexbertOptions = {},
): Promise<ChexbertJudge> => {
  const { onnx, tokenizer, maxTokens } = await readJudgeFiles(path);
  const encoder = await openEncoder(onnx, threads);
  try {
    const heads = headsOf(encoder.outputs, onnx);
    const setting: JudgeSetting = { file: basename(onnx), sha256: await sha256Of(onnx), maxTokens };
    return {
      setting,
      label: async (texts) => {
        const tokenized = texts.map((text) => tokenizer.tokenize(text, maxTokens));
        const values: Labels[] = new Array(texts.length);
        let done = 0;
        await encoder.run(
          tokenized.map(({ ids }) => ids),
          heads,
          (indices, logits) => {
            checkClasses(logits, onnx);
            indices.forEach((index, row) => {
              values[index] = chexbertLabels(logits.map((one) => greatest(one, row)));
            });
            done += indices.length;
            onProgress?.(done, texts.length);
          },
        );
        return { values, cut: tokenized.filter(({ cut }) => cut).length };
      },
      release: () => encoder.release(),
    };
  } catch (error) {
    await encoder.release();
    throw error;
  }
};

const plainName = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z]+/g, ' ')
    .trim();

/** Names of the outputs in CheXbert's order. */
const headsOf = (outputs: readonly OnnxPort[], path: string): string[] => {
  const fix = `export CheXbert's bert_labeler with its ${chexbertObservations.length} outputs`;
  if (outputs.length !== chexbertObservations.length)
    throw new Failure({ what: 'not CheXbert’s 14 outputs', where: path, got: `${outputs.length}`, fix });
  const named = new Map(outputs.map((output) => [plainName(output.name), output]));
  const byName = chexbertObservations.map((observation) => named.get(plainName(observation)));
  const inOrder = byName.every((output) => output !== undefined) ? byName : outputs;
  chexbertObservations.forEach((observation, head) => {
    const { name, shape, type } = inOrder[head];
    const classes = chexbertClasses(observation);
    const [, found] = shape;
    if (shape.length !== 2 || type !== 'float32' || (typeof found === 'number' && found >= 0 && found !== classes))
      throw new Failure({
        what: `CheXbert's output ${head + 1}, ${observation}, must be float32[batch_size, ${classes}]`,
        where: `${path}, output ${name}`,
        got: `${type}[${shape.join(', ')}]`,
        fix: `${fix}, "No Finding" last`,
      });
  });
  return inOrder.map(({ name }) => name);
};

/** A file may leave the number of classes open; what comes out may not. */
const checkClasses = (logits: readonly FloatValues[], path: string): void => {
  chexbertObservations.forEach((observation, head) => {
    const [, classes] = logits[head].dims;
    if (classes !== chexbertClasses(observation))
      throw new Failure({
        what: `CheXbert's output ${head + 1}, ${observation}, must have ${chexbertClasses(observation)} classes`,
        where: path,
        got: `${classes}`,
        fix: "export CheXbert's bert_labeler",
      });
  });
};

/** The index of a row's greatest number, the first of equals. */
const greatest = ({ data, dims: [, classes] }: FloatValues, row: number): number => {
  let best = 0;
  for (let at = 1; at < classes; at += 1) if (data[row * classes + at] > data[row * classes + best]) best = at;
  return best;
};
