import { headers, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { streamClient, streamManager } from '../../pipelines/nats/jetstream.ts';
import { partitionedSubject } from '../../pipelines/nats/partition.ts';
import { openCheckpointObjects } from '../../pipelines/worker/copies/objects.ts';
import { makeStreams, type PrintedNats, startPrintedNats } from '../stand/printed-nats.ts';
import { tries } from '../support/long.ts';

/** Everybody of the configuration who is not one of the processes of the log itself. */
const OUTSIDERS = [
  ...['gateway.works.line1', 'gateway.works.line2', 'gateway.mill.line1'],
  ...['scheduler.works', 'engineer.works', 'person.works.u7', 'console', 'read-only'],
];
const OWN = 'telemetry.works.line1.press';

describe.each([1, 4])('the printed configuration, with %i partitions', (partitions) => {
  let nats: PrintedNats;
  let worker: NatsConnection;
  let gateway: NatsConnection;
  const outsiders = new Map<string, NatsConnection>();

  beforeAll(async () => {
    nats = await startPrintedNats({ partitions, words: ['--no-tls', '--user', 'person=u7@works'] });
    worker = await makeStreams(nats, partitions);
    for (const user of OUTSIDERS) outsiders.set(user, await nats.connect(user));
    gateway = outsiders.get('gateway.works.line1')!;
  });
  afterAll(() => nats.stop());

  /** Every subject of every stream, with its number of messages. */
  async function stored(): Promise<Readonly<Record<string, number>>> {
    const { streams } = await streamManager(worker);
    const names = [
      ...Array.from({ length: partitions }, (_, partition) => `ANDON_${partition}`),
      ...['ANDON_REQUESTS', 'ANDON_COMMANDS', 'ANDON_COMMITS', 'ANDON_AUDIT'],
      ...['KV_ANDON_LEASES', 'KV_ANDON_HOMES', 'KV_ANDON_NAMES', 'OBJ_ANDON_CHECKPOINTS_0'],
    ];
    const all: Record<string, number> = {};
    for (const name of names) {
      const { state } = await streams.info(name, { subjects_filter: '>' });
      Object.assign(all, state.subjects);
    }
    return all;
  }

  /** What is more in the streams after somebody did something. */
  async function addedBy(work: () => Promise<void>): Promise<readonly string[]> {
    const before = await stored();
    await work();
    for (const connection of outsiders.values()) await connection.flush();
    await worker.flush();
    const after = await stored();
    for (const subject of Object.keys(before)) expect(after[subject]).toBeDefined();
    return Object.keys(after).filter((subject) => after[subject] !== before[subject]);
  }

  test('each role publishes what it is for, and hears the acknowledgement', async () => {
    const sent: readonly [string, string][] = [
      ['gateway.works.line1', OWN],
      ['gateway.works.line1', 'waveform.works.line1.press.de'],
      ['gateway.works.line2', 'event.works.line2.press'],
      ['gateway.works.line1', 'act.works.line1.pump.gateway.operator'],
      ['gateway.mill.line1', 'telemetry.mill.line1.press'],
      ['scheduler.works', 'schedule.works.line2'],
      ['person.works.u7', 'act.works.line2.press.key.u7'],
      ['console', 'act.mill.line1.press.console.u9'],
    ];
    for (const [user, subject] of sent) {
      const { stream } = (await outsiders.get(user)!.request(subject, 'x')).json<{
        stream: string;
      }>();
      const partition = partitionedSubject(subject, partitions).split('.')[1];
      expect([user, subject, stream]).toEqual([user, subject, `ANDON_${partition}`]);
    }
  });

  test('a worker copies checkpoints, reads them and takes them out', async () => {
    const objects = await openCheckpointObjects(worker, 0);
    await objects.put('plant/1/then/x', Buffer.alloc(300_000, 7));
    await objects.tidy();
    expect((await objects.list('plant/')).map(({ name }) => name)).toEqual(['plant/1/then/x']);
    const state = Buffer.alloc(300_000, 7);
    expect((await objects.get('plant/1/then/x'))?.equals(state)).toBe(true);
    await objects.remove('plant/1/then/x');
    expect(await objects.list('')).toEqual([]);
  });

  test('the reply subject of a message writes nowhere', async () => {
    const victims = [
      ...['STREAM.PURGE', 'STREAM.DELETE', 'STREAM.INFO'].flatMap((verb) => [
        `$JS.API.${verb}.ANDON_0`,
        `$JS.andon.API.${verb}.ANDON_REQUESTS`,
      ]),
      ...['ANDON_LEASES.plant-0', 'ANDON_MAINTENANCE.request.x', 'ANDON_RESENDS.x'].flatMap(
        (key) => [`$KV.${key}`, `$JS.andon.API.$KV.${key}`],
      ),
      ...[
        'request.evil.1',
        'audit.console.boss',
        'audit.engineer.engineer',
        'andon.0.tick',
        'commit.plant.0.1',
        '$O.ANDON_CHECKPOINTS_0.C.x',
        '$O.ANDON_CHECKPOINTS_0.M.x',
        'andon.0.model.works',
      ],
      ...['telemetry.mill.line1.press', 'andon.0.telemetry.mill.line1.press'],
      ...[
        'telemetry.works.line2.press',
        'andon.0.telemetry.works.line2.press',
        'schedule.works.line1',
      ],
      ...['act.works.line1.press.console.boss', 'andon.0.act.works.line1.press.key.u7'],
      ...['status.cmms.works.line1.press', '_INBOX_gateway.works.line2.x', '$SYS.REQ.SERVER.PING'],
    ];
    const count = tries(400, 20_000);
    const added = await addedBy(async () => {
      for (let index = 0; index < count; index += 1) {
        const reply = victims[index % victims.length]!;
        gateway.publish(OWN, JSON.stringify({ keep: 0, index }), { reply });
        if (index % 500 === 499) await gateway.flush();
      }
    });
    expect(added).toEqual([partitionedSubject(OWN, partitions)]);
  });

  test('nobody hears what is meant for others', async () => {
    const heard: string[] = [];
    const refused: string[] = [];
    for (const [user, connection] of outsiders) {
      for (const subject of [
        '>',
        '*',
        '_INBOX.>',
        '_R_.>',
        '$JS.>',
        'andon.>',
        '_INBOX_worker.>',
        '_INBOX_gateway.works.line2.>',
      ]) {
        if (user === 'gateway.works.line2' && subject.includes('line2')) continue;
        connection.subscribe(subject, {
          callback: (error, message) => {
            if (error === null) heard.push(`${user} hears ${message.subject}`);
            else refused.push(`${user} ${subject}`);
          },
        });
      }
      await connection.flush();
    }
    for (const [user, subject] of [
      ['gateway.works.line2', 'telemetry.works.line2.press'],
      ['gateway.mill.line1', 'telemetry.mill.line1.press'],
    ] as const) {
      await outsiders.get(user)!.request(subject, 'secret');
    }
    await (await streamManager(worker)).streams.info('ANDON_0');
    for (const connection of outsiders.values()) await connection.flush();
    expect(heard).toEqual([]);
    expect(new Set(refused).size).toBe(OUTSIDERS.length * 8 - 1);
  });

  test('subjects that nobody declared are refused, however many are made up', async () => {
    const count = tries(2_000, 100_000);
    const kinds = [
      'telemetry',
      'waveform',
      'event',
      'finding',
      'act',
      'schedule',
      'status',
      'model',
      'rules',
      'request',
      'command',
      'audit',
      'tick',
    ];
    const plants = ['works', 'mill', 'x'];
    const added = await addedBy(async () => {
      for (let index = 0; index < count; index += 1) {
        const kind = kinds[index % kinds.length]!;
        const tail = ['', '.de', '.gateway.u7', '.console.u7', '.key.u7'][index % 5]!;
        const subject = `${kind}.${plants[index % 3]}.line${index % 7}.made${index}${tail}`;
        const prefix = ['', `andon.${index % 5}.`, `andon.${index % partitions}.`][index % 3]!;
        for (const user of ['gateway.works.line1', 'person.works.u7']) {
          outsiders.get(user)!.publish(`${prefix}${subject}`, 'x');
        }
        if (index % 500 === 499) for (const each of outsiders.values()) await each.flush();
      }
    });
    expect(added).toEqual([]);
  });

  test('nobody but its own role says what a system, a person, a planner or an engineer says', async () => {
    const forged: readonly [string, readonly string[]][] = [
      [
        'gateway.works.line1',
        [
          'status.cmms.works.line1.press',
          'act.works.line1.press.console.u7',
          'act.works.line1.press.key.u7',
          'schedule.works.line1',
          'model.works',
          'rules.works',
          'request.r1.1',
          'command.erp.c1',
          'telemetry.works.line2.press',
          'telemetry.mill.line1.press',
        ],
      ],
      [
        'person.works.u7',
        [
          'act.works.line1.press.key.u8',
          'act.works.line1.press.console.u7',
          'act.mill.line1.press.key.u7',
          'mapping.works.key.u7',
          OWN,
          'status.cmms.works.line1.press',
        ],
      ],
      [
        'console',
        [
          'act.works.line1.press.key.u7',
          'status.cmms.works.line1.press',
          'model.works',
          'request.r1.1',
          'command.erp.c1',
          OWN,
        ],
      ],
      ['scheduler.works', ['schedule.mill.line1', OWN, 'model.works']],
      [
        'engineer.works',
        [
          'model.mill',
          'rules.mill',
          OWN,
          'schedule.works.line1',
          'audit.engineer.other',
          'mapping.mill.engineer.engineer',
          'mapping.works.engineer.other',
          'andon.1.mapping.works.engineer.engineer',
          'audit.console.engineer',
        ],
      ],
      ['read-only', [OWN, 'act.works.line1.press.console.u7', 'request.r1.1', 'audit.console.u7']],
    ];
    const added = await addedBy(async () => {
      for (const [user, subjects] of forged) {
        for (const subject of subjects) {
          const connection = outsiders.get(user)!;
          connection.publish(subject, 'x');
          connection.publish(partitionedSubject(subject, partitions), 'x');
          connection.publish(`andon.0.${subject}`, 'x');
        }
      }
    });
    expect(added).toEqual([]);
  });

  test('who reads JetStream of the log changes nothing in it', async () => {
    const verbs = [
      'STREAM.PURGE',
      'STREAM.DELETE',
      'STREAM.UPDATE',
      'STREAM.MSG.DELETE',
      'STREAM.CREATE',
      'STREAM.SNAPSHOT',
      'CONSUMER.CREATE',
      'CONSUMER.DURABLE.CREATE',
      'STREAM.PEER.REMOVE',
      'STREAM.LEADER.STEPDOWN',
    ];
    const before = await stored();
    for (const user of OUTSIDERS) {
      for (const verb of verbs) {
        for (const api of ['$JS.API', '$JS.andon.API']) {
          outsiders
            .get(user)!
            .publish(`${api}.${verb}.ANDON_0`, '{"deliver_subject":"request.evil.1"}');
        }
      }
    }
    for (const connection of outsiders.values()) await connection.flush();
    await worker.flush();
    expect(await stored()).toEqual(before);
    const { streams } = await streamManager(outsiders.get('read-only')!);
    await expect(streams.info('ANDON_REQUESTS')).resolves.toMatchObject({
      config: { name: 'ANDON_REQUESTS' },
    });
    await expect(streams.info('KV_ANDON_NAMES')).rejects.toThrow(/permission/i);
  });

  test('headers of JetStream empty nothing', async () => {
    const rollup = headers();
    rollup.set('Nats-Rollup', 'all');
    const answer = await gateway.request(OWN, 'x', { headers: rollup, timeout: 2_000 });
    expect(answer.string()).toContain('rollup not permitted');
    const requests = await nats.connect('requests');
    await requests.request('$KV.ANDON_MAINTENANCE.request.r1', '{}');
    // Whoever may ask for a request to be sent again has a bucket that is no ledger.
    await outsiders
      .get('console')!
      .request('$JS.andon.API.$KV.ANDON_RESENDS.x', '', { headers: rollup, timeout: 2_000 });
    const { streams } = await streamManager(requests);
    const { state } = await streams.info('KV_ANDON_MAINTENANCE');
    expect(state.messages).toBe(1);
  });

  test('taking a message id first hides nothing for longer than the smallest duplicate window', async () => {
    const { config } = await (await streamManager(worker)).streams.info('ANDON_0');
    expect(config.duplicate_window / 1e6).toBe(100);
    const thief = streamClient(outsiders.get('gateway.works.line2')!);
    const victim = streamClient(gateway);
    for (let index = 0; index < tries(5, 100); index += 1) {
      const msgID = `gateway-${index}`;
      const theirs = await thief.publish('telemetry.works.line2.press', 'x', { msgID });
      for (;;) {
        const { duplicate, stream } = await victim.publish(OWN, `${index}`, { msgID });
        if (!duplicate) break;
        expect(stream).toBe(theirs.stream);
      }
    }
  });
});
