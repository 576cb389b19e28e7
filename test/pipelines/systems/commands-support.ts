import { join } from 'node:path';
import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Command } from '../../../operators/model/command.ts';
import type { MisbehaviourConfig } from '../../../pipelines/demo/misbehaviour.ts';
import { startReferenceErp } from '../../../pipelines/demo/reference-erp/reference-erp.ts';
import type { Requisition } from '../../../pipelines/demo/reference-erp/requisitions.ts';
import type { Part, Reservation } from '../../../pipelines/demo/reference-erp/stock.ts';
import type { ReferenceServer } from '../../../pipelines/demo/reference-server.ts';
import { ensureCommands } from '../../../pipelines/nats/streams.ts';
import type { InternalEvent } from '../../../pipelines/observe/observe.ts';
import type { CommandEntry } from '../../../pipelines/systems/command-entry.ts';
import {
  type CommandLedger,
  commandName,
  openCommandLedger,
} from '../../../pipelines/systems/ledger.ts';
import { runSystems } from '../../../pipelines/systems/systems.ts';
import type { SystemConfig } from '../../../sinks/remote/system-config.ts';
import type { TestNats } from '../../stand/nats.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { quickErp } from './erp-config.ts';
import { askReference, type Reply, repliesTo, startLog } from './systems-support.ts';

export type ErpObjects = {
  readonly parts: readonly Part[];
  readonly reservations: readonly Reservation[];
  readonly requisitions: readonly Requisition[];
};

/** NATS, a reference ERP, and a way to carry commands out between them. */
export interface ErpPlant {
  readonly nats: TestNats;
  readonly connection: NatsConnection;
  readonly erp: ReferenceServer;
  readonly recorded: InternalEvent[];
  readonly ledger: CommandLedger;
  send(...commands: Command[]): Promise<void>;
  misbehave(config: MisbehaviourConfig): Promise<void>;
  /** As a person with the secret. */
  ask<T>(method: string, path: string, body?: unknown): Promise<T>;
  objects(): Promise<ErpObjects>;
  entry(command: Command): Promise<CommandEntry | undefined>;
  replies(command: Command): Promise<readonly Reply[]>;
  run(changes?: object, others?: readonly SystemConfig[]): { stop(): Promise<void> };
  close(): Promise<void>;
}

export async function startErpPlant(log = {}): Promise<ErpPlant> {
  const { nats, connection } = await startLog(log);
  await ensureCommands(connection);
  const erp = await startReferenceErp({ journal: join(temporaryDirectory(), 'erp.ndjson') });
  const recorded: InternalEvent[] = [];
  const ledger = await openCommandLedger(connection, 'erp');
  const ask = askReference(erp.url);
  return {
    ...{ nats, connection, erp, recorded, ledger, ask },
    async send(...commands) {
      for (const command of commands) await sendCommand(connection, command);
    },
    misbehave: async (config) => void (await ask('PUT', '/admin/misbehaviour', config)),
    objects: () => ask<ErpObjects>('GET', '/admin/objects'),
    entry: async (command) => (await ledger.get(commandName(command))).entry,
    replies: ({ id }) => repliesTo(connection, id),
    run(changes, others = []) {
      const ending = new AbortController();
      const running = runSystems({
        connection,
        systems: [quickErp(erp.url, changes), ...others],
        record: (internalEvent) => recorded.push(internalEvent),
        signal: ending.signal,
        term: 300,
      });
      return {
        async stop() {
          ending.abort();
          await running;
        },
      };
    },
    async close() {
      await connection.close();
      await erp.close();
      await nats.stop();
    },
  };
}

export async function sendCommand(connection: NatsConnection, command: Command): Promise<void> {
  const subject = `command.${command.system}.${command.id}`;
  await jetstream(connection).publish(subject, JSON.stringify(command));
}
