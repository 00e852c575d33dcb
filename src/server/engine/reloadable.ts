/**
 * @file An engine that can be exchanged while it works: the new one warms up beside the old one, then takes all new
 * requests; the old one finishes what it has and is closed. A new one that cannot start leaves the old one in place.
 */
import { type DraftEngine, EngineLost } from './draft-engine.js';

/** A {@link DraftEngine} with a successor on demand. */
export interface ReloadableEngine extends DraftEngine {
  /** Resolves once the successor drafts; a second call while one is under way joins it. */
  reload(): Promise<void>;
}

/**
 * Wraps what `start` makes. Nothing is started before the first {@link ReloadableEngine.reload}.
 *
 * @param start Opens and warms an engine.
 * @example const engine = reloadable(() => startWorkerEngine(options)); await engine.reload();
 */
export const reloadable = (start: () => Promise<DraftEngine>): ReloadableEngine => {
  let current: DraftEngine | undefined;
  let loading: Promise<void> | undefined;
  let closed = false;
  const leaving = new Set<DraftEngine>();

  const load = async (): Promise<void> => {
    const next = await start();
    if (closed) return next.close();
    const old = current;
    current = next;
    if (old === undefined) return;
    leaving.add(old);
    void old.close().finally(() => leaving.delete(old));
  };

  return {
    get state() {
      if (closed) return 'closed';
      return current?.state ?? 'starting';
    },
    get model() {
      return current?.model;
    },
    get maxAlternatives() {
      return current?.maxAlternatives ?? 1;
    },
    get pending() {
      return [...leaving].reduce((sum, { pending }) => sum + pending, current?.pending ?? 0);
    },
    draft: (source, settings, control) =>
      current === undefined ? Promise.reject(new EngineLost()) : current.draft(source, settings, control),
    reload: () => {
      loading ??= load().finally(() => {
        loading = undefined;
      });
      return loading;
    },
    close: async () => {
      closed = true;
      await Promise.all([current?.close(), ...[...leaving].map((engine) => engine.close())]);
    },
  };
};
