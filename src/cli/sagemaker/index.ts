/** @file `impressionist sagemaker`: the same recipe on Amazon SageMaker; one file a subcommand. */
import { Command } from 'commander';
import { deleteCommand } from './delete.js';
import { deployCommand } from './deploy.js';
import { invokeCommand } from './invoke.js';
import { pullCommand } from './pull.js';
import { statusCommand } from './status.js';
import { trainCommand } from './train.js';
import { transformCommand } from './transform.js';

const commands = [
  trainCommand,
  statusCommand,
  deployCommand,
  invokeCommand,
  transformCommand,
  pullCommand,
  deleteCommand,
];

/** The `sagemaker` command with its subcommands. */
export const sagemakerCommand = (): Command => {
  const command = new Command('sagemaker').description(
    'Fine-tune and serve on Amazon SageMaker. AWS credentials are found as by every AWS tool.',
  );
  for (const subcommand of commands) command.addCommand(subcommand());
  return command;
};
