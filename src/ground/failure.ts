/**
 * @file The one error a user is meant to read: what is wrong, where, what was found, what to do.
 * Each layer throws it (or a subclass of its own); `cli/` prints its message on one line and exits 1.
 * Anything else that is thrown is a defect of this program.
 */

/** The parts of a {@link Failure}'s message. */
export interface FailureParts {
  /** What is wrong, e.g. `the report has no findings section`. */
  readonly what: string;
  /** Where: a file, an entry, a line, an option. */
  readonly where?: string;
  /** What was found there instead of what was expected. Never report text. */
  readonly got?: string;
  /** What the user can do about it. */
  readonly fix?: string;
}

/**
 * An error caused by input, a setting or the machine, written to be acted on.
 *
 * @example
 * throw new Failure({ what: 'not a zip file', where: path, got: 'no end-of-directory record', fix: 'download it again' });
 */
export class Failure extends Error implements FailureParts {
  readonly what: string;
  readonly where?: string;
  readonly got?: string;
  readonly fix?: string;

  constructor(parts: FailureParts, options?: ErrorOptions) {
    const got = parts.got === undefined ? undefined : `got ${parts.got}`;
    super(
      [parts.what, parts.where, got, parts.fix].filter((part) => part !== undefined && part !== '').join(', '),
      options,
    );
    this.name = 'Failure';
    this.what = parts.what;
    this.where = parts.where;
    this.got = parts.got;
    this.fix = parts.fix;
  }
}

/** The system's error code (`ENOENT`, `ENOSPC`, …) of something caught, or undefined. */
export const systemCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
