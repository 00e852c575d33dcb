/**
 * @file Ctrl-C ends cleanly: the first interrupt tells the work to stop and waits for it to tidy up, a second ends the
 * process at once. The exit code is 130, as shells have it.
 */

/**
 * Runs work that an interrupt (SIGINT, SIGTERM) stops through its signal.
 *
 * @param work Gets the signal; when it is aborted it should tidy up and throw the signal's reason.
 * @param kept What the user is told about what stays, e.g. `no file was changed`.
 * @example await interruptible((signal) => prepare({ ...options, signal }), 'no file was changed');
 */
export const interruptible = async (work: (signal: AbortSignal) => Promise<void>, kept: string): Promise<void> => {
  const controller = new AbortController();
  const interrupt = (): void => controller.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    await work(controller.signal);
  } catch (error) {
    if (!controller.signal.aborted || error !== controller.signal.reason) throw error;
    console.error(`impressionist: interrupted, ${kept}`);
    process.exitCode = 130;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
};
