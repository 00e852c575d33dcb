/**
 * @file A draft from request to answer: a place in the bounded queue, the engine, the guard, the audit log. Every door
 * (HTTP, FHIR, HL7, the folder) comes through here, so that none of them can leave a step out.
 */
import { randomUUID } from 'node:crypto';
import type { Borrowed } from '../../generation/agreement.js';
import type { Reranking } from '../../generation/choosing.js';
import type { Candidate } from '../../generation/drafts.js';
import { Failure } from '../../ground/failure.js';
import { version } from '../../ground/version.js';
import type { PromptFields } from '../../reports/prompt.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { Checker } from '../checking/checker.js';
import { type DraftEngine, type DraftSettings, type EngineDraft, EngineLost } from '../engine/draft-engine.js';
import { HttpFailure } from '../http/http-failure.js';
import type { Metrics } from '../observe/metrics.js';
import type { DraftAnswer } from '../wire.js';

/** A report to be drafted for. */
export interface DraftReport {
  readonly findings: string;
  readonly background: string;
  readonly study_id?: string;
  readonly subject_id?: string;
}

/** Who asks, through which door. */
export interface DraftOrigin {
  readonly user: string;
  readonly requestId: string;
  readonly door: 'api' | 'completions' | 'sagemaker' | 'fhir' | 'hl7' | 'folder';
}

/** What stops a draft and where its text goes. */
export interface DraftWishes {
  readonly settings: DraftSettings;
  readonly signal: AbortSignal;
  readonly onText?: (text: string) => void;
  /** Which of the drafts are given: so many, the best by this. Absent: all, the likeliest first. */
  readonly choosing?: { readonly by: Reranking; readonly count: number };
}

/** Drafts, checked and recorded. */
export interface Drafting {
  /**
   * Takes `count` places in the queue, or refuses.
   *
   * @throws {HttpFailure} 429 `queue_full`, 503 `not_ready`, `draining` or `audit_unwritable`.
   */
  admit(count: number): Admission;
  /** Refuses all further requests and resolves once the accepted ones are answered. */
  drain(): Promise<void>;
  readonly draining: boolean;
}

/** Places in the queue. Each of its methods uses one place; {@link Admission.release} gives back what is left. */
export interface Admission {
  /** Drafts through the model's own prompt, checks the draft and records it. */
  draft(report: DraftReport, wishes: DraftWishes, origin: DraftOrigin): Promise<DraftAnswer>;
  /** Completes a prompt that is whole already; there are no findings to check it against. */
  complete(prompt: string, wishes: DraftWishes, origin: DraftOrigin): Promise<EngineDraft & { readonly id: string }>;
  release(): void;
}

/** The parts of {@link createDrafting}. */
export interface DraftingParts {
  readonly engine: DraftEngine;
  readonly checker: Checker;
  /** Absent: nothing is recorded. */
  readonly audit?: AuditLog;
  readonly metrics: Metrics;
  /** Most drafts accepted and not yet answered. */
  readonly queueLimit: number;
  /** Longest time of one draft with its waiting, in milliseconds. */
  readonly timeoutMs: number;
}

/** Seconds after which a client is told to try again. */
const RETRY_AFTER = 1;

