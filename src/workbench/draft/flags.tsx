/** @file The guard's flags: what disagrees and where, and the acknowledgement of the hard ones. */
import type { Flag } from '../../server/wire.js';
import { strings } from '../strings.js';

/** What makes a flag the same one after an edit. */
export const flagKey = ({ kind, impression, findings }: Flag): string =>
  JSON.stringify([kind, impression?.text ?? null, findings?.text ?? null]);

interface Props {
  readonly flags: readonly Flag[];
  readonly checked: boolean;
  readonly acknowledged: ReadonlySet<string>;
  readonly active: string | undefined;
  readonly onAcknowledge: (flag: Flag, yes: boolean) => void;
  readonly onActive: (key: string | undefined) => void;
  readonly onShow: (flag: Flag, where: 'impression' | 'findings') => void;
}

export const Flags = ({ flags, checked, acknowledged, active, onAcknowledge, onActive, onShow }: Props) => (
  <section class="flags" aria-labelledby="flags-title">
    <h2 id="flags-title">
      {strings.flags.title}
      {flags.length > 0 && <span class="count">{flags.length}</span>}
    </h2>
    <div aria-live="polite">
      {flags.length === 0 && <p class="quiet">{checked ? strings.flags.none : strings.flags.waiting}</p>}
    </div>
    <ul>
      {flags.map((flag) => {
        const key = flagKey(flag);
        const done = acknowledged.has(key);
        return (
          <li
            key={key}
            class={`flag ${flag.severity} ${active === key ? 'active' : ''} ${done ? 'done' : ''}`}
            onMouseEnter={() => onActive(key)}
            onMouseLeave={() => onActive(undefined)}
            onFocusIn={() => onActive(key)}
            onFocusOut={() => onActive(undefined)}
          >
            <p class="kind">
              <span class="shape" aria-hidden="true" />
              {strings.flags.kinds[flag.kind] ?? flag.kind}
              <span class="quiet">{flag.severity === 'hard' ? strings.flags.hard : strings.flags.soft}</span>
            </p>
            <p class="message">{flag.message}</p>
            <div class="row">
              {(['findings', 'impression'] as const).map(
                (where) =>
                  flag[where] && (
                    <button key={where} type="button" class="place" onClick={() => onShow(flag, where)}>
                      <span class="quiet">
                        {where === 'findings' ? strings.flags.inFindings : strings.flags.inImpression}
                      </span>
                      {flag[where].text}
                    </button>
                  ),
              )}
              {flag.severity === 'hard' && (
                <button
                  type="button"
                  class="acknowledge"
                  aria-pressed={done}
                  onClick={() => onAcknowledge(flag, !done)}
                >
                  {done ? strings.flags.acknowledged : strings.flags.acknowledge}
                </button>
              )}
            </div>
          </li>
        );
      })}
    </ul>
  </section>
);
