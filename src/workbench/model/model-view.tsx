/** @file The model: who it is, its card, and the run it came from. */
import type { ModelAnswer } from '../../server/wire.js';
import { Loaded } from '../loaded.js';
import { strings } from '../strings.js';
import { Curve } from './curve.js';
import { Markdown } from './markdown.js';

export const ModelView = () => (
  <section class="page">
    <h1>{strings.model.title}</h1>
    <Loaded<ModelAnswer> path="/v1/model">
      {({ name, parameters, fingerprint, card, run }) => (
        <>
          <dl class="facts">
            <div>
              <dt>{strings.model.name}</dt>
              <dd>{name}</dd>
            </div>
            <div>
              <dt>{strings.model.parameters}</dt>
              <dd>{parameters.toLocaleString('en')}</dd>
            </div>
            <div>
              <dt>{strings.model.fingerprint}</dt>
              <dd class="code">{fingerprint}</dd>
            </div>
          </dl>
          <h2>{strings.model.run}</h2>
          {run === null ? (
            <p class="quiet">{strings.model.noRun}</p>
          ) : (
            <>
              <Curve points={run.curve} />
              <details>
                <summary>run.json</summary>
                <pre>{JSON.stringify(run.settings, null, 2)}</pre>
              </details>
            </>
          )}
          <h2>{strings.model.card}</h2>
          {card === null ? <p class="quiet">{strings.model.noCard}</p> : <Markdown text={card} />}
        </>
      )}
    </Loaded>
  </section>
);
