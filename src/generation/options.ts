/** @file The options of decoding: their defaults, their bounds, and which of them go together. */
import { Failure } from '../ground/failure.js';
import { type BeamOptions, beamSearch, type EarlyStopping } from './beam.js';
import { copyProposer, type DraftMemory } from './copying.js';
import { greedySearch, type ProposalCounts } from './greedy.js';
import { logitsProcessors, type ProcessorOptions } from './processors.js';
import { type SamplingOptions, samplingSearch } from './sampling.js';
import type { Search, SearchFrame } from './search.js';

/** How to decode; names and meanings are Transformers' where it has them. All have defaults. */
export interface DecodingOptions extends ProcessorOptions, Partial<BeamOptions>, Partial<SamplingOptions> {
  /** Most tokens of an output, its end token counted; default 128. */
  readonly maxNewTokens?: number;
  /** Inputs decoded together; default 16. */
  readonly batchSize?: number;
  /** Outputs of each input; default 1. */
  readonly nBest?: number;
  /** Seed of sampling; default 1. */
  readonly seed?: number;
  /** Draw tokens instead of taking the likeliest; default: whether one of temperature, topK and topP is given. */
  readonly sample?: boolean;
  /**
   * Most tokens that greedy decoding guesses ahead and verifies in one pass, which changes its speed and never its
   * output; 0: none. Default: {@link COPY_TOKENS} while one input is decoded alone, else 0.
   */
  readonly copyTokens?: number;
}

/** Options with their defaults. */
export interface DecodingSettings extends ProcessorOptions {
  readonly mode: 'greedy' | 'beam' | 'sample';
  readonly maxNewTokens: number;
  readonly batchSize: number;
  readonly nBest: number;
  readonly beam: BeamOptions;
  readonly sampling: SamplingOptions;
  readonly seed: number;
  readonly copyTokens: number | undefined;
}

/** Tokens guessed ahead by default: with one input a pass over so many costs little more than over one. */
export const COPY_TOKENS = 4;

/** Room for any usual impression; inputs enough to fill a processor; Transformers' defaults for the rest. */
export const DECODING_DEFAULTS = {
  maxNewTokens: 128,
  batchSize: 16,
  nBest: 1,
  beams: 1,
  lengthPenalty: 1,
  earlyStopping: false as EarlyStopping,
  temperature: 1,
  topK: 50,
  topP: 1,
  seed: 1,
} as const;

/** An option that can't be honoured, alone or beside the others. */
export class OptionFailure extends Failure {}

const refuse = (what: string, got: string, fix: string): never => {
  throw new OptionFailure({ what, got, fix });
};

/**
 * Fills in defaults and checks that every option given can be honoured.
 *
 * @throws {OptionFailure} When a value is out of its bounds, or two options exclude each other.
 * @example decodingSettings({ beams: 4, lengthPenalty: 0.6 })
 */
