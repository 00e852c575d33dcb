/**
 * @file The public API: what the command line is made of, for programs.
 *
 * @example
 * import { checkImpression, createDrafter, openToDraft } from 'impressionist';
 *
 * const drafter = await createDrafter(await openToDraft('runs/first/model'));
 * const report = { findings: 'Small left pleural effusion. No pneumothorax.', background: '' };
 * const [{ impression }] = await drafter.draft([report]);
 * const flags = checkImpression({ ...report, impression });
 */
export { type Evaluation, evaluate, evaluateWithJudges } from './evaluation/evaluate.js';
export { createRougeScorer, type RougeScores } from './evaluation/rouge.js';
export { byAgreement } from './generation/agreement.js';
export { createDrafter, type Draft, type Drafter, type DraftOptions } from './generation/drafts.js';
export { Failure } from './ground/failure.js';
export { version } from './ground/version.js';
export { checkImpression } from './guard/check.js';
export type { Flag, FlagKind, GuardInput, Span } from './guard/flag.js';
export { rerank } from './guard/rerank.js';
export { openBertScore } from './judges/bertscore.js';
export { openChexbert } from './judges/chexbert.js';
export { type Model, readModel, writeModel } from './models/directory.js';
export { openModel, openStart, openToDraft } from './models/open.js';
export { readExamples } from './reports/dataset.js';
export type { Example } from './reports/example.js';
export { parseTemplateFile, serialiseTemplate } from './reports/jumpstart-template.js';
export { alignPredictions, type Prediction, readPredictions, writePredictions } from './reports/predictions.js';
export { type PrepareOptions, type PrepareSummary, prepare } from './reports/prepare.js';
export { DEFAULT_PROMPT, type PromptTemplate, parsePrompt, renderPrompt } from './reports/prompt.js';
export { FINE_TUNE, FROM_SCRATCH, LORA, type Recipe } from './training/recipe.js';
export { type RunOptions, runTraining } from './training/run.js';
