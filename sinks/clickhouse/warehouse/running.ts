// The statements that run, and who may end them.

import { isSymbol, isWord, literal, sqlTokens } from '../sql-tokens.ts';
import type { ClickHouseEngine } from './engine.ts';
import type { Role } from './secret.ts';

type Running = {
  /** As the client calls it: several may have the same. */
  readonly id: string;
  readonly user: string;
  readonly role: Role;
  /** As the engine knows it: of our making, so that nobody can name a statement of another. */
  readonly mark: string;
  readonly statement: string;
};

export interface RunningStatements {
  /** Until the function that it gives is called. */
  add(statement: Running): () => void;
  /** Those that `KILL QUERY WHERE query_id = …` means, if who asks may end them: the owner any, others their own. */
  named(id: string, asker: Pick<Running, 'user' | 'role'>): readonly Running[];
}

export function createRunningStatements(): RunningStatements {
  const running = new Set<Running>();
  return {
    add(statement) {
      running.add(statement);
      return () => void running.delete(statement);
    },
    named: (id, { user, role }) =>
      [...running].filter(
        (each) =>
          each.id === id && (role === 'owner' || (each.role === role && each.user === user)),
      ),
  };
}

/** Ends a statement. Not SYNC: that was seen to wait for ever. */
export async function killStatement(engine: ClickHouseEngine, mark: string): Promise<void> {
  const connection = engine.connect();
  try {
    await connection.query(
      `KILL QUERY WHERE Settings['log_comment'] = ${literal(mark)} ASYNC`,
      'Null',
    );
  } catch {
    // It ended by itself in the meantime.
  } finally {
    connection.close();
  }
}

/** What `KILL QUERY WHERE query_id = 'id'` names, as clients cancel; undefined for any other statement. */
export function killed(sql: string): { readonly id: string; readonly test: boolean } | undefined {
  const tokens = [...sqlTokens(sql.slice(0, 1_000))];
  if (isSymbol(tokens.at(-1), ';')) tokens.pop();
  const [kill, query, where, column, equal, id, mode, ...more] = tokens;
  if (!isWord(kill, 'KILL') || !isWord(query, 'QUERY') || !isWord(where, 'WHERE')) return undefined;
  if (column?.text !== 'query_id' || !isSymbol(equal, '=') || id?.kind !== 'string')
    return undefined;
  const modes = ['SYNC', 'ASYNC', 'TEST'];
  if (more.length > 0 || (mode !== undefined && !modes.some((word) => isWord(mode, word)))) {
    return undefined;
  }
  return { id: id.text, test: isWord(mode, 'TEST') };
}

/** The answer to a KILL, as a statement whose rows are ClickHouse's. */
export function killAnswer(statements: readonly Running[]): string {
  const rows = statements.map(
    ({ id, user, statement }) =>
      `('waiting', ${literal(id)}, ${literal(user)}, ${literal(statement.slice(0, 1_000))})`,
  );
  const structure = `'kill_status String, query_id String, user String, query String'`;
  if (rows.length === 0) return `SELECT * FROM null(${structure})`;
  return `SELECT * FROM values(${structure}, ${rows.join(', ')})`;
}
