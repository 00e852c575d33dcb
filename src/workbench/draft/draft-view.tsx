/** @file The radiologist's view: findings on one side, the impression on the other, checks below it. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Flag, ParsedReport, ServerInfo } from '../../server/wire.js';
import { ask } from '../api.js';
import { strings } from '../strings.js';
import { changesOf, Difference } from './difference.js';
import { Flags, flagKey } from './flags.js';
import { type Mark, MarkedText } from './marked-text.js';
import { useSession } from './session.js';
import { SessionHistory } from './session-history.js';
import { Shortcuts } from './shortcuts.js';

/** Text that may be a whole report. */
const WHOLE_REPORT = /^[ \t]*(findings?|impression|indication|history|comparison|technique|exam(ination)?)\b *:?/im;

interface Props {
  readonly server?: ServerInfo;
  readonly active: boolean;
  readonly onUnauthorized: () => void;
}

export const DraftView = ({ server, active, onUnauthorized }: Props) => {
  const session = useSession(active, server?.max_alternatives ?? 1, onUnauthorized);
  const { findings, background, text, draft, flags, open, busy, alternatives, edited } = session;
  const findingsField = useRef<HTMLTextAreaElement>(null);
  const impressionField = useRef<HTMLTextAreaElement>(null);
  const [activeFlag, setActiveFlag] = useState<string>();
  const [help, setHelp] = useState(false);
  const [copied, setCopied] = useState(false);
  const [pasted, setPasted] = useState<string>();

  useEffect(() => {
    if (active) findingsField.current?.focus();
  }, [active]);

  const marksIn = (where: 'findings' | 'impression'): Mark[] =>
    flags.flatMap((flag) => {
      const span = flag[where];
      // A text that was changed meanwhile has other places.
      const current = where === 'findings' ? findings : text;
      if (span === null || busy || current.slice(span.start, span.end) !== span.text) return [];
      return [{ span, severity: flag.severity, active: flagKey(flag) === activeFlag }];
    });

  const show = (flag: Flag, where: 'impression' | 'findings'): void => {
    const field = (where === 'findings' ? findingsField : impressionField).current;
    const span = flag[where];
    if (field === null || span === null) return;
    field.focus();
    field.setSelectionRange(span.start, span.end);
    setActiveFlag(flagKey(flag));
  };

  /** The flag whose place the caret stands in. */
  const caretAt = (where: 'findings' | 'impression', place: number): void => {
    const flag = flags.find((each) => {
      const span = each[where];
      return span !== null && place >= span.start && place <= span.end;
    });
    setActiveFlag(flag === undefined ? undefined : flagKey(flag));
  };

  const paste = async (event: ClipboardEvent): Promise<void> => {
    const content = event.clipboardData?.getData('text/plain') ?? '';
    const field = findingsField.current!;
    const replacesAll = field.value === '' || (field.selectionStart === 0 && field.selectionEnd === field.value.length);
    if (!replacesAll || !WHOLE_REPORT.test(content)) return;
    event.preventDefault();
    session.setFindings(content);
    try {
      const parsed = await ask<ParsedReport>('/v1/parse', { text: content });
      if (!parsed.recognised || parsed.findings === '') return;
      session.setFindings(parsed.findings);
      session.setBackground(parsed.background);
      setPasted(content);
    } catch (error) {
      session.fail(error);
    }
  };

  const copy = async (): Promise<void> => {
    if (!(await session.copy().catch(() => false))) return;
    setCopied(true);
    setTimeout(() => setCopied(false), 1600);
  };

  const acknowledgeNext = (): void => {
    const [flag] = open;
    if (flag !== undefined) session.acknowledge(flag, true);
  };

  const fresh = (): void => {
    session.fresh();
    setPasted(undefined);
    findingsField.current?.focus();
  };

  const latest = useRef<((event: KeyboardEvent) => void) | undefined>(undefined);
  latest.current = (event) => {
    const done = (action: () => unknown): void => {
      event.preventDefault();
      void action();
    };
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) return done(session.write);
    if (event.key === 'Escape' && help) return done(() => setHelp(false));
    if (event.key === 'Escape' && busy) return done(session.stop);
    if (!event.altKey || event.ctrlKey || event.metaKey) return;
    const digit = /^Digit([1-9])$/.exec(event.code)?.[1];
    if (digit !== undefined && alternatives[Number(digit) - 1] !== undefined) {
      return done(() => session.choose(alternatives[Number(digit) - 1]));
    }
    const actions: Readonly<Record<string, () => unknown>> = {
      KeyA: session.accept,
      KeyC: copy,
      KeyK: acknowledgeNext,
      KeyL: session.findAlternatives,
      KeyN: fresh,
      KeyF: () => findingsField.current?.focus(),
      KeyI: () => impressionField.current?.focus(),
    };
    const action = actions[event.code];
    if (action !== undefined) done(action);
  };
  useEffect(() => {
    if (!active) return;
    const listen = (event: KeyboardEvent): void => latest.current?.(event);
    addEventListener('keydown', listen);
    return () => removeEventListener('keydown', listen);
  }, [active]);

  const blocked = draft === undefined || busy || open.length > 0 || text.trim() === '';
  const words = findings.split(/\s+/).filter(Boolean).length;

  return (
    <div class="desk">
      <section class="sheet" aria-labelledby="findings-title">
        <div class="head">
          <h1 id="findings-title">{strings.findings.title}</h1>
          <span class="grow quiet">{words > 0 && strings.findings.words(words)}</span>
          <button type="button" class="plain tight" onClick={fresh}>
            {strings.actions.fresh}
          </button>
        </div>
        <MarkedText
          id="findings"
          label={strings.findings.label}
          placeholder={strings.findings.placeholder}
          value={findings}
          marks={marksIn('findings')}
          field={findingsField}
          onInput={session.setFindings}
          onPaste={(event) => void paste(event)}
          onCaret={(place) => caretAt('findings', place)}
        />
        {pasted !== undefined && (
          <p class="notice" role="status">
            {strings.findings.parsed}
            <button
              type="button"
              class="link"
              onClick={() => {
                session.setFindings(pasted);
                session.setBackground('');
                setPasted(undefined);
              }}
            >
              {strings.findings.keepWhole}
            </button>
          </p>
        )}
        <div class="background">
          <h2>{strings.findings.background}</h2>
          <MarkedText
            id="background"
            small
            label={strings.findings.backgroundLabel}
            placeholder={strings.findings.backgroundPlaceholder}
            value={background}
            onInput={session.setBackground}
          />
        </div>
        <SessionHistory entries={session.history} onRestore={session.restore} />
      </section>

      <section class="sheet" aria-labelledby="impression-title">
        <div class="head">
          <h1 id="impression-title">{strings.impression.title}</h1>
          <span class="quiet" role="status">
            {busy
              ? strings.impression.writing
              : session.accepted
                ? ''
                : draft !== undefined && strings.impression.drafted(session.seconds.toFixed(1), draft.model.name)}
          </span>
        </div>
        <div class="draft-area">
          {text === '' && !busy && (
            <p class="empty quiet" aria-hidden="true">
              {strings.impression.empty} <kbd>Ctrl</kbd> <kbd>Enter</kbd>
            </p>
          )}
          <MarkedText
            id="impression"
            label={strings.impression.label}
            value={text}
            busy={busy}
            marks={marksIn('impression')}
            field={impressionField}
            onInput={session.edit}
            onCaret={(place) => caretAt('impression', place)}
            onKeyDown={(event) => {
              if (event.key !== 'z' || !(event.ctrlKey || event.metaKey) || event.shiftKey) return;
              event.preventDefault();
              session.undo();
            }}
          />
        </div>
        {session.error !== undefined && (
          <p class="trouble" role="alert">
            <strong>{strings.errors.title}.</strong> {session.error}
            <button type="button" class="link" onClick={() => session.setError(undefined)}>
              {strings.actions.close}
            </button>
          </p>
        )}
        {session.accepted && (
          <p class="accepted" role="status">
            {server?.audit ? strings.impression.acceptedAudit : strings.impression.accepted}
          </p>
        )}
        {!busy && session.stale && !session.accepted && <p class="notice">{strings.impression.stale}</p>}
        {draft?.truncated && !edited && !busy && <p class="notice">{strings.impression.truncated}</p>}
        {draft !== undefined && draft.cut_tokens > 0 && !busy && (
          <p class="notice">{strings.impression.cut(draft.cut_tokens)}</p>
        )}
        {alternatives.length > 1 && (
          <fieldset class="alternatives">
            <legend>
              {strings.alternatives.title}{' '}
              <span class="quiet">
                {draft?.leaned_on === undefined ? strings.alternatives.hint : strings.alternatives.bySimilar}
              </span>
            </legend>
            {alternatives.map((each, index) => (
              <label key={each} class={each === text ? 'chosen' : ''}>
                <input type="radio" name="alternative" checked={each === text} onChange={() => session.choose(each)} />
                <kbd>{index + 1}</kbd>
                <span>
                  {each}
                  {session.borrowed.has(each) && <em class="borrowed"> {strings.alternatives.borrowed}</em>}
                </span>
              </label>
            ))}
          </fieldset>
        )}
        <div class="actions">
          <button
            type="button"
            class="primary"
            disabled={blocked || session.accepted}
            onClick={() => void session.accept()}
            aria-describedby="blocked"
          >
            {strings.actions.accept}
          </button>
          <button type="button" disabled={blocked} onClick={() => void copy()} aria-describedby="blocked">
            {copied ? strings.actions.copied : strings.actions.copy}
          </button>
          <button type="button" disabled={!session.canUndo || busy} onClick={session.undo}>
            {strings.actions.undo}
          </button>
          <button type="button" disabled={draft === undefined || busy} onClick={() => void session.findAlternatives()}>
            {strings.actions.alternatives}
          </button>
          {busy ? (
            <button type="button" onClick={session.stop}>
              {strings.actions.stop}
            </button>
          ) : (
            <button type="button" disabled={findings.trim() === ''} onClick={() => void session.write()}>
              {strings.actions.draft}
            </button>
          )}
          <span class="grow" />
          <button type="button" class="plain" aria-expanded={help} onClick={() => setHelp(!help)}>
            {strings.actions.shortcuts}
          </button>
        </div>
        <p id="blocked" class="blocked">
          {draft !== undefined && !busy && open.length > 0 && strings.flags.open(open.length)}
        </p>
        {help && <Shortcuts />}
        {edited && draft !== undefined && !busy && (
          <>
            <p class="quiet">{strings.impression.edited(changesOf(draft.impression, text))}</p>
            <Difference draft={draft.impression} text={text} />
          </>
        )}
        <Flags
          flags={busy ? [] : flags}
          checked={draft !== undefined && !busy}
          acknowledged={session.acknowledged}
          active={activeFlag}
          onAcknowledge={session.acknowledge}
          onActive={setActiveFlag}
          onShow={show}
        />
        <p class="quiet fine">{strings.impression.notice}</p>
      </section>
    </div>
  );
};
