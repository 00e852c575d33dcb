/** @file The shapes of what goes over the wire, shared with the page (as types only). */
import type { Flag } from '../guard/flag.js';

export type { Flag, FlagKind, Span } from '../guard/flag.js';

/** A finished draft. */
export interface DraftAnswer {
  /** Names the draft in feedback and in the audit log. */
  readonly id: string;
  readonly impression: string;
  /** Study of the similar report whose impression this is, where that was better than any draft. */
  readonly borrowed_from?: string;
  /** Further drafts, the likeliest first unless something else put them in order, when more than one was asked for. */
  readonly alternatives: readonly {
    readonly impression: string;
    readonly flags: readonly Flag[];
    readonly borrowed_from?: string;
  }[];
  /** Studies of the similar reports that the model leaned on, the most similar first; absent for one that leans on none. */
  readonly leaned_on?: readonly string[];
  readonly flags: readonly Flag[];
  /** Whether the draft reached its limit of tokens before its end. */
  readonly truncated: boolean;
  /** Tokens of the findings' end that the model did not read. */
  readonly cut_tokens: number;
  readonly model: { readonly name: string; readonly fingerprint: string };
  readonly timings: { readonly queued_ms: number; readonly draft_ms: number };
}

/** Every error's body. */
export interface ErrorBody {
  readonly error: {
    /** For programs, e.g. `queue_full`. */
    readonly code: string;
    /** OpenAI's clients read this one. */
    readonly type: string;
    readonly message: string;
    readonly request_id: string;
    /** What is wrong with the input, place by place; never its text. */
    readonly details?: readonly { readonly at: string; readonly problem: string }[];
  };
}

/** A whole report taken apart. */
export interface ParsedReport {
  readonly findings: string;
  readonly background: string;
  readonly impression: string;
  /** Whether headers were found; otherwise the whole text is the findings. */
  readonly recognised: boolean;
}

/** What a user did with a draft. */
export interface Feedback {
  readonly draft_id: string;
  readonly action: 'acknowledge' | 'accept' | 'copy' | 'reject';
  /** With `acknowledge`: which flags, by their place in the draft's list. */
  readonly flags?: readonly number[];
  /** With `accept` and `copy`: the text as the user leaves it. */
  readonly text?: string;
  /** With `accept`: the flags of the final text that were acknowledged. */
  readonly acknowledged?: readonly string[];
}

/** The model page. */
export interface ModelAnswer {
  readonly name: string;
  readonly fingerprint: string;
  readonly parameters: number;
  /** The card, Markdown as it stands in the model directory; null when there is none. */
  readonly card: string | null;
  /** The run it came from, where it lies beside its run. */
  readonly run: {
    readonly settings: Readonly<Record<string, unknown>>;
    readonly curve: readonly { readonly step: number; readonly loss?: number; readonly devLoss?: number }[];
  } | null;
}

/** An evaluation report in the list. */
export interface EvaluationEntry {
  readonly name: string;
  readonly evaluation: unknown;
}

/** What the page needs to know of its server. */
export interface ServerInfo {
  readonly version: string;
  readonly ready: boolean;
  readonly model: { readonly name: string; readonly fingerprint: string } | null;
  readonly user: string;
  readonly max_alternatives: number;
  readonly audit: boolean;
}
