import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jetstream } from '@nats-io/jetstream';
import { connect, headers, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import { pack } from 'msgpackr';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checksOf, landedTo, rowsOf } from '../stand/landed.ts';
import { andon, askCmms, type Stand, startStand, until, worksAt } from '../stand/stand.ts';
import { MODEL, RULES } from '../support/plant-log.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/** Milliseconds of the first frame: long enough ago that all of it happened before it is sent. */
const START = Math.floor(Date.now() / 10_000) * 10_000 - 300_000;
const PRESS = 'telemetry.p1.l1.press';

let stand: Stand;
let connection: NatsConnection;
let last = 0;

async function send(subject: string, payload: Uint8Array, more?: MsgHdrs): Promise<void> {
  const options = more === undefined ? {} : { headers: more };
  last = (await jetstream(connection).publish(subject, payload, options)).seq;
}

async function sendJson(subject: string, content: object): Promise<void> {
  const more = headers();
  more.set('Content-Type', 'application/json');
  await send(subject, Buffer.from(JSON.stringify(content)), more);
}

/** A frame so many seconds after the start. */
function frame(second: number, values: Record<string, unknown>): Buffer {
  return pack({ time: START + second * 1_000, values });
}

function counted(producer: string, sequence: number): MsgHdrs {
  const more = headers();
  more.set('Andon-Producer', producer);
  more.set('Andon-Sequence', `${sequence}`);
  return more;
}

async function landed(): Promise<void> {
  await until('everything to land', 40_000, async () => (await landedTo(stand)) >= last);
}

beforeAll(async () => {
  stand = await startStand({ status: true });
  await stand.worker.start();
  connection = await connect({ servers: stand.nats.url });
});
afterAll(async () => {
  await connection?.close();
  await stand?.stop();
});

describe('a live log, with everything that goes wrong in plants', () => {
  test('model and rules are applied into it', async () => {
    const folder = temporaryDirectory();
    const files = ['plant.yaml', 'rules.yaml'].map((name) => join(folder, name));
    writeFileSync(files[0] ?? '', JSON.stringify({ plants: [MODEL] }));
    writeFileSync(files[1] ?? '', JSON.stringify(RULES));
    const { code, err } = await andon(['apply', ...files], stand.env);
    expect(err).toBe('');
    expect(code).toBe(0);
  });

  test('what is right lands, and what is wrong becomes a dead letter under its reason', async () => {
    await sendJson('event.p1.l1.press', {
      time: START - 1_000,
      type: 'state',
      data: { state: 'EXECUTE', order: '4711', product: 'lid' },
    });
    const now = Date.now();
    await sendJson('schedule.p1.l1', {
      entries: [{ id: 'co', kind: 'changeover', start: now + 7_200_000, end: now + 10_800_000 }],
    });
    for (let second = 0; second < 120; second += 1) {
      const temperature = second < 60 ? 70 : 95;
      await send(PRESS, frame(second, { temperature, vibration: (second % 4) / 4 }));
      if (second !== 100) continue;
      await sendJson('event.p1.l1.press', { time: START + 100_000, type: 'acknowledged' });
    }
    // The same bytes twice, and the same number of a producer twice.
    await send(PRESS, frame(119, { temperature: 95, vibration: 0.75 }));
    await send('telemetry.p1.l1.pump', frame(1, { temperature: 60 }), counted('gate/1', 7));
    await send('telemetry.p1.l1.pump', frame(1, { temperature: 61 }), counted('gate/1', 7));
    // Bytes that are no message; a map without a time; bytes that claim to be JSON.
    await send(PRESS, Buffer.from([0xc1, 0xff, 0x00]));
    await send(PRESS, pack({ values: { temperature: 70 } }));
    await sendJson(PRESS, ['no', 'object']);
    await send('telemetry.p1.l1.ghost', frame(1, { temperature: 60, vibration: 1 }));
    await send('telemetry.p9.l1.press', frame(1, { temperature: 60 }));
    await send(PRESS, frame(120, { temperature: 95, pressure: 4 }));
    await send(PRESS, frame(121, { temperature: Number.NaN, vibration: 0.5 }));
    await send(PRESS, pack({ time: Date.now() + 600_000, values: { temperature: 70 } }));
    // A minute behind the correction of the rules.
    await send(PRESS, frame(3.5, { temperature: 70 }));
    await landed();

    const deadLetters = await rowsOf<{ reason: string; source: string; count: number }>(
      stand,
      "SELECT reason, source, toUInt32(sum(count)) AS count FROM {db}.dead_letters WHERE source != '' " +
        // Counted once in each minute of append time, and what is sent here is minutes old.
        "AND reason != 'out-of-step' GROUP BY ALL ORDER BY ALL",
    );
    expect(deadLetters.map(({ reason, source, count }) => `${count} ${reason} ${source}`)).toEqual([
      // The two readings of the repeated frame.
      '2 duplicate telemetry.p1.l1.press',
      '1 duplicate telemetry.p1.l1.pump',
      // The line had no source at first, so its time was close to now: patterns do not see what is older.
      '2 late p1/l1/press',
      '3 malformed telemetry.p1.l1.press',
      '1 not-finite telemetry.p1.l1.press',
      '1 skew telemetry.p1.l1.press',
      '1 too-late telemetry.p1.l1.press',
      '2 unknown telemetry.p1.l1.ghost',
      '1 unknown telemetry.p1.l1.press',
      '1 unknown telemetry.p9.l1.press',
    ]);
    const readings = await rowsOf(
      stand,
      'SELECT asset, signal, toUInt32(count()) AS count FROM {db}.readings GROUP BY ALL ORDER BY ALL',
    );
    expect(readings).toEqual([
      { asset: 'press', signal: 'pressure', count: 1 },
      { asset: 'press', signal: 'temperature', count: 122 },
      { asset: 'press', signal: 'vibration', count: 121 },
      { asset: 'pump', signal: 'temperature', count: 1 },
    ]);
    expect(await checksOf(stand)).toEqual({});
  });

  test('the hot press is one request, whose fate in the CMMS comes back into the log', async () => {
    await until('the request in the CMMS', 20_000, async () => (await worksAt(stand)).length > 0);
    const [work, ...others] = await worksAt(stand);
    expect(others).toEqual([]);
    expect(work).toMatchObject({ asset: 'p1/l1/press', status: 'NEW' });
    expect(work?.description).toContain('4711');
    await askCmms(stand, 'POST', `/api/work-requests/${work?.id}/accept`, {});
    await until('the status', 20_000, async () => {
      const events = await rowsOf<{ data: string }>(
        stand,
        "SELECT data FROM {db}.machine_events WHERE type = 'request' AND asset = 'press'",
      );
      return events.some(({ data }) => JSON.parse(data).status === 'accepted');
    });
    expect(await worksAt(stand)).toHaveLength(1);
  });
});
