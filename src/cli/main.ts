#!/usr/bin/env node
/**
 * @file The command line. One file a command; here they are gathered, and errors become one line and an exit code:
 * 0 done, 1 failed (`impressionist: WHAT, WHERE, GOT, DO THIS`), 2 wrong usage, 130 interrupted.
 * A stack trace is shown only under `DEBUG=impressionist`.
 */
import { Command, CommanderError } from 'commander';
import { Failure } from '../ground/failure.js';
import { version } from '../ground/version.js';

const program = new Command('impressionist')
  .description('Draft the IMPRESSION of a radiology report from its FINDINGS: data, fine-tuning, scores, drafts.')
  .version(version)
  .showHelpAfterError('(add --help for what this command takes)');

/** Only the named command is loaded: each brings much with it, and no command should wait for what others need. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  demo: async () => (await import('./demo.js')).demoCommand(),
  prepare: async () => (await import('./prepare.js')).prepareCommand(),
  train: async () => (await import('./train.js')).trainCommand(),
  generate: async () => (await import('./generate.js')).generateCommand(),
  evaluate: async () => (await import('./evaluate.js')).evaluateCommand(),
  check: async () => (await import('./check.js')).checkCommand(),
  serve: async () => (await import('./serve.js')).serveCommand(),
  token: async () => (await import('./token.js')).tokenCommand(),
  audit: async () => (await import('./audit.js')).auditCommand(),
  export: async () => (await import('./export.js')).exportCommand(),
  sagemaker: async () => (await import('./sagemaker/index.js')).sagemakerCommand(),
};
const named = process.argv[2] ?? '';
for (const name of Object.hasOwn(COMMANDS, named) ? [named] : Object.keys(COMMANDS)) {
  program.addCommand(await COMMANDS[name]());
}

/** Commander exits by itself with 1; this program's usage errors exit with 2, so it is made to throw. */
const throwing = (command: Command): void => {
  command.exitOverride();
  command.configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'impressionist: ')) });
  for (const child of command.commands) throwing(child);
};
throwing(program);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    const debugging = (process.env.DEBUG ?? '').split(',').includes('impressionist');
    if (debugging) console.error(error);
    else if (error instanceof Failure) console.error(`impressionist: ${error.message.replaceAll('\n', ' ')}`);
    else
      console.error(
        `impressionist: unexpected error, ${String(error).replaceAll('\n', ' ')}, run again with DEBUG=impressionist for details and report it`,
      );
    process.exitCode = 1;
  }
}
