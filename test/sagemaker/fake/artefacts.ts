/** @file What a finished job leaves: a tiny random T5 in PyTorch's format or in safetensors, as AWS's scripts pack it. */
import { readFileSync } from 'node:fs';

const fixture = (name: string): Buffer => readFileSync(new URL(`../../fixtures/${name}`, import.meta.url));

const companions = (): [string, Buffer][] => [
  ['config.json', fixture('t5/gated/config.json')],
  ['generation_config.json', fixture('t5/gated/generation_config.json')],
  ['tokenizer.json', fixture('t5-text/tokenizer.json')],
  ['tokenizer_config.json', fixture('t5-text/tokenizer_config.json')],
  ['code/inference.py', Buffer.from('print("not for us")\n')],
  ['training_args.bin', Buffer.from('leftover')],
];

/** With `pytorch_model.bin`, as the images of version 1 leave it. */
export const torchArtefact = (): ReadonlyMap<string, Buffer> =>
  new Map([...companions(), ['pytorch_model.bin', fixture('sagemaker/torch/pytorch_model.bin')]]);

/** With `model.safetensors`. */
export const safeArtefact = (): ReadonlyMap<string, Buffer> =>
  new Map([...companions(), ['model.safetensors', fixture('t5/gated/model.safetensors')]]);
