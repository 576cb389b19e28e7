/** Where things are on their way: how far the log goes, and what became of requests and commands in other systems. */

import type { NatsConnection } from '@nats-io/transport-node';
import { openAuditor } from '../../audit/audit.ts';
import { readEntry } from '../../audit/chain.ts';
import { chainExtent, readEntries } from '../../audit/stored-chain.ts';
import { streamManager } from '../../nats/jetstream.ts';
import { findStream, isReplay, partitionStream } from '../../nats/streams.ts';
import type { CommandEntry } from '../../systems/command-entry.ts';
import type { LedgerEntry } from '../../systems/entry.ts';
import { checkRequest } from '../../systems/inspect.ts';
import { resendName } from '../../systems/inspect-commands.ts';
import {
  askResend,
  findCommandLedger,
  findLedger,
  type LedgerReader,
} from '../../systems/ledger.ts';

/** The end of one partition's log. */
export type LogEnd = {
  readonly stream: string;
  readonly messages: number;
  readonly last_sequence: number;
  /** When its latest message was stored, RFC 3339; null in an empty log. */
  readonly latest: string | null;
  readonly bytes: number;
  readonly is_replay: boolean;
};

/** What somebody asks to be sent again, and why. */
export type Resend = {
  readonly kind: 'request' | 'command';
  readonly id: string;
  readonly user: string;
  readonly reason: string | undefined;
};

/** Who applied a model or rules, and the message of the log that it is. */
export type AppliedChange = {
  readonly what: string;
  readonly sequence: number;
  readonly who: string;
};

export interface FlowState {
  /** From the newest entries of the audit stream. */
  applied(): Promise<readonly AppliedChange[]>;
  /** One for each partition whose stream is there. */
  logs(): Promise<readonly LogEnd[]>;
  /** What became of requests, in the order of the ids; undefined where nothing was tried yet. */
  requests(ids: readonly string[]): Promise<readonly (LedgerEntry | undefined)[]>;
  /** The same of commands, by `<system>.<id>`. */
  commands(names: readonly string[]): Promise<readonly (CommandEntry | undefined)[]>;
  /** Has the delivery send it again, and writes into the audit stream who asked. @throws Problem where there is none */
  resend(resend: Resend): Promise<void>;
}

export function createFlowState(connection: NatsConnection, partitions: number): FlowState {
  return {
    async logs() {
      const ends: LogEnd[] = [];
      const { streams } = await streamManager(connection);
      for (let partition = 0; partition < partitions; partition += 1) {
        const stream = partitionStream(partition);
        if ((await findStream(connection, stream)) === undefined) continue;
        const info = await streams.info(stream);
        const { messages, last_seq: last, last_ts: time, bytes } = info.state;
        const latest = last === 0 ? null : String(time);
        ends.push({
          stream,
          messages,
          last_sequence: last,
          latest,
          bytes,
          is_replay: isReplay(info),
        });
      }
      return ends;
    },
    requests: async (ids) => entriesIn(await findLedger(connection), ids),
    commands: async (names) => entriesIn(await findCommandLedger(connection), names),
    applied: () => appliedChanges(connection),
    async resend({ kind, id, user, reason }) {
      if (kind === 'request') await checkRequest(connection, id);
      const name = kind === 'request' ? id : await resendName(connection, id);
      const auditor = await openAuditor(connection, { via: 'console', user });
      const act = { act: 'resend', what: name, reason };
      await auditor.around([act], () => askResend(connection, name));
    },
  };
}

/** How far the audit stream is read back. */
const NEWEST_ENTRIES = 512;

async function appliedChanges(connection: NatsConnection): Promise<readonly AppliedChange[]> {
  const extent = await chainExtent(connection);
  if (extent === undefined) return [];
  const found: AppliedChange[] = [];
  const from = Math.max(extent.first, extent.last - NEWEST_ENTRIES + 1);
  for await (const message of readEntries(connection, from, extent.last)) {
    const entry = readEntry(message.bytes);
    if ('problem' in entry || entry.place === null) continue;
    if (entry.act !== 'apply' || entry.step !== 'done') continue;
    // With several partitions a subject has the prefix of its own.
    const what = entry.what.replace(/^andon\.\d+\./, '');
    found.push({ what, sequence: entry.place.sequence, who: entry.who });
  }
  return found;
}

/** How many entries are asked for at once. */
const AT_ONCE = 32;

async function entriesIn<E>(
  ledger: LedgerReader<E> | undefined,
  names: readonly string[],
): Promise<readonly (E | undefined)[]> {
  if (ledger === undefined) return names.map(() => undefined);
  const found: (E | undefined)[] = [];
  for (let from = 0; from < names.length; from += AT_ONCE) {
    const some = names.slice(from, from + AT_ONCE);
    // An entry that cannot be read is said by the delivery itself; here it is as if there were none.
    const entries = await Promise.all(
      some.map((name) =>
        ledger.get(name).then(
          ({ entry }) => entry,
          () => undefined,
        ),
      ),
    );
    found.push(...entries);
  }
  return found;
}
