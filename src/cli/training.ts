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
      // A run by the clock has no number of steps known beforehand, so its seconds are shown.
      const total = 'minutes' in length ? Math.round(length.minutes * 60) : Math.round(metrics.step / share);
      progress ??= startProgress('training', total, 'minutes' in length ? 'seconds' : 'steps');
      const done = 'minutes' in length ? Math.min(Math.round(metrics.seconds), total) : metrics.step;
      progress.update(
        done,
        `loss ${metrics.loss.toFixed(3)}${devLoss}, ${metrics.tokensPerSecond.toLocaleString('en')} tokens/s`,
      );
      if (json) console.log(JSON.stringify(metrics));
    },
    onEvaluation: (metrics, best) => {
      devLoss = `, dev ${metrics.devLoss.toFixed(3)}${best ? ' (best)' : ''}`;
      if (json) console.log(JSON.stringify({ ...metrics, best }));
    },
  }).finally(() => progress?.stop());
  if (!result.interrupted) {
    say(
      `${result.steps.toLocaleString('en')} steps in ${duration(result.seconds)}. ` +
        `Best dev loss ${result.best.devLoss.toFixed(4)} after step ${result.best.step.toLocaleString('en')}: ${options.out}/model`,
    );
  }
  return result;
};

const describe = (facts: RunFacts): string => {
  const count = (value: number): string => value.toLocaleString('en');
  const lines = [
    `${count(facts.parameters)} parameters; ${count(facts.trainExamples)} training examples of ${facts.meanInputTokens} + ${facts.meanTargetTokens} tokens on average, ${count(facts.devExamples)} for the dev loss.`,
  ];
  if (facts.cutInputs > 0) {
    lines.push(
      `${count(facts.cutInputs)} inputs were too long: ${count(facts.cutInputTokens)} tokens of their findings’ ends are not used (--max-input-tokens).`,
    );
  }
  if (facts.cutTargets > 0)
    lines.push(`${count(facts.cutTargets)} impressions were too long and are cut (--max-target-tokens).`);
  return lines.join('\n');
};
