/**
 * @file The drafts of the last hours, in memory only: what feedback refers to. With it the server itself can tell which
 * flags the accepted text has and how much was changed, whatever a page claims.
 */
/** What is remembered of a draft. */
export interface RememberedDraft {
  readonly user: string;
  readonly findings: string;
  readonly background: string;
  readonly impression: string;
  readonly study_id?: string;
  readonly subject_id?: string;
}

/** Remembers drafts. */
export interface Ledger {
  remember(id: string, draft: RememberedDraft): void;
  find(id: string): RememberedDraft | undefined;
}

/** Bounds of the memory: a few tens of megabytes at most, and a shift's length. */
const DRAFTS_MAX = 5000;
const CHARACTERS_MAX = 16_000_000;
const AGE_MAX = 12 * 3_600_000;

/** @example const ledger = createLedger(); ledger.remember(id, draft); */
export const createLedger = (now: () => number = Date.now): Ledger => {
  const drafts = new Map<string, { draft: RememberedDraft; at: number; size: number }>();
  let characters = 0;
  const forget = (id: string): void => {
    characters -= drafts.get(id)!.size;
    drafts.delete(id);
  };
  return {
    remember: (id, draft) => {
      const size = draft.findings.length + draft.background.length + draft.impression.length;
      drafts.set(id, { draft, at: now(), size });
      characters += size;
      for (const [oldest, { at }] of drafts) {
        if (drafts.size <= DRAFTS_MAX && characters <= CHARACTERS_MAX && now() - at <= AGE_MAX) break;
        forget(oldest);
      }
    },
    find: (id) => {
      const found = drafts.get(id);
      return found !== undefined && now() - found.at <= AGE_MAX ? found.draft : undefined;
    },
  };
};

/** Beyond so many words, the distance is counted on the beginnings. */
const WORDS_MAX = 1500;

/**
 * Words to be added, removed or replaced to get from one text to the other (Levenshtein 1966, on words).
 *
 * @example editDistance('No effusion.', 'No pleural effusion.') // 1
 */
export const editDistance = (from: string, to: string): number => {
  const [a, b] = [from, to].map((text) => text.split(/\s+/).filter(Boolean).slice(0, WORDS_MAX));
  let row = Uint32Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = new Uint32Array(b.length + 1);
    next[0] = i;
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next[j] = Math.min(replaced, row[j] + 1, next[j - 1] + 1);
    }
    row = next;
  }
  return row[b.length];
};
