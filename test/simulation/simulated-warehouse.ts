/** ClickHouse as the sink uses it: inserts whose tokens it remembers for a while. */

import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { ClickHouseClient } from '@clickhouse/client';
import { isName, isSymbol, isWord, sqlTokens } from '../../sinks/clickhouse/sql-tokens.ts';
import type { Block } from '../../sinks/sink.ts';
import type { KillableProcess } from '../support/crashes/killable-process.ts';
import { nativeRows } from '../support/crashes/native-rows.ts';
import type { Network } from './network.ts';

export type Inserted = Omit<Block, 'rows'> & { readonly token: string };
type Rows = readonly Record<string, unknown>[];

/** Tokens that each table remembers, as in sql/schema. */
const WINDOW = 10_000;

export class SimulatedWarehouse {
  /** Other bytes came under a token that is known: ClickHouse would keep quiet about that. */
  readonly contradictions: string[] = [];
  /** Called with each insert ahead of all else. */
  onInsert: (insert: Inserted) => void = () => undefined;
  readonly #window: number;
  readonly #tokens = new Map<string, string[]>();
  readonly #first = new Map<string, Uint8Array>();
  readonly #rows = new Map<string, Record<string, unknown>[]>();

  constructor(window = WINDOW) {
    this.#window = window;
  }

  insert(insert: Inserted): void {
    this.onInsert(insert);
    const { table, token, data } = insert;
    const first = this.#first.get(token);
    if (first !== undefined && Buffer.compare(first, data) !== 0) this.contradictions.push(token);
    this.#first.set(token, first ?? data);
    const known = this.#tokens.get(table) ?? [];
    if (known.includes(token)) return;
    this.#tokens.set(table, [...known, token].slice(-this.#window));
    this.#rows.set(table, [...this.rows(table), ...rowsOf(insert)]);
  }

  rows(table: string): Rows {
    return this.#rows.get(table) ?? [];
  }

  get tables(): readonly string[] {
    return [...this.#rows.keys()];
  }
}

function rowsOf({ format, data }: Inserted): Rows {
  if (format === 'Native') return nativeRows(data);
  const lines = Buffer.from(data).toString().split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line));
}

/** What an INSERT statement of the sink says. */
export function insertOf(statement: string): Omit<Inserted, 'data'> {
  const tokens = [...sqlTokens(statement)];
  const behind = (word: string) => tokens.findIndex((token) => isWord(token, word)) + 1;
  const into = behind('INTO');
  const dotted = isSymbol(tokens[into + 1], '.') ? into + 2 : into;
  const setting = tokens.findIndex(({ text }) => text === 'insert_deduplication_token');
  const [table, token, format] = [
    tokens[dotted],
    tokens[setting + 2],
    tokens[behind('FORMAT')]?.text,
  ];
  if (!isName(table) || token?.kind !== 'string') throw new Error(`no INSERT: ${statement}`);
  if (format !== 'Native' && format !== 'JSONEachRow') throw new Error(`no format: ${statement}`);
  return { table: table.text, token: token.text, format };
}

export type SimulatedClientOptions = {
  readonly warehouse: SimulatedWarehouse;
  readonly network: Network;
  readonly host: number;
  readonly process: KillableProcess;
};

type InsertParameters = Parameters<ClickHouseClient['exec']>[0] & { readonly values: Readable };

/** The client of one process. */
export function simulatedClient(options: SimulatedClientOptions): ClickHouseClient {
  const client: Pick<ClickHouseClient, 'exec'> = {
    async exec(asked) {
      const { query, values, abort_signal } = asked as InsertParameters;
      const data = Uint8Array.from(await buffer(values));
      await carriedOut({ ...insertOf(query), data }, abort_signal, options);
      return { stream: Readable.from([]) } as Awaited<ReturnType<ClickHouseClient['exec']>>;
    },
  };
  return client as ClickHouseClient;
}

/** Resolves with the answer. Without one it is the caller that gives up; what was sent may arrive all the same. */
function carriedOut(
  insert: Inserted,
  signal: AbortSignal | undefined,
  { warehouse, network, host, process }: SimulatedClientOptions,
): Promise<void> {
  let unwatch = () => {};
  return new Promise<void>((resolve, reject) => {
    // A process that is paused hears of it later.
    const fail = (error: Error) => void process.running().then(() => reject(error));
    if (signal?.aborted === true) return fail(signal.reason);
    signal?.addEventListener('abort', () => fail(signal.reason), { once: true });
    if (!network.passes(host, 'warehouse')) fail(new Error('connection refused'));
    unwatch = network.watch(host, 'warehouse', (passes) => {
      if (!passes) fail(new Error('connection reset'));
    });
    const hear = () => void process.act({ call: 'read', whole: resolve });
    const arrive = () => {
      warehouse.insert(insert);
      network.carry(host, 'warehouse', 'back', hear);
    };
    const whole = () => network.carry(host, 'warehouse', 'there', arrive);
    void process.act({ call: 'send', whole });
  }).finally(() => unwatch());
}
