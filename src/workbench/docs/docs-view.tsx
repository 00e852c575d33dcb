/** @file The OpenAPI document, readable. */
import { Loaded } from '../loaded.js';
import { strings } from '../strings.js';

interface Operation {
  readonly summary: string;
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: unknown }>> };
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

export const DocsView = () => (
  <section class="page">
    <h1>{strings.docs.title}</h1>
    <p>
      {strings.docs.text} <a href="/openapi.json">{strings.docs.document}</a>
    </p>
    <Loaded<Document> path="/openapi.json">
      {({ paths }) =>
        Object.entries(paths).flatMap(([path, methods]) =>
          Object.entries(methods).map(([method, { summary, requestBody, responses }]) => (
            <details key={method + path} class="operation">
              <summary>
                <span class={`method ${method}`}>{method.toUpperCase()}</span>
                <code>{path}</code>
                <span class="quiet">{summary}</span>
              </summary>
              {Object.entries(requestBody?.content ?? {}).map(([type, { schema }]) => (
                <div key={type}>
                  <h3>
                    {strings.docs.body}: {type}
                  </h3>
                  <pre>{JSON.stringify(schema, null, 2)}</pre>
                </div>
              ))}
              <h3>{strings.docs.answers}</h3>
              <dl class="answers">
                {Object.entries(responses).map(([status, { description }]) => (
                  <div key={status}>
                    <dt>{status}</dt>
                    <dd>{description}</dd>
                  </div>
                ))}
              </dl>
            </details>
          )),
        )
      }
    </Loaded>
  </section>
);
