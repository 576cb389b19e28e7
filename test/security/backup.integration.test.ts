import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyChain } from '../../pipelines/audit/verify.ts';
import { NO_OVERLAYS } from '../../pipelines/base/config.ts';
import { streamManager } from '../../pipelines/nats/jetstream.ts';
import { ensureLive } from '../../pipelines/nats/streams.ts';
import { startNats, type TestNats } from '../stand/nats.ts';
import { makeStreams, type PrintedNats, startPrintedNats } from '../stand/printed-nats.ts';
import { andon, until } from '../stand/stand.ts';
import { tries } from '../support/long.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const PARTITIONS = 2;
const OWN = 'telemetry.works.line1.press';

describe('who may take a backup, under the printed configuration', () => {
  const folder = temporaryDirectory();
  const directory = join(folder, 'state');
  let nats: PrintedNats;
  let empty: TestNats;
  let worker: NatsConnection;
  let backup: NatsConnection;

  beforeAll(async () => {
    nats = await startPrintedNats({ partitions: PARTITIONS });
    worker = await makeStreams(nats, PARTITIONS);
    await ensureLive(worker);
    empty = await startNats();
    const gateway = await nats.connect('gateway.works.line1');
    for (let count = 0; count < 20; count += 1) await gateway.request(OWN, `reading ${count}`);
    backup = await nats.connect('backup');
    mkdirSync(join(directory, 'plant-0'), { recursive: true });
    writeFileSync(join(directory, 'plant-0', 'state'), 'of a worker that was stopped');
  });
  afterAll(async () => {
    await nats?.stop();
    await empty?.stop();
  });

  const streams = async () => (await streamManager(worker)).streams;

  test('takes one with its key, which is restored elsewhere, and is in the audit stream by its name', async () => {
    const { nkey = '', inbox = '' } = nats.settings('backup');
    const login = { NATS_URL: nats.server.url, NATS_NKEY: nkey, NATS_INBOX: inbox };
    const about = { ANDON_DIR: directory, ANDON_PARTITIONS: String(PARTITIONS) };
    const target = join(folder, 'backup');
    const env = { ...NO_OVERLAYS, ...login, ...about, ANDON_USER: 'backup' };
    const made = await andon(['backup', target, '--json'], env);
    expect(made).toMatchObject({ code: 0, err: '' });
    // Both partitions with the copies of their checkpoints, six streams beside them, and all buckets but the leases.
    expect(JSON.parse(made.out)).toMatchObject({ streams: 14 });
    const { faults, entries } = await verifyChain(worker);
    expect([faults, entries]).toEqual([[], 3]);
    const other = { ...NO_OVERLAYS, NATS_URL: empty.url, ANDON_DIR: join(folder, 'other') };
    const back = await andon(['restore', target, '--json'], { ...other, ANDON_USER: 'u1' });
    expect(back).toMatchObject({ code: 0, err: '' });
    const restored = await connect({ servers: empty.url });
    const { state } = await (await streamManager(restored)).streams.info('ANDON_0');
    await restored.close();
    expect(state.messages).toBe((await (await streams()).info('ANDON_0')).state.messages);
    expect(readFileSync(join(folder, 'other', 'plant-0', 'state'), 'utf8')).toContain('stopped');
  });

  test('a worker may not take one: its key has no word on snapshots', async () => {
    const { nkey = '', inbox = '' } = nats.settings('worker');
    const login = { NATS_URL: nats.server.url, NATS_NKEY: nkey, NATS_INBOX: inbox };
    const env = { ...NO_OVERLAYS, ...login, ANDON_DIR: directory, ANDON_USER: 'u1' };
    const { code, err } = await andon(['backup', join(folder, 'refused')], env);
    expect([code, err]).toEqual([3, expect.stringMatching(/permi/i)]);
  });

  test('changes nothing else, whatever it publishes', async () => {
    const verbs = [
      'PURGE',
      'DELETE',
      'UPDATE',
      'RESTORE',
      'MSG.DELETE',
      'MSG.GET',
      'LEADER.STEPDOWN',
    ];
    const names = [
      'ANDON_0',
      'ANDON_REQUESTS',
      'ANDON_AUDIT',
      'KV_ANDON_MAINTENANCE',
      'KV_ANDON_NAMES',
    ];
    // Its chain it reads message by message, as everybody who appends does.
    const isOwn = (subject: string) => subject.endsWith('MSG.GET.ANDON_AUDIT');
    const attempts = [
      ...names.flatMap((name) => verbs.map((verb) => `$JS.API.STREAM.${verb}.${name}`)),
      ...['$JS.API.STREAM.CREATE.ANDON_0', '$JS.API.STREAM.CREATE.EVIL'],
      ...['$JS.API.CONSUMER.CREATE.ANDON_0', '$JS.API.CONSUMER.CREATE.ANDON_0.c.>'],
      ...['$JS.API.SERVER.REMOVE', '$JS.API.ACCOUNT.PURGE.ANDON', '$SYS.REQ.SERVER.PING'],
      ...['$KV.ANDON_HOMES.plant-0', '$KV.ANDON_MAINTENANCE.request.r1', '$KV.ANDON_RESENDS.r1'],
      ...['request.r1.1', 'command.erp.c1', 'andon.0.tick', 'andon.0.model.works', 'live.x.y'],
      ...['telemetry.works.line1.press', 'andon.0.telemetry.works.line1.press', 'act.a.b.c.key.u1'],
      ...[
        'status.cmms.works.line1.press',
        'audit.worker.u1',
        'audit.backup.u1',
        'audit.chain.begin',
      ],
    ].filter((subject) => !isOwn(subject));
    const before = await stored();
    const refused = new Set<string>();
    void (async () => {
      for await (const status of backup.status()) {
        if (status.type === 'error' && 'subject' in status.error) {
          refused.add(String(status.error.subject));
        }
      }
    })();
    for (let index = 0; index < tries(attempts.length * 2, 20_000); index += 1) {
      backup.publish(attempts[index % attempts.length] ?? '', JSON.stringify({ seq: 1 }), {
        reply: attempts[(index * 7) % attempts.length] ?? '',
      });
      if (index % 200 === 199) await backup.flush();
    }
    await backup.flush();
    // Told of each by the connection's own queue, which is behind the answers of the server.
    const isTold = async () => refused.size >= new Set(attempts).size;
    await until('all refusals', 20_000, isTold).catch(() => undefined);
    expect([...refused].sort()).toEqual([...attempts].sort());
    expect(await stored()).toEqual(before);
  });

  test('hears no inbox but its own', async () => {
    const refused: string[] = [];
    for (const subject of ['>', '_INBOX.>', '_INBOX_worker.>', 'andon.>', '$KV.>', '$JS.>']) {
      backup.subscribe(subject, { callback: (error) => void (error && refused.push(subject)) });
    }
    await backup.flush();
    expect(refused).toHaveLength(6);
  });

  /** Messages of each stream. */
  async function stored(): Promise<Readonly<Record<string, number>>> {
    const found: Record<string, number> = {};
    for (const name of await allNames()) {
      found[name] = (await (await streams()).info(name)).state.last_seq;
    }
    return found;
  }

  async function allNames(): Promise<readonly string[]> {
    const names: string[] = [];
    for await (const name of (await streamManager(backup)).streams.names()) names.push(name);
    // What the worker may look at.
    return names.filter((name) => !/MAINTENANCE|RESENDS/.test(name));
  }
});
