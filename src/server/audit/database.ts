/**
 * @file The audit log's file: an SQLite database whose own triggers refuse to change a record, or to delete one that no
 * retention has released. Every append is on the disk when it returns (write-ahead log, synchronous FULL).
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import Database from 'libsql';
import { Failure } from '../../ground/failure.js';
import { type AuditRecord, GENESIS, type NewRecord, recordHash } from './record.js';

/** SQLite's page, by which the size limit is counted. */
const PAGE_BYTES = 4096;

const SCHEMA = `
create table if not exists records (
  seq integer primary key autoincrement,
  time text not null, kind text not null, body text not null,
  previous text not null, hash text not null
) strict;
create table if not exists anchors (seq integer primary key, hash text not null, time text not null) strict;
create table if not exists texts (
  draft text not null, part text not null, time text not null, sealed text not null,
  primary key (draft, part)
) strict;
create trigger if not exists no_change before update on records begin
  select raise(abort, 'the audit log is append-only');
end;
create trigger if not exists no_removal before delete on records
when old.seq > coalesce((select max(seq) from anchors), 0) begin
  select raise(abort, 'the audit log is append-only');
end;
`;

/** An open log. Synchronous: it is used on a thread of its own, and by commands. */
export interface AuditDatabase {
  /** Appends in order, all or none. */
  append(records: readonly NewRecord[], seal: (text: string) => string): AuditRecord[];
  /** Records in order. */
  records(): Iterable<AuditRecord>;
  /** The newest anchor: what stood last before what retention removed. */
  anchor(): { readonly seq: number; readonly hash: string } | undefined;
  /** The highest number ever given, as SQLite itself counts. */
  counted(): number;
  texts(draft: string): ReadonlyMap<string, string>;
  /** Removes what is older, and records that it did. @returns How many records went. */
  retain(before: Date): number;
  close(): void;
}

/** The failure for whatever SQLite says; never its message, which may quote values. */
export const auditFailure = (path: string, error: unknown): Failure => {
  if (error instanceof Failure) return error;
  const said = String((error as { code?: unknown })?.code ?? '') + String((error as Error)?.message ?? '');
  if (/SQLITE_CANTOPEN|unable to open/i.test(said)) {
    const fix = 'name a file in a folder that is there, and where this program may write';
    return new Failure({ what: 'the audit log cannot be opened', where: path, fix }, { cause: error });
  }
  const full = /SQLITE_FULL|disk is full|SQLITE_IOERR|disk I\/O|No space/i.test(said);
  return new Failure(
    {
      what: full ? 'the audit log cannot be written, its disk is full' : 'the audit log cannot be used',
      where: path,
      got: /SQLITE_[A-Z_]+/.exec(said)?.[0],
      fix: full ? 'free space or raise its limit; drafts are refused until then' : 'run: impressionist audit verify',
    },
    { cause: error },
  );
};

/**
 * Opens a log.
 *
 * @param path The file; made when `create` is given, with its folder there.
 * @param options.limitBytes Most bytes of the file; default none.
 * @throws {Failure} When it is missing, or no log.
 * @example const log = openDatabase('audit.db', { create: true });
 */
export const openDatabase = (
  path: string,
  options: { readonly create?: boolean; readonly limitBytes?: number } = {},
): AuditDatabase => {
  if (!options.create && !existsSync(path)) {
    throw new Failure({ what: 'no audit log', where: path, fix: 'give the file that serve --audit wrote' });
  }
  try {
    return open(path, options);
  } catch (error) {
    throw auditFailure(path, error);
  }
};

const open = (path: string, { create, limitBytes }: { create?: boolean; limitBytes?: number }): AuditDatabase => {
  // Absolute: libsql would take an URL for another machine's database, and `:memory:` for none.
  const db = new Database(resolve(path));
  db.exec('pragma busy_timeout = 5000');
  if (create) {
    db.exec(`pragma page_size = ${PAGE_BYTES}; pragma journal_mode = wal; pragma synchronous = full;`);
    db.exec(SCHEMA);
  }
  if (limitBytes !== undefined) db.exec(`pragma max_page_count = ${Math.max(1, Math.floor(limitBytes / PAGE_BYTES))}`);

  const last = db.prepare('select seq, hash from records order by seq desc limit 1');
  const newestAnchor = db.prepare('select seq, hash from anchors order by seq desc limit 1');
  const insert = db.prepare('insert into records (seq, time, kind, body, previous, hash) values (?, ?, ?, ?, ?, ?)');
  const insertText = db.prepare('insert or replace into texts (draft, part, time, sealed) values (?, ?, ?, ?)');
  const insertAnchor = db.prepare('insert into anchors (seq, hash, time) values (?, ?, ?)');
  type Head = { seq: number; hash: string } | undefined;

  const whole = <T>(work: () => T): T => {
    db.exec('begin immediate');
    try {
      const result = work();
      db.exec('commit');
      return result;
    } catch (error) {
      // A full disk may have rolled back by itself.
      if (db.inTransaction) db.exec('rollback');
      throw error;
    }
  };

  const appendOne = (record: NewRecord, head: Head): AuditRecord => {
    const fields = {
      seq: (head?.seq ?? 0) + 1,
      time: new Date().toISOString(),
      kind: record.kind,
      body: JSON.stringify(record.body),
      previous: head?.hash ?? GENESIS,
    };
    const hash = recordHash(fields);
    insert.run(fields.seq, fields.time, fields.kind, fields.body, fields.previous, hash);
    return { ...fields, hash };
  };
  const head = (): Head => (last.get() ?? newestAnchor.get()) as Head;

  return {
    append: (records, seal) =>
      whole(() => {
        let at = head();
        return records.map((record) => {
          const written = appendOne(record, at);
          at = written;
          for (const [part, text] of Object.entries(record.texts?.parts ?? {})) {
            if (text !== undefined) insertText.run(record.texts!.draft, part, written.time, seal(text));
          }
          return written;
        });
      }),
    records: () =>
      db
        .prepare('select seq, time, kind, body, previous, hash from records order by seq')
        .iterate() as Iterable<AuditRecord>,
    anchor: () => newestAnchor.get() as Head,
    counted: () =>
      (db.prepare("select seq from sqlite_sequence where name = 'records'").get() as { seq: number } | undefined)
        ?.seq ?? 0,
    texts: (draft) =>
      new Map(
        (
          db.prepare('select part, sealed from texts where draft = ?').all(draft) as { part: string; sealed: string }[]
        ).map(({ part, sealed }) => [part, sealed]),
      ),
    retain: (before) =>
      whole(() => {
        const limit = before.toISOString();
        db.prepare('delete from texts where time < ?').run(limit);
        // The first record that stays bounds what goes, so that what stays has no gap.
        const old = db
          .prepare(
            'select seq, hash from records where seq < coalesce((select min(seq) from records where time >= ?), 9e15) order by seq desc limit 1',
          )
          .get(limit) as Head;
        if (old === undefined) return 0;
        appendOne({ kind: 'retention', body: { through: old.seq, hash: old.hash, before: limit } }, head());
        insertAnchor.run(old.seq, old.hash, new Date().toISOString());
        return db.prepare('delete from records where seq <= ?').run(old.seq).changes;
      }),
    close: () => db.close(),
  };
};
