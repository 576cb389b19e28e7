import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findLedger } from '../../pipelines/systems/ledger.ts';
import { rowsOf } from '../stand/landed.ts';
import { type PrintedNats, startPrintedNats } from '../stand/printed-nats.ts';
import { andon, askCmms, type Stand, startStand, until, worksAt } from '../stand/stand.ts';
import { MODEL, RULES } from '../support/plant-log.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const START = Math.floor(Date.now() / 10_000) * 10_000 - 300_000;
const plants = [MODEL, { ...MODEL, id: 'p2' }];
const folder = temporaryDirectory();
let nats: PrintedNats;
let stand: Stand;

beforeAll(async () => {
  nats = await startPrintedNats({ partitions: 1, plants: { plants } });
  const { nkey, inbox } = nats.settings('requests');
  const login = { ...nats.settings('worker'), delivery: { nkey, inbox } };
  stand = await startStand({
    nats: nats.server,
    status: true,
    config: { nats: login },
    ready: 'readyz',
  });
  await stand.worker.start();
});
afterAll(async () => {
  await stand?.stop();
  await nats?.stop();
});

/** Runs a command as a user of the printed configuration. */
function as(user: string, ...words: readonly string[]) {
  const { nkey = '', inbox = '', domain = '' } = nats.settings(user);
  const id = user.startsWith('engineer') ? 'engineer' : user === 'console' ? 'u9' : '';
  const login = { NATS_NKEY: nkey, NATS_INBOX: inbox, NATS_DOMAIN: domain, ANDON_USER: id };
  return andon(words, { ...stand.env, ...login });
}

function file(name: string, content: object): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(content));
  return path;
}

async function send(gateway: NatsConnection, subject: string, content: object): Promise<void> {
  const header = headers();
  header.set('Content-Type', 'application/json');
  await gateway.request(subject, JSON.stringify(content), { headers: header, timeout: 5_000 });
}