/** @example const drafting = createDrafting(parts); const place = drafting.admit(1); */
export const createDrafting = ({ engine, checker, audit, metrics, queueLimit, timeoutMs }: DraftingParts): Drafting => {
  let taken = 0;
  let draining = false;
  let drained = (): void => undefined;
  const give = (count: number): void => {
    taken -= count;
    metrics.queue.set(taken);
    if (taken === 0) drained();
  };

  const unavailable = (code: string, what: string, fix?: string): HttpFailure =>
    new HttpFailure({ status: 503, code, what, fix, retryAfter: RETRY_AFTER });

  const admit = (count: number): Admission => {
    if (draining) throw unavailable('draining', 'the server is shutting down');
    if (engine.state !== 'ready') throw unavailable('not_ready', 'the model is not ready yet');
    if (audit !== undefined && !audit.writable) throw auditUnwritable();
    if (taken + count > queueLimit) {
      metrics.refused.inc({ reason: 'queue_full' });
      throw new HttpFailure({
        status: 429,
        code: 'queue_full',
        what: 'too many drafts are waiting',
        got: `${taken} of ${queueLimit} places taken, ${count} asked for`,
        fix: count > queueLimit ? 'send fewer reports at once' : 'try again in a second',
        retryAfter: RETRY_AFTER,
      });
    }
    taken += count;
    metrics.queue.set(taken);
    let left = count;
    const using = async <T>(work: () => Promise<T>): Promise<T> => {
      if (left === 0) throw new Error('no place left in this admission');
      left--;
      try {
        return await work();
      } finally {
        give(1);
      }
    };
    return {
      draft: (report, wishes, origin) => using(() => draft(report, wishes, origin)),
      complete: (prompt, wishes, origin) => using(() => complete(prompt, wishes, origin)),
      release: () => {
        give(left);
        left = 0;
      },
    };
  };

  const auditUnwritable = (cause?: unknown): HttpFailure =>
    new HttpFailure(
      {
        status: 503,
        code: 'audit_unwritable',
        what: 'the audit log cannot be written, so no draft is given out',
        fix: 'tell the administrator; the server’s log says why',
        retryAfter: 5,
      },
      { cause },
    );

  /** Runs the engine within the time limit and tells its errors in the API's words. */
  const run = async (source: Parameters<DraftEngine['draft']>[0], { settings, signal, onText }: DraftWishes) => {
    const started = performance.now();
    let begun = started;
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const draft = await engine.draft(source, settings, {
        signal: AbortSignal.any([signal, timeout]),
        onText,
        onBegin: () => {
          begun = performance.now();
        },
      });
      const ended = performance.now();
      metrics.drafts.inc({ outcome: 'drafted' });
      metrics.tokens.inc(draft.outputTokens);
      metrics.draftSeconds.observe((ended - started) / 1000);
      return { draft, queuedMs: Math.round(begun - started), draftMs: Math.round(ended - begun) };
    } catch (error) {
      throw failureOf(error, signal, timeout);
    }
  };

  const failureOf = (error: unknown, signal: AbortSignal, timeout: AbortSignal): unknown => {
    if (signal.aborted) {
      metrics.drafts.inc({ outcome: 'cancelled' });
      return new HttpFailure(
        { status: 499, code: 'cancelled', what: 'the client closed the request' },
        { cause: error },
      );
    }
    if (timeout.aborted) {
      metrics.drafts.inc({ outcome: 'timeout' });
      return unavailable('timeout', `the draft took longer than ${timeoutMs / 1000} s`, 'send fewer reports at once');
    }
    if (error instanceof EngineLost) {
      metrics.drafts.inc({ outcome: 'lost' });
      return unavailable('draft_lost', error.message, 'send it again');
    }
    if (error instanceof Failure) {
      metrics.drafts.inc({ outcome: 'refused' });
      const { what, where, got, fix } = error;
      return new HttpFailure({ status: 422, code: 'cannot_draft', what, where, got, fix }, { cause: error });
    }
    return error;
  };

  const record = async (...[entry]: Parameters<AuditLog['append']>): Promise<void> => {
    try {
      await audit?.append(entry);
    } catch (error) {
      metrics.refused.inc({ reason: 'audit_unwritable' });
      throw auditUnwritable(error);
    }
  };

  /** The drafts that are given, the best first. */
  const chosenOf = async (
    { candidates, leanedOn = [] }: EngineDraft,
    report: PromptFields,
    choosing: DraftWishes['choosing'],
  ): Promise<readonly (Candidate | Borrowed)[]> =>
    choosing === undefined
      ? candidates
      : (await checker.order({ candidates, leanedOn, report, by: choosing.by })).slice(0, choosing.count);

  const draft = async (report: DraftReport, wishes: DraftWishes, origin: DraftOrigin): Promise<DraftAnswer> => {
    const { findings, background, study_id, subject_id } = report;
    const { choosing, onText } = wishes;
    // What is chosen at the end cannot be shown before.
    const { draft, queuedMs, draftMs } = await run(
      { findings, background, studyId: study_id, subjectId: subject_id },
      choosing === undefined ? wishes : { ...wishes, onText: undefined },
    );
    const { cutTokens, leanedOn } = draft;
    const chosen = await chosenOf(draft, { findings, background }, choosing);
    if (choosing !== undefined) onText?.(chosen[0].impression);
    const [{ impression, flags, borrowed_from }, ...alternatives] = await Promise.all(
      chosen.map(async (each) => ({
        impression: each.impression,
        flags: await checker.check({ findings, background, impression: each.impression }),
        ...('borrowedFrom' in each ? { borrowed_from: each.borrowedFrom } : {}),
      })),
    );
    const { truncated } = chosen[0];
    const leaned_on = leanedOn?.map(({ studyId }) => studyId);
    for (const { kind, severity } of flags) metrics.flags.inc({ kind, severity });
    const id = randomUUID();
    const model = { name: engine.model!.name, fingerprint: engine.model!.fingerprint };
    await record({
      kind: 'draft',
      body: {
        draft: id,
        ...origin,
        model,
        prompt: engine.model!.promptHash,
        guard: version,
        settings: wishes.settings,
        rerank: choosing?.by,
        // Which reports they were is told to who has the model; a study's number is not for a log.
        leanedOn: leaned_on?.map((study) => audit?.digest(study)),
        borrowedFrom: borrowed_from === undefined ? undefined : audit?.digest(borrowed_from),
        findings: audit?.digest(findings),
        background: audit?.digest(background),
        impression: audit?.digest(impression),
        alternatives: alternatives.map((each) => audit?.digest(each.impression)),
        flags: flags.map((flag) => ({
          kind: flag.kind,
          severity: flag.severity,
          impression: flag.impression && [flag.impression.start, flag.impression.end],
          findings: flag.findings && [flag.findings.start, flag.findings.end],
        })),
        truncated,
        cutTokens,
        queuedMs,
        draftMs,
      },
      texts: { draft: id, parts: { findings, background, draft: impression, study_id, subject_id } },
    });
    return {
      id,
      impression,
      ...(borrowed_from === undefined ? {} : { borrowed_from }),
      alternatives,
      flags,
      ...(leaned_on === undefined ? {} : { leaned_on }),
      truncated,
      cut_tokens: cutTokens,
      model,
      timings: { queued_ms: queuedMs, draft_ms: draftMs },
    };
  };

  const complete: Admission['complete'] = async (prompt, wishes, origin) => {
    const { draft, queuedMs, draftMs } = await run({ prompt }, wishes);
    const id = randomUUID();
    await record({
      kind: 'draft',
      body: {
        draft: id,
        ...origin,
        model: { name: engine.model!.name, fingerprint: engine.model!.fingerprint },
        settings: wishes.settings,
        input: audit?.digest(prompt),
        impression: audit?.digest(draft.impression),
        truncated: draft.truncated,
        cutTokens: draft.cutTokens,
        queuedMs,
        draftMs,
      },
    });
    return { ...draft, id };
  };

  return {
    admit,
    get draining() {
      return draining;
    },
    drain: () => {
      draining = true;
      return new Promise((resolve) => {
        drained = resolve;
        if (taken === 0) resolve();
      });
    },
  };
};
