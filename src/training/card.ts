/** @file The model card of a trained model: `README.md` of its directory, written from the run's own numbers. No report text. */

import type { Recipe } from './recipe.js';
import type { RunFacts } from './run.js';
import type { RunLength, TrainingResult } from './train.js';

/** What a card is made from. */
export interface CardSources {
  readonly modelName: string;
  readonly prompt: string;
  readonly recipe: Recipe;
  readonly length: RunLength;
  readonly facts: RunFacts;
  readonly result: TrainingResult;
  readonly version: string;
  readonly dataHashes: { readonly train: string; readonly dev: string };
}

/** The text of a model card. */
export const modelCard = (sources: CardSources): string => {
  const { modelName, prompt, recipe, length, facts, result, version, dataHashes } = sources;
  const { lora, ...settings } = recipe;
  const count = (value: number): string => value.toLocaleString('en');
  const rouge = result.best.devRouge;
  const untrained = modelName === 'tiny';
  const header = [
    '---',
    ...(untrained || /^[./]/.test(modelName) ? [] : [`base_model: ${modelName}`]),
    `library_name: ${lora === undefined ? 'transformers' : 'peft'}`,
    'tags: [radiology, summarization]',
    '---',
  ].join('\n');
  const duplicates = facts.duplicates;
  return `${header}

# Impressions of radiology reports from their findings

${lora === undefined ? 'A T5' : 'A LoRA adapter over a T5'} that drafts the IMPRESSION of a radiology report from its FINDINGS, trained from
\`${modelName}\` with Impressionist ${version}. Load it with \`impressionist generate --model DIR\`, or with Hugging Face
${lora === undefined ? 'Transformers' : 'PEFT'}.

## Intended use

A draft for a radiologist to edit and accept. It reads text only, never images; it invents, omits and confuses sides
like any language model, and no draft of it is a diagnosis. Its figures hold for reports like those it was trained on, and not for
other sites, languages or kinds of examination.

The training reports may be recoverable from the weights: handle this model as the reports themselves.

## Input

\`\`\`
${prompt}
\`\`\`

At most ${recipe.maxInputTokens} tokens in, ${recipe.maxTargetTokens} out.

## Training data

| | examples | SHA-256 |
| --- | --- | --- |
| training | ${count(facts.trainExamples)} | \`${dataHashes.train}\` |
| dev | ${count(facts.devExamples)} | \`${dataHashes.dev}\` |

${facts.meanInputTokens} + ${facts.meanTargetTokens} tokens on average; ${count(facts.cutInputs)} inputs and ${count(facts.cutTargets)} impressions were cut.
${count(duplicates.sameFindings)} training examples share their findings with another one (${count(duplicates.sameFindingsAndBackground)} their background too);
${count(duplicates.devFindingsInTraining)} dev examples have findings that are in the training data.

## Result

${count(result.steps)} steps in ${(result.seconds / 60).toFixed(1)} minutes${result.stoppedEarly ? ', stopped early' : ''}; the best model is that after step ${count(result.best.step)}.

| dev figure | |
| --- | --- |
| loss, nats a token | ${result.best.devLoss.toFixed(4)} |
${rouge === undefined ? '' : `| ROUGE-L, stemmed | ${rouge.toFixed(4)} |\n`}
ROUGE against one reference says little on such reports: one fixed sentence, or the impression of the nearest training report, scores high
too. Measure with \`impressionist evaluate\`, which prints both beside every score.

## Settings

\`\`\`json
${JSON.stringify({ ...length, ...settings, ...(lora === undefined ? {} : { lora }) }, null, 2)}
\`\`\`
`;
};