describe('two plants under the printed configuration', () => {
  test('an engineer applies model and rules of the own plant alone', async () => {
    const rules = file('rules.yaml', RULES);
    for (const plant of plants) {
      const path = file(`${plant.id}.yaml`, { plants: [plant] });
      const { code, out, err } = await as(`engineer.${plant.id}`, 'apply', path, rules);
      expect([code, err]).toEqual([0, '']);
      expect(out).toContain(`model.${plant.id} takes effect`);
    }
    const foreign = await as('engineer.p1', 'apply', join(folder, 'p2.yaml'));
    expect(foreign).toMatchObject({
      code: 3,
      err: expect.stringContaining('nats-server refuses this user'),
    });
  });

  test('what gateways of both send becomes one request each, and the CMMS alone says what became of it', async () => {
    for (const plant of ['p1', 'p2']) {
      const gateway = await nats.connect(`gateway.${plant}.l1`);
      await send(gateway, `event.${plant}.l1.press`, {
        time: START - 1_000,
        type: 'state',
        data: { state: 'EXECUTE' },
      });
      for (let second = 0; second < 120; second += 1) {
        const temperature = second < 60 ? 70 : 95;
        await send(gateway, `telemetry.${plant}.l1.press`, {
          time: START + second * 1_000,
          values: { temperature, vibration: (second % 4) / 4 },
        });
      }
    }
    await until(
      'the requests in the CMMS',
      60_000,
      async () => (await worksAt(stand)).length === 2,
    );
    const [work] = (await worksAt(stand)).filter(({ asset }) => asset.startsWith('p1/'));
    const idOf = () =>
      rowsOf<{ id: string }>(stand, "SELECT DISTINCT id FROM {db}.requests WHERE plant = 'p1'");
    await until('the row of the request', 60_000, async () => (await idOf()).length > 0);
    const id = (await idOf())[0]?.id;
    const gateway = await nats.connect('gateway.p1.l1');
    await send(gateway, 'event.p1.l1.press', {
      time: Date.now(),
      type: 'request',
      data: { id, status: 'completed' },
    });
    await askCmms(stand, 'POST', `/api/work-requests/${work?.id}/accept`, {});
    await until('the status', 30_000, async () => {
      const events = await rowsOf<{ system: string; data: string }>(
        stand,
        "SELECT system, data FROM {db}.machine_events WHERE kind = 'status'",
      );
      return events.some(
        ({ system, data }) => system === 'reference' && JSON.parse(data).status === 'accepted',
      );
    });
    const refused = () =>
      rowsOf<{ detail: string }>(
        stand,
        "SELECT detail FROM {db}.dead_letters WHERE reason = 'refused'",
      );
    await until('the dead letter', 90_000, async () => (await refused()).length > 0);
    expect((await refused())[0]?.detail).toContain('found it on event.p1.l1.press');
    const history = await rowsOf<{ status: string }>(
      stand,
      `SELECT DISTINCT action AS status FROM {db}.requests WHERE id = '${id}'`,
    );
    expect(history.map(({ status }) => status)).not.toContain('close');
  });

  test('a gateway publishes recordings without asking about streams, and nothing of others', async () => {
    const recording = (subject: string) => {
      const path = join(folder, 'recording.ndjson');
      writeFileSync(
        path,
        `${JSON.stringify({ subject, payload: { time: START, values: { temperature: 60 } } })}\n`,
      );
      return path;
    };
    const own = await as(
      'gateway.p1.l2',
      'publish',
      '--live',
      '--settle',
      '0s',
      recording('telemetry.p1.l2.fan'),
      '--json',
    );
    expect(own.err).toBe('');
    expect(JSON.parse(own.out)).toMatchObject({ acknowledged: 1 });
    const foreign = await as(
      'gateway.p1.l2',
      'publish',
      '--live',
      '--settle',
      '0s',
      recording('telemetry.p1.l1.press'),
    );
    expect(foreign).toMatchObject({
      code: 3,
      err: expect.stringContaining('expected to be permitted to publish it'),
    });
  });

  test('console and reader list requests; the console alone has one sent again', async () => {
    const listed = await as('read-only', 'requests', 'list', '--json');
    const [first, second] = JSON.parse(listed.out) as { id: string; delivery: string }[];
    expect([first?.delivery, second?.delivery]).toEqual(['sent', 'sent']);
    const id = first?.id ?? '';
    expect((await as('console', 'requests', 'show', id)).out).toContain(id);
    const ledger = await findLedger(await nats.connect('console'));
    const attemptsOf = async (of: string) => (await ledger?.get(of))?.entry?.attempts ?? 0;
    const attempts = await attemptsOf(id);
    expect((await as('read-only', 'requests', 'resend', id)).code).not.toBe(0);
    expect((await as('console', 'requests', 'resend', id)).code).toBe(0);
    await until('it to be sent again', 30_000, async () => (await attemptsOf(id)) > attempts);
  });

  test('who did what is in the audit stream, has landed, and is whole', async () => {
    const landed = () =>
      rowsOf<{ who: string; via: string; act: string; step: string }>(
        stand,
        "SELECT who, via, act, step FROM {db}.audit FINAL WHERE act IN ('apply', 'resend') ORDER BY sequence",
      );
    await until('the resend to land', 30_000, async () =>
      (await landed()).some(({ act, step }) => act === 'resend' && step === 'done'),
    );
    const rows = await landed();
    const of = (act: string, step: string) =>
      rows.filter((row) => row.act === act && row.step === step).length;
    // A model and rules of each plant, and one model that the server refused.
    expect([of('apply', 'intent'), of('apply', 'done'), of('apply', 'failed')]).toEqual([5, 4, 1]);
    expect(rows.filter(({ act }) => act === 'resend')).toEqual([
      { who: 'u9', via: 'console', act: 'resend', step: 'intent' },
      { who: 'u9', via: 'console', act: 'resend', step: 'done' },
    ]);
    const verified = await stand.andon(['audit', '--verify', '--config', stand.config]);
    expect(verified.out).toContain('the chain is whole');
    expect(verified).toMatchObject({ code: 0, err: '' });
    const listed = await as('console', 'audit', '--who', 'u9', '--json');
    expect(listed.out.trim().split('\n')).toHaveLength(2);
    const read = await as('read-only', 'audit');
    expect(read.code).not.toBe(0);
  });

  test('the doctor has nothing to say against it', async () => {
    const { out } = await stand.andon(['doctor', '--config', stand.config, '--json']);
    const findings = (JSON.parse(out) as { check: string; state: string; found: string }[]).filter(
      ({ check, state }) => /NATS|stream/.test(check) && state === 'fail',
    );
    expect(findings).toEqual([]);
  });
});
