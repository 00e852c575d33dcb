/** @file The state of the draft view: a report, its draft, the edits, and what was done before in this session. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { DraftAnswer, Flag } from '../../server/wire.js';
import { ApiError, ask, type Report, streamDraft } from '../api.js';
import { flagKey } from './flags.js';

/** After the last key, in milliseconds. */
const DRAFT_PAUSE = 700;
const CHECK_PAUSE = 350;
/** Findings shorter than this are still being begun. */
const FINDINGS_LEAST = 12;
const ALTERNATIVES = 3;

/** A report of this session. */
export interface Entry extends Report {
  readonly key: number;
  readonly text: string;
  readonly draft: DraftAnswer;
  readonly accepted: boolean;
  readonly at: Date;
}

interface Step {
  readonly text: string;
  readonly draft: DraftAnswer | undefined;
}

export const useSession = (active: boolean, maxAlternatives: number, onUnauthorized: () => void) => {
  const [findings, setFindings] = useState('');
  const [background, setBackground] = useState('');
  const [text, setText] = useState('');
  const [draft, setDraft] = useState<DraftAnswer>();
  const [draftedFor, setDraftedFor] = useState('');
  const [flags, setFlags] = useState<readonly Flag[]>([]);
  const [alternatives, setAlternatives] = useState<readonly string[]>([]);
  const [acknowledged, setAcknowledged] = useState<ReadonlySet<string>>(new Set());
  const [busy, setBusy] = useState(false);
  const [seconds, setSeconds] = useState(0);
  const [accepted, setAccepted] = useState(false);
  const [error, setError] = useState<string>();
  const [history, setHistory] = useState<readonly Entry[]>([]);
  const [steps, setSteps] = useState<readonly Step[]>([]);
  const running = useRef<AbortController | undefined>(undefined);
  const checking = useRef<AbortController | undefined>(undefined);
  const key = useRef(1);
  /** The report that was last drafted for, finished or not, so that no clock drafts for it again. */
  const begunFor = useRef('');

  const report = `${background}\u0000${findings}`;
  const edited = draft !== undefined && text !== draft.impression && !alternatives.includes(text);
  const stale = draft !== undefined && draftedFor !== report;
  const open = flags.filter((flag) => flag.severity === 'hard' && !acknowledged.has(flagKey(flag)));

  const fail = useCallback(
    (caught: unknown) => {
      if (caught instanceof DOMException && caught.name === 'AbortError') return;
      if (caught instanceof ApiError && caught.status === 401) onUnauthorized();
      setError(caught instanceof Error ? caught.message : String(caught));
    },
    [onUnauthorized],
  );

  const remember = useCallback((step: Step) => setSteps((before) => [...before.slice(-49), step]), []);

  const stop = useCallback(() => {
    running.current?.abort();
    running.current = undefined;
    setBusy(false);
  }, []);

  const write = useCallback(async () => {
    if (findings.trim() === '') return;
    running.current?.abort();
    const controller = new AbortController();
    running.current = controller;
    begunFor.current = report;
    const started = performance.now();
    if (text !== '') remember({ text, draft });
    setBusy(true);
    setError(undefined);
    setAccepted(false);
    setAlternatives([]);
    setFlags([]);
    setText('');
    try {
      const answer = await streamDraft({ findings, background }, setText, controller.signal);
      setText(answer.impression);
      setDraft(answer);
      setFlags(answer.flags);
      setAcknowledged(new Set());
      setDraftedFor(report);
      setSeconds((performance.now() - started) / 1000);
      setHistory((entries) => [
        {
          key: key.current,
          findings,
          background,
          text: answer.impression,
          draft: answer,
          accepted: false,
          at: new Date(),
        },
        ...entries.filter((entry) => entry.key !== key.current),
      ]);
    } catch (caught) {
      if (controller.signal.aborted) return;
      fail(caught);
      setText(text);
      if (draft !== undefined) setFlags(draft.flags);
    } finally {
      if (running.current === controller) {
        running.current = undefined;
        setBusy(false);
      }
    }
  }, [findings, background, report, text, draft, remember, fail]);

  /** As of the latest rendering: what a clock finds when it rings. */
  const live = useRef({ edited, accepted, write });
  live.current = { edited, accepted, write };

  // A draft of its own accord, unless the user has begun to edit or has accepted.
  useEffect(() => {
    if (!active || findings.trim().length < FINDINGS_LEAST || edited || accepted || draftedFor === report) return;
    const timer = setTimeout(() => {
      const now = live.current;
      if (!now.edited && !now.accepted && begunFor.current !== report) void now.write();
    }, DRAFT_PAUSE);
    return () => clearTimeout(timer);
    // Only the user's typing starts the clock.
  }, [report, active]);

  // The guard follows the edits.
  useEffect(() => {
    if (busy || draft === undefined) return;
    checking.current?.abort();
    if (text === draft.impression && !stale) {
      setFlags(draft.flags);
      return;
    }
    const controller = new AbortController();
    checking.current = controller;
    const timer = setTimeout(() => {
      ask<{ flags: Flag[] }>('/v1/check', { findings, background, impression: text }, controller.signal)
        .then((answer) => setFlags(answer.flags))
        .catch(fail);
    }, CHECK_PAUSE);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [text, report, busy, draft]);

  const edit = useCallback(
    (next: string) => {
      // Steps are words, not letters.
      if (
        /\s$/.test(next) ||
        Math.abs(next.length - text.length) > 1 ||
        steps.at(-1)?.draft !== draft ||
        steps.length === 0
      )
        remember({ text, draft });
      setAccepted(false);
      setText(next);
    },
    [text, draft, steps, remember],
  );

  const undo = useCallback(() => {
    const step = steps.at(-1);
    if (step === undefined) return;
    setSteps(steps.slice(0, -1));
    setText(step.text);
    setAccepted(false);
    if (step.draft !== undefined) setDraft(step.draft);
  }, [steps]);

  const feedback = (body: object): Promise<unknown> => ask('/v1/feedback', { draft_id: draft!.id, ...body });

  const acknowledge = (flag: Flag, yes: boolean): void => {
    const next = new Set(acknowledged);
    if (yes) next.add(flagKey(flag));
    else next.delete(flagKey(flag));
    setAcknowledged(next);
    const place = draft?.flags.findIndex((each) => flagKey(each) === flagKey(flag)) ?? -1;
    if (yes && draft !== undefined) {
      feedback({ action: 'acknowledge', acknowledged: [flag.kind], ...(place < 0 ? {} : { flags: [place] }) }).catch(
        fail,
      );
    }
  };
  const kinds = (): string[] => [
    ...new Set(flags.filter((flag) => acknowledged.has(flagKey(flag))).map(({ kind }) => kind as string)),
  ];

  const accept = async (): Promise<void> => {
    if (draft === undefined || busy || open.length > 0 || text.trim() === '') return;
    try {
      await feedback({ action: 'accept', text, acknowledged: kinds() });
      setAccepted(true);
      setError(undefined);
      setHistory((entries) =>
        entries.map((entry) => (entry.key === key.current ? { ...entry, text, accepted: true } : entry)),
      );
    } catch (caught) {
      fail(caught);
    }
  };

  /** @returns Whether the text is on the clipboard. */
  const copy = async (): Promise<boolean> => {
    if (draft === undefined || busy || open.length > 0) return false;
    await navigator.clipboard.writeText(text);
    feedback({ action: 'copy', text, acknowledged: kinds() }).catch(fail);
    return true;
  };

  const findAlternatives = async (): Promise<void> => {
    if (draft === undefined || busy || maxAlternatives < 2) return;
    const controller = new AbortController();
    running.current = controller;
    setBusy(true);
    try {
      const count = Math.min(ALTERNATIVES, maxAlternatives);
      const answer = await ask<DraftAnswer>(
        '/v1/impressions',
        { findings, background, alternatives: count },
        controller.signal,
      );
      remember({ text, draft });
      setDraft(answer);
      setDraftedFor(report);
      setAcknowledged(new Set());
      setAlternatives([...new Set([answer.impression, ...answer.alternatives.map(({ impression }) => impression)])]);
      setText(answer.impression);
      setFlags(answer.flags);
    } catch (caught) {
      fail(caught);
    } finally {
      running.current = undefined;
      setBusy(false);
    }
  };

  const choose = (chosen: string): void => {
    if (chosen === text) return;
    remember({ text, draft });
    setAccepted(false);
    setText(chosen);
  };

  const fresh = (): void => {
    stop();
    begunFor.current = '';
    key.current = Math.max(key.current, ...history.map((entry) => entry.key)) + 1;
    setFindings('');
    setBackground('');
    setText('');
    setDraft(undefined);
    setDraftedFor('');
    setFlags([]);
    setAlternatives([]);
    setAcknowledged(new Set());
    setAccepted(false);
    setError(undefined);
    setSteps([]);
  };

  const restore = (entry: Entry): void => {
    stop();
    key.current = entry.key;
    begunFor.current = `${entry.background}\u0000${entry.findings}`;
    setFindings(entry.findings);
    setBackground(entry.background);
    setDraft(entry.draft);
    setDraftedFor(`${entry.background}\u0000${entry.findings}`);
    setText(entry.text);
    setFlags(entry.draft.flags);
    setAlternatives([]);
    setAcknowledged(new Set());
    setAccepted(entry.accepted);
    setError(undefined);
    setSteps([]);
  };

  /** Texts of the answer that are other reports' own. */
  const borrowed = new Set(
    [draft, ...(draft?.alternatives ?? [])].flatMap((each) =>
      each?.borrowed_from === undefined ? [] : [each.impression],
    ),
  );

  return {
    borrowed,
    ...{ findings, setFindings, background, setBackground, text, edit, draft, flags, acknowledged, open, alternatives },
    ...{ busy, seconds, accepted, error, setError, history, edited, stale, canUndo: steps.length > 0 },
    ...{ write, stop, undo, acknowledge, accept, copy, findAlternatives, choose, fresh, restore, fail },
  };
};
