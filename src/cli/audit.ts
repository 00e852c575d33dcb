/** @file `impressionist audit`: the server's audit log verified, and its accepted pairs as a training file. */
import { Command } from 'commander';
import { writeWhole } from '../ground/durable.js';
import { Failure } from '../ground/failure.js';

export const auditCommand = (): Command => {
  const command = new Command('audit').description('The audit log of serve --audit FILE.');
  command
    .command('verify')
    .description(
      'Check every record’s hash and that none was changed, removed or cut off. Exit 1 when something is wrong.',
    )
    .argument('<file>', 'audit log')
    .option('--head <hash>', 'a head noted earlier, which must still stand in the log')
    .option('--json', 'print the result as JSON')
    .action(async (file: string, { head, json }: { head?: string; json?: boolean }) => {
      const [{ openDatabase, auditFailure }, { verify }] = await Promise.all([
        import('../server/audit/database.js'),
        import('../server/audit/verify.js'),
      ]);
      const log = openDatabase(file);
      try {
        const result = verify(log, head);
        if (json) console.log(JSON.stringify(result, null, 2));
        else if (result.faults.length === 0) {
          console.log(
            `Intact: ${result.records.toLocaleString('en')} records${result.head === null ? '' : `, head ${result.head.hash}`}`,
          );
        }
        if (result.faults.length > 0) {
          if (!json) for (const fault of result.faults) console.log(fault);
          throw new Failure({
            what: 'the audit log was tampered with',
            where: file,
            got: `${result.faults.length} ${result.faults.length === 1 ? 'fault' : 'faults'}`,
            fix: 'keep the file as evidence and start a new log',
          });
        }
      } catch (error) {
        throw auditFailure(file, error);
      } finally {
        log.close();
      }
    });
  command
    .command('export')
    .description('Write accepted drafts with their findings as a training file (needs serve --store-text).')
    .argument('<file>', 'audit log')
    .requiredOption('--out <file>', 'JSON list of examples, as train reads it')
    .action(async (file: string, { out }: { out: string }) => {
      const [{ openDatabase }, { acceptedPairs }, { readKey }] = await Promise.all([
        import('../server/audit/database.js'),
        import('../server/audit/export.js'),
        import('../server/audit/keys.js'),
      ]);
      const log = openDatabase(file);
      try {
        const { examples, withoutText } = acceptedPairs(log, readKey(file));
        const records = examples.map(({ studyId, subjectId, findings, impression, background }) => ({
          study_id: studyId,
          subject_id: subjectId,
          findings,
          impression,
          background,
        }));
        await writeWhole(out, `${JSON.stringify(records, null, 1)}\n`);
        console.error(
          `${records.length} accepted pairs written to ${out}${withoutText === 0 ? '' : `; ${withoutText} accepted drafts have no stored text`}`,
        );
      } finally {
        log.close();
      }
    });
  return command;
};
