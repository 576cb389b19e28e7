import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { streamManager } from '../../pipelines/nats/jetstream.ts';
import { connectNats } from '../../pipelines/nats/nats.ts';
import { partitionedSubject } from '../../pipelines/nats/partition.ts';
import { makeStreams, type PrintedNats, startPrintedNats } from '../stand/printed-nats.ts';
import { until } from '../stand/stand.ts';
import { tries } from '../support/long.ts';

/** Those of the log's own account in a printed configuration, a line of permissions each. */
function usersOf(printed: string): string {
  const [, users = ''] = /"ANDON" \{[\s\S]*?users: \[\n([\s\S]*?)\n {4}\]/.exec(printed) ?? [];
  expect(users).toContain('# worker');
  return users;
}

describe('an installation with a prefix, under the configuration that is printed for it', () => {
  let north: PrintedNats;
  let gateway: NatsConnection;
  beforeAll(async () => {
    north = await startPrintedNats({ partitions: 4, prefix: 'north' });
    await makeStreams(north, 4);
    gateway = await north.connect('gateway.works.line1');
  });
  afterAll(() => north?.stop());

  test('each role reaches its own names, by the mapping and over the borders of accounts', async () => {
    const sent = [
      ['gateway.works.line1', 'telemetry.works.line1.press'],
      ['gateway.works.line2', 'event.works.line2.press'],
      ['scheduler.works', 'schedule.works.line2'],
      ['console', 'act.mill.line1.press.console.u9'],
    ] as const;
    for (const [user, subject] of sent) {
      const connection = await north.connect(user);
      const answer = await connection.request(`north.${subject}`, 'x', { timeout: 5_000 });
      const [, partition] = partitionedSubject(subject, 4).split('.');
      expect(answer.json()).toMatchObject({ stream: `north_ANDON_${partition}` });
    }
    const console = await north.connect('console');
    const { streams } = await streamManager(console);
    expect((await streams.info('north_ANDON_REQUESTS')).state.messages).toBe(0);
  });

  test('names without the prefix are refused', async () => {
    for (const subject of ['telemetry.works.line1.press', 'andon.0.telemetry.works.line1.press']) {
      await expect(gateway.request(subject, 'x', { timeout: 2_000 })).rejects.toThrow(/ermission/);
    }
  });
});

describe('two installations in one account, each with the users that are printed for it', () => {
  let plain: PrintedNats;
  const open: NatsConnection[] = [];
  const workers: Record<string, NatsConnection> = {};

  beforeAll(async () => {
    const north = await startPrintedNats({ partitions: 1, prefix: 'north' });
    const printed = readFileSync(join(north.server.store, 'nats-server.conf'), 'utf8');
    await north.stop();
    plain = await startPrintedNats({
      partitions: 1,
      rewrite: (config) =>
        config.replace(usersOf(config), `${usersOf(config)}\n${usersOf(printed)}`),
    });
    const as = async (settings: ReturnType<PrintedNats['settings']>, name: string) => {
      const connection = await connectNats({ ...settings, servers: plain.server.url, name });
      open.push(connection);
      return connection;
    };
    const other: PrintedNats = {
      ...north,
      connect: (user) => as(north.settings(user), user),
    };
    workers.plain = await makeStreams(plain, 1);
    workers.north = await makeStreams(other, 1);
    for (const role of ['requests', 'backup'] as const) {
      workers[`plain ${role}`] = await plain.connect(role);
      workers[`north ${role}`] = await other.connect(role);
    }
  });
  afterAll(async () => {
    for (const connection of open) await connection.close();
    await plain?.stop();
  });

  test('nobody of one writes, reads or hears anything of the other', async () => {
    const verbs = ['INFO', 'PURGE', 'DELETE', 'UPDATE', 'SNAPSHOT', 'MSG.GET', 'MSG.DELETE'];
    const plainSubjects = [
      ...[
        'ANDON_0',
        'ANDON_REQUESTS',
        'ANDON_AUDIT',
        'KV_ANDON_LEASES',
        'KV_ANDON_MAINTENANCE',
      ].flatMap((name) => verbs.map((verb) => `$JS.API.STREAM.${verb}.${name}`)),
      ...['$KV.ANDON_LEASES.plant-0', '$KV.ANDON_MAINTENANCE.request.r1', '$KV.ANDON_RESENDS.r1'],
      ...['andon.0.tick', 'request.r1.1', 'command.erp.c1', 'live.x.y', 'audit.worker.u1'],
      ...['audit.requests.u1', 'audit.backup.backup', 'status.cmms.works.line1.press', 'reason.x'],
    ];
    const installed = (subject: string) =>
      subject.startsWith('$') ? subject.replace('ANDON_', 'north_ANDON_') : `north.${subject}`;
    const before = await counts();
    for (const [name, connection] of Object.entries(workers)) {
      const own = name.startsWith('north');
      const attempts = plainSubjects.map((subject) => (own ? subject : installed(subject)));
      const refused = await refusedTo(connection, attempts, tries(attempts.length, 5_000));
      expect([name, [...refused].sort()]).toEqual([name, [...attempts].sort()]);
      const inbox = own ? '_INBOX_worker.>' : '_INBOX_north_worker.>';
      const answers: string[] = [];
      connection.subscribe(inbox, {
        callback: (error) => void answers.push(error?.message ?? 'a message'),
      });
      await connection.flush();
      expect(answers).toEqual([expect.stringMatching(/ermission/)]);
    }
    expect(await counts()).toEqual(before);
  });

  /** Subjects that the server refuses to a connection. */
  async function refusedTo(
    connection: NatsConnection,
    attempts: readonly string[],
    count: number,
  ): Promise<ReadonlySet<string>> {
    const refused = new Set<string>();
    void (async () => {
      for await (const status of connection.status()) {
        if (status.type === 'error' && 'subject' in status.error) {
          refused.add(String(status.error.subject));
        }
      }
    })();
    for (let index = 0; index < count; index += 1) {
      connection.publish(attempts[index % attempts.length] ?? '', '{"seq":1}');
      if (index % 200 === 199) await connection.flush();
    }
    await connection.flush();
    // Told of each by the connection's own queue, which is behind the answers of the server.
    await until('all refusals', 20_000, async () => refused.size >= attempts.length).catch(
      () => undefined,
    );
    return refused;
  }

  async function counts(): Promise<Readonly<Record<string, number>>> {
    const found: Record<string, number> = {};
    for (const [name, begin] of [
      ['plain', ''],
      ['north', 'north_'],
    ] as const) {
      const connection = workers[name];
      if (connection === undefined) throw new Error(`expected the worker of ${name}`);
      const { streams } = await streamManager(connection);
      for (const stream of ['ANDON_0', 'ANDON_REQUESTS', 'ANDON_AUDIT', 'KV_ANDON_LEASES']) {
        const named = stream.replace('ANDON_', `${begin}ANDON_`);
        found[named] = (await streams.info(named)).state.last_seq;
      }
    }
    return found;
  }
});
