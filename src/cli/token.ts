/** @file `impressionist token`: access tokens of the server, made, listed and revoked. */
import { Command, Option } from 'commander';
import { addToken, readTokens, revokeToken, SCOPES, type Scope } from '../server/security/tokens.js';

export const tokenCommand = (): Command => {
  const command = new Command('token').description(
    'Access tokens for serve --tokens FILE; the file holds only their hashes.',
  );
  command
    .command('add')
    .description('Make a token. It is printed once and kept nowhere.')
    .argument('<name>', 'who will hold it; stands in the audit log')
    .requiredOption('--tokens <file>', 'token file; made if missing')
    .addOption(new Option('--scope <names...>', 'what it may do').choices(SCOPES).default(['draft']))
    .action(async (name: string, { tokens, scope }: { tokens: string; scope: Scope[] }) => {
      console.log(await addToken(tokens, name, scope));
    });
  command
    .command('list')
    .description('List tokens.')
    .requiredOption('--tokens <file>', 'token file')
    .option('--json', 'as JSON')
    .action(async ({ tokens, json }: { tokens: string; json?: boolean }) => {
      const all = (await readTokens(tokens)).map(({ hash: _, ...shown }) => shown);
      if (json) console.log(JSON.stringify(all, null, 2));
      else {
        for (const { name, scopes, created, revoked } of all) {
          console.log(
            `${name.padEnd(24)} ${scopes.join(',').padEnd(14)} ${created}${revoked === undefined ? '' : `  revoked ${revoked}`}`,
          );
        }
        if (all.length === 0) console.log('No tokens.');
      }
    });
  command
    .command('revoke')
    .description('Revoke a token; a running server follows within seconds.')
    .argument('<name>', 'its name')
    .requiredOption('--tokens <file>', 'token file')
    .action(async (name: string, { tokens }: { tokens: string }) => {
      await revokeToken(tokens, name);
      console.log(`${name} is revoked.`);
    });
  return command;
};
