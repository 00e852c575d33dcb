/** @file The list of keys. */
import { strings } from '../strings.js';

export const Shortcuts = () => (
  <section class="shortcuts" aria-label={strings.shortcuts.title}>
    <dl>
      {strings.shortcuts.rows.map(([keys, action]) => (
        <div key={keys}>
          <dt>
            <kbd>{keys}</kbd>
          </dt>
          <dd>{action}</dd>
        </div>
      ))}
    </dl>
  </section>
);
