/** @file A training run shown to a person or a program: what `train` and `demo` share. */
import type { RunFacts, RunOptions } from '../training/run.js';
import type { TrainingResult } from '../training/train.js';
import { duration, type Progress, startProgress } from './progress.js';

/**
 * Runs a training with a progress bar, and says what went in and what came out.
 *
 * @param json Also prints each step and evaluation as a line of JSON on standard output.
 */
export const trainShowing = async (options: RunOptions, json = false): Promise<TrainingResult> => {
  const { runTraining } = await import('../training/run.js');
  const say = (line: string): void => console.error(line);
  const { length } = options;
  let progress: Progress | undefined;
  let devLoss = '';
  const result = await runTraining({
    ...options,
    onStart: (facts) => say(describe(facts)),
    onResume: (state) => say(`Resuming after step ${state.step}, ${duration(state.seconds)} in.`),
    onStep: (metrics, share) => {
      // A run that the clock may end has no number of steps known beforehand, so its share is shown.
      const timed = length.minutes !== undefined;
      const total = timed ? 100 : Math.round(metrics.step / share);
      progress ??= startProgress('training', total, timed ? '%' : 'steps');
      const done = timed ? Math.floor(share * 100) : metrics.step;
      progress.update(
        done,
        `loss ${metrics.loss.toFixed(3)}${devLoss}, ${metrics.tokensPerSecond.toLocaleString('en')} tokens/s`,
      );
      if (json) console.log(JSON.stringify(metrics));
    },
    onEvaluation: (metrics, isBest) => {
      const rouge = metrics.devRouge === undefined ? '' : `, ROUGE-L ${metrics.devRouge.toFixed(3)}`;
      devLoss = `, dev ${metrics.devLoss.toFixed(3)}${rouge}${isBest ? ' (best)' : ''}`;
      if (json) console.log(JSON.stringify({ ...metrics, best: isBest }));
    },
  }).finally(() => progress?.stop());
  const { written, seconds } = result.checkpoints;
  if (written > 0) say(`${written.toLocaleString('en')} checkpoints written in ${seconds.toFixed(1)} s.`);
  if (!result.interrupted) {
    say(
      `${result.steps.toLocaleString('en')} steps in ${duration(result.seconds)}${result.stoppedEarly ? ', ended early: no better model came' : ''}. ` +
        `Best model: ${best(result)} after step ${result.best.step.toLocaleString('en')}: ${options.out}/model; the run: ${options.out}/report.html`,
    );
  }
  return result;
};

const best = ({ best: { devLoss, devRouge } }: TrainingResult): string =>
  `dev loss ${devLoss.toFixed(4)}${devRouge === undefined ? '' : `, dev ROUGE-L ${devRouge.toFixed(4)}`}`;

const describe = (facts: RunFacts): string => {
  const count = (value: number): string => value.toLocaleString('en');
  const trained =
    facts.trainedParameters === facts.parameters
      ? `${count(facts.parameters)} parameters; `
      : `${count(facts.trainedParameters)} trained parameters over ${count(facts.parameters)} frozen ones; `;
  const lines = [
    `${trained}${count(facts.trainExamples)} training examples of ${facts.meanInputTokens} + ${facts.meanTargetTokens} tokens on average, ${count(facts.devExamples)} for the dev loss.`,
  ];
  const { sameFindings, impressionsOfSameFindings, devFindingsInTraining } = facts.duplicates;
  if (sameFindings > 0) {
    lines.push(
      `${count(sameFindings)} training examples share their findings with another one (${count(impressionsOfSameFindings)} different impressions among them).`,
    );
  }
  if (devFindingsInTraining > 0)
    lines.push(`${count(devFindingsInTraining)} dev examples have findings that are in the training data too.`);
  if (facts.cutInputs > 0) {
    lines.push(
      `${count(facts.cutInputs)} inputs were too long: ${count(facts.cutInputTokens)} tokens of their findings’ ends are not used (--max-input-tokens).`,
    );
  }
  if (facts.cutTargets > 0)
    lines.push(`${count(facts.cutTargets)} impressions were too long and are cut (--max-target-tokens).`);
  return lines.join('\n');
};
