/** @file What is shown while something is fetched, and when it cannot be had. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ask } from './api.js';
import { strings } from './strings.js';

/** Fetches once and shows it. */
export const Loaded = <T,>({ path, children }: { path: string; children: (value: T) => ComponentChildren }) => {
  const [value, setValue] = useState<T>();
  const [error, setError] = useState<string>();
  useEffect(() => {
    const controller = new AbortController();
    ask<T>(path, undefined, controller.signal)
      .then(setValue)
      .catch((caught: Error) => controller.signal.aborted || setError(caught.message));
    return () => controller.abort();
  }, [path]);
  if (error !== undefined) {
    return (
      <p class="trouble" role="alert">
        <strong>{strings.errors.title}.</strong> {error}
      </p>
    );
  }
  if (value === undefined) return <p class="quiet">{strings.errors.loading}</p>;
  return <div class="loaded">{children(value)}</div>;
};
