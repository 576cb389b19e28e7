// What was asked of the embedded warehouse, and who was refused: two files of JSON lines, each with a bound. They are
// separate, so that whoever cannot log in cannot push the statements out.

import { appendFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A statement that was carried out or refused. */
type StatementEntry = {
  readonly user: string;
  readonly source: string;
  readonly id: string;
  readonly statement: string;
  /** Milliseconds. */
  readonly took: number;
  /** ClickHouse's code of what went wrong. */
  readonly code?: number;
};

/** Somebody who was not let in: a wrong password, an unknown user, the name of another host. */
type RefusalEntry = {
  readonly user: string;
  readonly source: string;
  readonly reason: string;
};

export interface AccessLog {
  statement(entry: StatementEntry): void;
  refused(entry: RefusalEntry): void;
}

/** Bytes of a file before it becomes the older one; there is one older one. */
const LARGEST = 8_000_000;
/** Letters of a statement that are kept. */
const STATEMENT = 2_000;

/** The log in a folder, `statements.log` and `refused.log`. A disk that takes nothing more is said once. */
export function createAccessLog(folder: string, largest = LARGEST): AccessLog {
  const statements = createBoundedFile(join(folder, 'statements.log'), largest);
  const refusals = createBoundedFile(join(folder, 'refused.log'), largest);
  return {
    statement: (entry) => statements({ ...entry, statement: entry.statement.slice(0, STATEMENT) }),
    refused: (entry) =>
      refusals({ ...entry, user: entry.user.slice(0, 100), reason: entry.reason.slice(0, 200) }),
  };
}

function createBoundedFile(file: string, largest: number): (entry: object) => void {
  let size = sizeOf(file);
  let told = false;
  return (entry) => {
    // JSON has no control characters in its texts: no line can be made up.
    const line = `${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`;
    try {
      if (size + line.length > largest) {
        renameSync(file, `${file}.1`);
        size = 0;
      }
      appendFileSync(file, line, { mode: 0o600 });
      size += Buffer.byteLength(line);
      told = false;
    } catch (error) {
      if (!told)
        console.error(`${file}: cannot be written (${String(error)}); the warehouse goes on.`);
      told = true;
    }
  };
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
