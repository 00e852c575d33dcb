#!/usr/bin/env node
/**
 * @file The command line. One file a command; here they are gathered, and errors become one line and an exit code:
 * 0 done, 1 failed (`impressionist: WHAT, WHERE, GOT, DO THIS`), 2 wrong usage, 130 interrupted.
 * A stack trace is shown only under `DEBUG=impressionist`.
 */
import { Command, CommanderError } from 'commander';
import { Failure } from '../ground/failure.js';
import { version } from '../ground/version.js';
import { auditCommand } from './audit.js';
import { checkCommand } from './check.js';
import { demoCommand } from './demo.js';
import { evaluateCommand } from './evaluate.js';
import { exportCommand } from './export.js';
import { generateCommand } from './generate.js';
import { prepareCommand } from './prepare.js';
import { sagemakerCommand } from './sagemaker/index.js';
import { serveCommand } from './serve.js';
import { tokenCommand } from './token.js';
import { trainCommand } from './train.js';

const program = new Command('impressionist')
  .description('Draft the IMPRESSION of a radiology report from its FINDINGS: data, fine-tuning, scores, drafts.')
  .version(version)
  .showHelpAfterError('(add --help for what this command takes)');

const commands = [
  demoCommand,
  prepareCommand,
  trainCommand,
  generateCommand,
  evaluateCommand,
  checkCommand,
  serveCommand,
  tokenCommand,
  auditCommand,
  exportCommand,
  sagemakerCommand,
];
for (const command of commands) program.addCommand(command());

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
