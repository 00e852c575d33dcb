/**
 * @file What requests must look like. From these the input is checked and the OpenAPI document made, so that the two
 * cannot differ. Unknown fields are refused: an option that is not honoured is an error.
 */
import { z } from 'zod';
import { DECODING_DEFAULTS } from '../../generation/options.js';
import { HttpFailure } from './http-failure.js';

/** Longest texts, in UTF-16 units: ten times the longest reports known, and bounded work for the guard. */
export const TEXT_MAX = { findings: 32_000, background: 16_000, report: 64_000, impression: 16_000, prompt: 64_000 };
/** Most reports of one request. */
export const REPORTS_MAX = 64;

const identifier = z.string().max(128);

/** Settings of decoding, as the API names them. */
export const settingsShape = {
  max_new_tokens: z.int().min(1).max(512).default(DECODING_DEFAULTS.maxNewTokens).describe('Most tokens of a draft.'),
  min_new_tokens: z.int().min(0).max(512).default(0).describe('Least tokens of a draft.'),
  no_repeat_ngram: z.int().min(0).max(32).default(0).describe('No run of so many tokens occurs twice; 0: allowed.'),
  repetition_penalty: z.number().min(0.1).max(10).default(1).describe('Above 1 makes repeating a token less likely.'),
  beams: z
    .int()
    .min(1)
    .max(8)
    .optional()
    .describe('Width of the beam search; 1 is greedy. Default: as many as alternatives.'),
  length_penalty: z.number().min(-10).max(10).optional().describe('Of beam search; above 0 favours longer drafts.'),
  early_stopping: z.boolean().optional().describe('Of beam search: stop once as many drafts as beams have ended.'),
  temperature: z.number().gt(0).max(10).optional().describe('Draw tokens instead of taking the likeliest.'),
  top_k: z.int().min(0).max(10_000).optional().describe('Draw from so many of the likeliest tokens; 0: from all.'),
  top_p: z.number().gt(0).max(1).optional().describe('Draw from the likeliest tokens that make up this share.'),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .optional()
    .describe('Of drawing; default 1.'),
};

const reportShape = {
  findings: z.string().trim().min(1).max(TEXT_MAX.findings).describe('The findings, without their header.'),
  background: z.string().max(TEXT_MAX.background).default('').describe('Indication, history, technique, comparison.'),
  study_id: identifier.optional().describe('Goes with the accepted pair into `audit export`, where texts are stored.'),
  subject_id: identifier.optional().describe('As study_id; keeps a patient on one side of a split.'),
};

/** One report of a request. */
export const reportSchema = z.strictObject(reportShape);

const draftShape = {
  ...settingsShape,
  alternatives: z
    .int()
    .min(1)
    .max(8)
    .default(1)
    .describe('Drafts wanted for each report, the likeliest first unless put in another order.'),
  rerank: z
    .enum(['guard', 'similar'])
    .optional()
    .describe(
      'Put eight drafts (or as many as beams) in order, by the guard’s flags or by similar reports, whose impressions are then among them, and give the best. Default with alternatives, for a model that leans on similar reports, unless beams or sampling are set: similar.',
    ),
  stream: z
    .boolean()
    .default(false)
    .describe('Answer with server-sent events while the draft is written; with alternatives or rerank at its end.'),
};

/** `POST /v1/impressions`: one report, or several under `reports`. */
export const impressionsSchema = z.union([
  z.strictObject({ ...reportShape, ...draftShape }),
  z.strictObject({ reports: z.array(reportSchema).min(1).max(REPORTS_MAX), ...draftShape }),
]);

/** `POST /v1/check`. */
export const checkSchema = z.strictObject({
  findings: z.string().max(TEXT_MAX.findings),
  background: z.string().max(TEXT_MAX.background).default(''),
  impression: z.string().max(TEXT_MAX.impression),
});

/** `POST /v1/parse`. */
export const parseSchema = z.strictObject({ text: z.string().max(TEXT_MAX.report) });

