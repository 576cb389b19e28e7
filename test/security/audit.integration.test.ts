import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openAuditor } from '../../pipelines/audit/audit.ts';
import { chainExtent } from '../../pipelines/audit/stored-chain.ts';
import { verifyChain } from '../../pipelines/audit/verify.ts';
import { apiSubject, streamManager } from '../../pipelines/nats/jetstream.ts';
import { isNotPermitted } from '../../pipelines/nats/streams.ts';
import { makeStreams, type PrintedNats, startPrintedNats } from '../stand/printed-nats.ts';
import { tries } from '../support/long.ts';

/** Who is not the worker. Of these, five may append: each under its own id alone. */
const OTHERS = [
  ...['gateway.works.line1', 'scheduler.works', 'engineer.works', 'person.works.u7'],
  'engineer.works.u8',
  ...['requests', 'backup', 'console', 'read-only'],
];
const APPEND: Readonly<Record<string, string>> = {
  'engineer.works': 'audit.engineer.engineer',
  'engineer.works.u8': 'audit.engineer.u8',
  requests: 'audit.requests.u1',
  backup: 'audit.backup.backup',
  console: 'audit.console.u1',
};

describe('the audit stream under the printed configuration', () => {
  let nats: PrintedNats;
  let worker: NatsConnection;
  const users = new Map<string, NatsConnection>();

  beforeAll(async () => {
    nats = await startPrintedNats({
      partitions: 1,
      words: ['--no-tls', '--user', 'person=u7@works', '--user', 'engineer=u8@works'],
    });
    worker = await makeStreams(nats, 1);
    for (const user of OTHERS) users.set(user, await nats.connect(user));
  });
  afterAll(() => nats.stop());

  const last = async () => (await chainExtent(worker))?.last ?? 0;
  async function flush(): Promise<void> {
    for (const connection of users.values()) await connection.flush();
    await worker.flush();
  }

  test('an engineer, the console, the delivery, the backup and the worker append, each under its own name', async () => {
    const appenders = [
      ['engineer.works', 'engineer', 'engineer'],
      ['console', 'console', 'u4'],
      ['requests', 'requests', 'u5'],
      ['backup', 'backup', 'backup'],
    ] as const;
    for (const [user, via, id] of appenders) {
      const auditor = await openAuditor(users.get(user)!, { via, user: id });
      await auditor.note({ act: 'apply', what: 'rules.works', reason: 'a try' });
    }
    const own = await openAuditor(worker, { via: 'worker', user: 'u6' });
    await own.note({ act: 'backup', what: 'plant' });
    const { faults, entries } = await verifyChain(worker);
    expect([faults, entries]).toEqual([[], 6]);
    const console = users.get('console')!;
    expect((await verifyChain(console)).faults).toEqual([]);
  });

  test('nobody writes under the name of another', async () => {
    const before = await last();
    const engineer = users.get('engineer.works')!;
    const forged = openAuditor(engineer, { via: 'engineer', user: 'boss' });
    await expect((await forged).note({ act: 'apply', what: 'x' })).rejects.toThrow(/permission/i);
    const subjects = [
      ...['audit.engineer.engineer', 'audit.engineer.boss', 'audit.console.u1', 'audit.worker.u1'],
      ...[
        'audit.engineer.u8',
        'audit.requests.u1',
        'audit.chain.begin',
        'audit.log.0.console.u1',
        'audit.x.y',
      ],
      'audit.engineer.engineer.more',
    ];
    const allowed: string[] = [];
    for (const [user, connection] of users) {
      for (const subject of subjects) {
        const answer = await connection
          .request(subject, 'x', { timeout: 1_000 })
          .catch((error: unknown) => error);
        if (!(answer instanceof Error)) allowed.push(`${user} ${subject}`);
        else if (!isNotPermitted(answer)) expect(String(answer)).toMatch(/timeout|responders/i);
      }
    }
    expect(allowed).toEqual([
      'engineer.works audit.engineer.engineer',
      'engineer.works.u8 audit.engineer.u8',
      'requests audit.requests.u1',
      'console audit.console.u1',
    ]);
    expect(await last()).toBe(before + 4);
    // What is no entry is found, and says by its subject who wrote it; it breaks nothing behind it.
    const auditor = await openAuditor(users.get('console')!, { via: 'console', user: 'u4' });
    await auditor.note({ act: 'resend', what: 'r1' });
    const { faults } = await verifyChain(worker);
    expect(faults.map(({ n }) => n)).toEqual([1, 2, 3, 4].map((more) => before + more));
    const accepted = faults.map(({ accept = '' }) => accept);
    expect((await verifyChain(worker, [], accepted)).faults).toEqual([]);
  });

  test('nobody appends more than an entry needs', async () => {
    const before = await last();
    const engineer = users.get('engineer.works')!;
    const large = Buffer.alloc(10_000, 'x');
    const answer = await engineer.request('audit.engineer.engineer', large, { timeout: 2_000 });
    expect(answer.string()).toContain('message size exceeds maximum allowed');
    expect(await last()).toBe(before);
  });

  test.each([
    ['gateway.works.line1', 'telemetry.works.line1.press'],
    ['engineer.works.u8', 'andon.0.rules.works'],
  ])('reply subjects of %s write nothing into it, nor read it', async (user, subject) => {
    const before = await last();
    const attacker = users.get(user)!;
    const victims = [
      ...Object.values(APPEND).filter(
        (each) => user !== 'engineer.works.u8' || !each.endsWith('u8'),
      ),
      ...['reason.0123456789abcdef', '$JS.andon.API.STREAM.MSG.GET.ANDON_AUDIT'],
      ...['$JS.API.STREAM.PURGE.ANDON_AUDIT', '$JS.andon.API.STREAM.DELETE.ANDON_AUDIT'],
      ...[
        'audit.chain.begin',
        'audit.log.0.console.u1',
        '$KV.ANDON_NAMES.u1',
        'andon.0.model.works',
      ],
    ];
    const { streams } = await streamManager(worker);
    const stored = async () => {
      const { state } = await streams.info('ANDON_0', { subjects_filter: '>' });
      const { messages: reasons } = (await streams.info('ANDON_REASONS')).state;
      return { subjects: Object.keys(state.subjects ?? {}), reasons };
    };
    const at = await stored();
    for (let index = 0; index < tries(200, 20_000); index += 1) {
      attacker.publish(subject, '{}', { reply: victims[index % victims.length]! });
      if (index % 500 === 499) await attacker.flush();
    }
    await flush();
    expect(await last()).toBe(before);
    const after = await stored();
    expect(after.subjects.filter((each) => !at.subjects.includes(each))).toHaveLength(1);
    expect(after.reasons).toBe(at.reasons);
    expect((await streams.info('KV_ANDON_NAMES')).state.messages).toBe(0);
  });

  test('nobody purges, deletes or changes it; no other reads the names or the reasons', async () => {
    const before = await last();
    const { config } = await (await streamManager(worker)).streams.info('ANDON_AUDIT');
    const requests: readonly (readonly [string, string])[] = [
      ['STREAM.PURGE.ANDON_AUDIT', '{}'],
      ['STREAM.PURGE.ANDON_REASONS', '{}'],
      ['STREAM.DELETE.ANDON_AUDIT', ''],
      ['STREAM.MSG.DELETE.ANDON_AUDIT', '{"seq":1}'],
      ['STREAM.UPDATE.ANDON_AUDIT', JSON.stringify({ ...config, max_msgs: 1, discard: 'old' })],
      ['STREAM.SNAPSHOT.ANDON_AUDIT', '{"deliver_subject":"_INBOX.x"}'],
      ['STREAM.RESTORE.ANDON_AUDIT', '{}'],
      ['STREAM.LEADER.STEPDOWN.ANDON_AUDIT', ''],
    ];
    const answered: string[] = [];
    for (const [user, connection] of [...users, ['worker', worker] as const]) {
      for (const [request, body] of requests) {
        for (const api of [`$JS.API.${request}`, `$JS.andon.API.${request}`]) {
          const answer = await connection
            .request(api, body, { timeout: 500 })
            .catch((error: unknown) => error);
          if (!(answer instanceof Error)) answered.push(`${user} ${api}`);
        }
      }
    }
    // Whoever takes backups copies it: that is no change.
    expect(answered).toEqual(['backup $JS.API.STREAM.SNAPSHOT.ANDON_AUDIT']);
    expect(await last()).toBe(before);
    const readers: string[] = [];
    for (const [user, connection] of users) {
      for (const stream of ['KV_ANDON_NAMES', 'ANDON_REASONS', 'ANDON_AUDIT']) {
        const subject = apiSubject(connection, `STREAM.MSG.GET.${stream}`);
        const answer = await connection
          .request(subject, '{"seq":1}', { timeout: 500 })
          .catch((error: unknown) => error);
        if (!(answer instanceof Error)) readers.push(`${user} ${stream}`);
      }
    }
    expect(readers).toEqual([
      'engineer.works ANDON_AUDIT',
      'engineer.works.u8 ANDON_AUDIT',
      'requests ANDON_AUDIT',
      'backup ANDON_AUDIT',
      'console KV_ANDON_NAMES',
      'console ANDON_REASONS',
      'console ANDON_AUDIT',
    ]);
  });

  test('the console alone erases names and reasons, and nothing else', async () => {
    const { streams } = await streamManager(users.get('console')!);
    for (const stream of ['KV_ANDON_NAMES', 'ANDON_REASONS']) {
      await expect(streams.deleteMessage(stream, 999)).rejects.not.toThrow(/permission/i);
    }
    for (const stream of ['ANDON_AUDIT', 'ANDON_0', 'ANDON_REQUESTS', 'KV_ANDON_MAINTENANCE']) {
      await expect(streams.deleteMessage(stream, 1)).rejects.toThrow(/permission/i);
    }
  });
});
