/**
 * @file The server's log: JSON Lines on standard error, one line an event, with request ids and never with what a
 * client sent: no body, no header, no query, no path but the route's own pattern.
 */

/** Fields of a line: closed lists, numbers and identifiers. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Writes events. */
export interface Log {
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

/**
 * A log.
 *
 * @param write Where lines go, each with its line end; default standard error.
 * @example jsonLog().info('listening', { port: 8080 })
 */
export const jsonLog = (write: (line: string) => void = (line) => process.stderr.write(line)): Log => {
  const at =
    (level: string) =>
    (event: string, fields: LogFields = {}): void =>
      write(`${JSON.stringify({ time: new Date().toISOString(), level, event, ...fields })}\n`);
  return { info: at('info'), warn: at('warn'), error: at('error') };
};