/** `POST /v1/feedback`. */
export const feedbackSchema = z.strictObject({
  draft_id: z.uuid(),
  action: z.enum(['acknowledge', 'accept', 'copy', 'reject']),
  flags: z.array(z.int().min(0).max(1000)).max(200).optional(),
  text: z.string().max(TEXT_MAX.impression).optional(),
  acknowledged: z
    .array(z.string().regex(/^[a-z]{1,32}$/))
    .max(200)
    .optional(),
});

/** Options that existing clients send with the value that changes nothing; another value is refused, not ignored. */
const neutral = z.union([z.literal(0), z.null()]).optional();
const one = z.union([z.literal(1), z.null()]).optional();

/** `POST /v1/completions`, as OpenAI's. What is not listed is refused, not ignored. */
export const completionsSchema = z.strictObject({
  model: z.string().max(256).describe('Any name; the server has one model and says which.'),
  prompt: z.union([
    z.string().min(1).max(TEXT_MAX.prompt),
    z.array(z.string().min(1).max(TEXT_MAX.prompt)).min(1).max(REPORTS_MAX),
  ]),
  max_tokens: z.int().min(1).max(512).nullish(),
  temperature: z
    .number()
    .min(0)
    .max(10)
    .nullish()
    .describe('0: the likeliest token each time, the default here. With top_p below 1 the default is 1.'),
  top_p: z.number().gt(0).max(1).nullish(),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .nullish(),
  n: one,
  best_of: one,
  echo: z.literal(false).nullish(),
  logprobs: z.null().optional(),
  stop: z.null().optional(),
  suffix: z.null().optional(),
  presence_penalty: neutral,
  frequency_penalty: neutral,
  logit_bias: z.strictObject({}).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.strictObject({ include_usage: z.boolean().optional() }).nullish(),
  user: identifier.nullish().describe('Taken and not kept: the user is the one of the token.'),
});

/** The problems of an input, place by place. Names a client made up are not repeated: they could be anything. */
const problemsOf = (error: z.ZodError): { at: string; problem: string }[] => {
  const flat = (issues: readonly z.core.$ZodIssue[]): readonly z.core.$ZodIssue[] =>
    issues.flatMap((issue) => {
      if (issue.code !== 'invalid_union') return [issue];
      // The alternative that fits best is the one the client meant.
      const best = [...issue.errors].sort((a, b) => a.length - b.length)[0] ?? [];
      return flat(best.map((each) => ({ ...each, path: [...issue.path, ...each.path] })));
    });
  return flat(error.issues)
    .slice(0, 8)
    .map((issue) => ({ at: placeOf(issue.path), problem: problemOf(issue) }));
};

const placeOf = (path: readonly PropertyKey[]): string => (path.length === 0 ? 'body' : path.map(String).join('.'));

const problemOf = (issue: z.core.$ZodIssue): string => {
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.length === 1
        ? 'has a field that is not known'
        : `has ${issue.keys.length} fields that are not known`;
    case 'invalid_type':
      return `must be of type ${issue.expected}`;
    case 'too_small':
      return issue.origin === 'string' ? 'must not be empty' : `must be at least ${issue.minimum}`;
    case 'too_big':
      return issue.origin === 'string'
        ? `must have at most ${issue.maximum} characters`
        : `must be at most ${issue.maximum}`;
    case 'invalid_value':
      return `must be one of: ${issue.values.map(String).join(', ')}`;
    default:
      return 'is not valid';
  }
};

/**
 * Checks an input.
 *
 * @throws {HttpFailure} 400 `invalid_request`, with what is wrong and where, never with the input's text.
 * @example const { text } = checked(parseSchema, request.body);
 */
export const checked = <S extends z.ZodType>(schema: S, input: unknown): z.output<S> => {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const details = problemsOf(result.error);
  throw new HttpFailure({
    status: 400,
    code: 'invalid_request',
    what: 'the request does not fit its schema',
    got: details.map(({ at, problem }) => `${at} ${problem}`).join('; '),
    fix: 'see /openapi.json',
    details,
  });
};
