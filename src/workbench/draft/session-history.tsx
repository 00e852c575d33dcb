/** @file The reports of this session; they live in the page's memory and nowhere else. */
import { strings } from '../strings.js';
import type { Entry } from './session.js';

export const SessionHistory = ({
  entries,
  onRestore,
}: {
  entries: readonly Entry[];
  onRestore: (entry: Entry) => void;
}) => (
  <section class="history" aria-labelledby="history-title">
    <h2 id="history-title">{strings.history.title}</h2>
    {entries.length === 0 && <p class="quiet">{strings.history.empty}</p>}
    <ul>
      {entries.map((entry) => (
        <li key={entry.key}>
          <button type="button" onClick={() => onRestore(entry)} title={strings.history.restore}>
            <time class="quiet">{entry.at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })}</time>
            <span class="line">{entry.text}</span>
            {entry.accepted && <span class="tick">{strings.impression.accepted}</span>}
          </button>
        </li>
      ))}
    </ul>
  </section>
);