export const decodingSettings = (options: DecodingOptions): DecodingSettings => {
  const whole = (
    name: keyof typeof DECODING_DEFAULTS | 'copyTokens' | 'noRepeatNgram' | 'minNewTokens',
    least: number,
  ) => {
    const value = options[name];
    if (value !== undefined && !(Number.isSafeInteger(value) && Number(value) >= least)) {
      refuse(`${name} must be a whole number of at least ${least}`, String(value), 'correct it');
    }
  };
  for (const name of ['maxNewTokens', 'batchSize', 'nBest', 'beams'] as const) whole(name, 1);
  for (const name of ['topK', 'copyTokens', 'noRepeatNgram', 'minNewTokens'] as const) whole(name, 0);
  const bounded = (name: 'temperature' | 'topP' | 'repetitionPenalty' | 'lengthPenalty', from: number, to: number) => {
    const value = options[name];
    if (value !== undefined && !(Number.isFinite(value) && value > from && value <= to)) {
      refuse(`${name} must be above ${from}${to < 1e9 ? ` and at most ${to}` : ''}`, String(value), 'correct it');
    }
  };
  bounded('temperature', 0, 1e9);
  bounded('topP', 0, 1);
  bounded('repetitionPenalty', 0, 1e9);
  bounded('lengthPenalty', -1e9, 1e9);

  const { maxNewTokens, batchSize, nBest, beams, lengthPenalty, earlyStopping, temperature, topK, topP, seed } = {
    ...DECODING_DEFAULTS,
    ...defined(options),
  };
  const given = (...names: (keyof DecodingOptions)[]): string | undefined =>
    names.find((name) => options[name] !== undefined);
  const drawn = given('temperature', 'topK', 'topP');
  const sample = options.sample ?? drawn !== undefined;
  if (!sample && drawn !== undefined) refuse(`${drawn} is for sampling`, 'sample: false', 'leave one of them out');
  if (!sample && options.seed !== undefined) {
    refuse('a seed is for sampling', 'greedy decoding or beams', 'leave it out, or add a temperature, top-k or top-p');
  }
  if (sample && beams > 1) refuse('sampling and beams exclude each other', `${beams} beams`, 'leave one of them out');
  const beamOnly = given('lengthPenalty', 'earlyStopping');
  if (beams === 1 && beamOnly !== undefined) {
    refuse(`${beamOnly} is for beam search`, '1 beam', 'ask for at least 2 beams, or leave it out');
  }
  if (!sample && nBest > beams) {
    refuse(
      'more outputs than beams',
      `${nBest} of ${beams}`,
      'ask for at least as many beams as outputs, or sample by giving a temperature',
    );
  }
  const mode = sample ? 'sample' : beams > 1 ? 'beam' : 'greedy';
  if (mode !== 'greedy' && options.copyTokens !== undefined && options.copyTokens > 0) {
    refuse('guessing ahead is for greedy decoding', mode, 'leave out beams and sampling, or the guessing');
  }
  if ((options.minNewTokens ?? 0) > maxNewTokens) {
    refuse(
      'the shortest output is longer than the longest',
      `${options.minNewTokens} > ${maxNewTokens}`,
      'correct one',
    );
  }
  return {
    mode,
    maxNewTokens,
    batchSize,
    nBest,
    beam: { beams, lengthPenalty, earlyStopping },
    sampling: { temperature, topK, topP },
    seed,
    copyTokens: options.copyTokens,
    repetitionPenalty: options.repetitionPenalty,
    noRepeatNgram: options.noRepeatNgram,
    minNewTokens: options.minNewTokens,
  };
};

const defined = <Options extends object>(options: Options): Options =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options;

/** What a search may use besides its input. */
export interface SearchContext {
  /** Names the input among those of one seed, e.g. its place in the file. */
  readonly purpose: string;
  /** Tokens to guess ahead; 0: none. */
  readonly copyTokens: number;
  /** Asked before each pass whether guesses are worth their while. */
  readonly mayGuess: () => boolean;
  readonly memory?: DraftMemory;
  readonly counts?: ProposalCounts;
}

/** The search that the settings ask for, for one input. */
export const searchFor = (
  settings: DecodingSettings,
  frame: Omit<SearchFrame, 'maxNewTokens'>,
  input: readonly number[],
  { purpose, copyTokens, mayGuess, memory, counts }: SearchContext,
): Search => {
  const whole: SearchFrame = { ...frame, maxNewTokens: settings.maxNewTokens };
  const processors = logitsProcessors(settings, frame.endId);
  switch (settings.mode) {
    case 'beam':
      return beamSearch(whole, processors, settings.beam);
    case 'sample':
      return samplingSearch(whole, processors, settings.sampling, {
        seed: settings.seed,
        purpose,
        count: settings.nBest,
      });
    case 'greedy': {
      const propose = copyTokens > 0 ? copyProposer(input, frame.endId, copyTokens, memory) : undefined;
      return greedySearch(whole, processors, propose && ((sequence) => (mayGuess() ? propose(sequence) : [])), counts);
    }
  }
};
