import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Request } from '../../operators/model/request.ts';
import { checksOf, landedTo, rowsOf } from '../stand/landed.ts';
import {
  andon,
  ROOT,
  type Stand,
  startStand,
  until,
  untilPublished,
  worksAt,
} from '../stand/stand.ts';
import { madeUpBearing } from '../support/made-up-bearing.ts';
import { realData, shared } from '../support/real-data.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const FILES = ['--model', `${ROOT}examples/pronostia/plant.yaml`];
FILES.push('--rules', `${ROOT}examples/pronostia/rules.yaml`);
const START = Date.UTC(2012, 0, 1) * 1_000;

type Decision = { readonly table: string; readonly line: string };
type Anomaly = {
  readonly id: string;
  readonly phase: string;
  readonly revision: number;
  readonly time: number;
  readonly severity: string;
};

/** Backtests a recording: its decisions in order. */
async function decisionsOf(recording: string): Promise<Decision[]> {
  const { code, out, err } = await andon(['backtest', ...FILES, '--data', recording]);
  expect(err).toContain('dead letters: none');
  expect(code).toBe(0);
  return out
    .trim()
    .split('\n')
    .map((line) => {
      const [, table = '', rest = ''] = /^\{"table":"(\w+)",(.*)$/.exec(line) ?? [];
      return { table, line: `{${rest}` };
    });
}

function parsed<T>(decisions: readonly Decision[], table: string): T[] {
  return decisions.filter((one) => one.table === table).map(({ line }) => JSON.parse(line));
}

/** All columns of a table that a backtest tells, with times as it tells them; with the message that caused the row. */
async function decidedRows(stand: Stand, table: string): Promise<Record<string, unknown>[]> {
  const columns = await rowsOf<{ name: string; type: string }>(
    stand,
    `SELECT name, type FROM system.columns WHERE database = 'andon' AND table = '${table}'`,
  );
  const told = columns
    .filter(({ name }) => !['stream', 'run', 'appended'].includes(name))
    .map(({ name, type }) => {
      if (type.startsWith('DateTime64'))
        return `toFloat64(toUnixTimestamp64Micro(\`${name}\`)) AS \`${name}\``;
      return type === 'UInt64' ? `toFloat64(\`${name}\`) AS \`${name}\`` : `\`${name}\``;
    });
  // The alias of a time column must not be what the order is by.
  return rowsOf(stand, `SELECT ${told.join(', ')} FROM {db}.${table}`);
}

const INPUTS = [
  {
    name: 'the recorded bearing 1_1',
    needs: 'pronostia/Bearing1_1_raw_i16.bin',
    recording: async () => `${ROOT}examples/recordings/pronostia-bearing1_1.yaml`,
    features: 2_804,
    seconds: 28_030,
  },
  {
    name: 'a made-up bearing',
    needs: undefined,
    recording: async () =>
      madeUpBearing({ folder: temporaryDirectory(), snapshots: 300, from: 180 }),
    features: 600,
    seconds: 3_000,
  },
];

describe.each(INPUTS)(
  '$name, published through NATS',
  ({ needs, recording, features, seconds }) => {
    const absent = needs !== undefined && shared(`data/${needs}`) === undefined;
    let stand: Stand;
    let decisions: Decision[];

    beforeAll(async () => {
      if (absent) return;
      const file = await recording();
      decisions = await decisionsOf(file);
      stand = await startStand();
      const began = performance.now();
      const [first] = await Promise.all([
        andon(['publish', '--replay', ...FILES, file, '--json'], stand.env),
        // The stream is a replay: the publisher makes it, and the worker takes what it finds.
        untilPublished(stand).then(() => stand.worker.start()),
      ]);
      const { last } = JSON.parse(first.out);
      await until('everything to land', 60_000, async () => (await landedTo(stand)) >= last);
      const took = performance.now() - began;
      console.log(`${last} messages published and landed in ${(took / 1_000).toFixed(1)} s`);
    });
    afterAll(async () => {
      await stand?.stop();
    });

    function needed(context: Parameters<typeof realData>[1]): void {
      if (needs !== undefined) realData(needs, context);
    }

    test('every waveform has landed, and every one has its features', async (context) => {
      needed(context);
      const [waveforms] = await rowsOf(
        stand,
        'SELECT toUInt32(count()) AS rows, toUInt32(uniqExact(point, time)) AS different, ' +
          'toUInt32(min(length(samples))) AS samples FROM {db}.waveforms',
      );
      expect(waveforms).toEqual({ rows: features, different: features, samples: 2_560 });
      const [described] = await rowsOf(
        stand,
        'SELECT toUInt32(count()) AS rows, toUInt32(uniqExact(point, time)) AS different, ' +
          // A tenth of a second is three turns of the shaft: too short for its lines alone.
          "toUInt32(countIf(`values`['velocity_rms'] > 0 AND arrayAll(" +
          "name -> match(name, '^velocity_[123]x$'), mapKeys(absent)))) AS whole FROM {db}.features",
      );
      expect(described).toEqual({ rows: features, different: features, whole: features });
      expect(await checksOf(stand)).toEqual({});
      expect(await rowsOf(stand, 'SELECT * FROM {db}.dead_letters')).toEqual([]);
    });

    test('an anomaly lasts to the end of its life, and none is in the first third', async (context) => {
      needed(context);
      const rows = await rowsOf<{ id: string; raised: number; cleared: number }>(
        stand,
        'SELECT id, toFloat64(min(toUnixTimestamp64Micro(time))) AS raised, ' +
          "toUInt32(countIf(phase = 'cleared')) AS cleared FROM {db}.anomalies GROUP BY id",
      );
      const lasting = rows.filter(({ cleared }) => cleared === 0);
      const first = (Math.min(...rows.map(({ raised }) => raised)) - START) / 1e6;
      const lasts = (Math.min(...lasting.map(({ raised }) => raised)) - START) / 1e6;
      console.log(`${lasts} s after the start, ${seconds - lasts} s before the end`);
      expect(lasts).toBeLessThan(seconds);
      expect(first).toBeGreaterThan(seconds / 3);
    });

    test('the CMMS has exactly one work request, with the last of its dense revisions', async (context) => {
      needed(context);
      const requests = parsed<Request>(decisions, 'requests');
      const last = requests.at(-1);
      expect(new Set(requests.map(({ id }) => id)).size).toBe(1);
      expect(requests.map(({ revision }) => revision)).toEqual(requests.map((_, at) => at + 1));
      expect(last?.evidence.length).toBeGreaterThan(0);
      await until('the last revision in the CMMS', 20_000, async () => {
        return (await worksAt(stand)).at(0)?.revision === last?.revision;
      });
      const works = await worksAt(stand);
      expect(works).toMatchObject([
        { external_key: last?.id, title: last?.title, parts: ['test-bearing'], status: 'NEW' },
      ]);
      expect(works[0]?.description).toContain('vibration_acceleration_middle_rms');
    });

    test('a backtest gives the same anomalies and incidents, column by column', async (context) => {
      needed(context);
      for (const table of ['anomalies', 'incidents']) {
        const landed = await decidedRows(stand, table);
        const told = parsed<Anomaly>(decisions, table);
        const nameOf = ({ id, revision }: Partial<Anomaly>) => `${id} ${revision ?? ''}`;
        const sequences = new Map(landed.map((row) => [nameOf(row), Number(row.sequence)]));
        const order = told.map((row) => sequences.get(nameOf(row)) ?? -1);
        expect(order, 'in the order of the log').toEqual([...order].sort((a, b) => a - b));
        const rows = new Map(landed.map(({ sequence, ...row }) => [nameOf(row), row]));
        expect(told.map((row) => rows.get(nameOf(row)))).toEqual(told);
        expect(landed.length).toBe(told.length);
        expect(told.length).toBeGreaterThan(0);
      }
    });

    test('a backtest gives the same requests, byte for byte, as the warehouse and the outbox hold', async (context) => {
      needed(context);
      const told = decisions.filter(({ table }) => table === 'requests').map(({ line }) => line);
      const landed = await rowsOf<{ request: string }>(
        stand,
        'SELECT request FROM {db}.request_history ORDER BY sequence, id, revision',
      );
      expect(landed.map(({ request }) => request)).toEqual(told);
      expect(await outboxOf(stand.nats.url)).toEqual(told);
    });
  },
);

test('bearing 3_3, under the same rules: one request, nothing in the first third', async (context) => {
  realData('pronostia/Bearing3_3_raw_i16.bin', context);
  const decisions = await decisionsOf(`${ROOT}examples/recordings/pronostia-bearing3_3.yaml`);
  const anomalies = parsed<Anomaly>(decisions, 'anomalies');
  const first = ((anomalies[0]?.time ?? 0) - START) / 1e6;
  console.log(`bearing 3_3: ${first} s after the start, ${4_340 - first} s before the end`);
  expect(first).toBeGreaterThan(4_340 / 3);
  expect(new Set(parsed<Request>(decisions, 'requests').map(({ id }) => id)).size).toBe(1);
});

/** The bodies of all messages of the outbox, in order. */
async function outboxOf(servers: string): Promise<string[]> {
  const connection = await connect({ servers });
  try {
    const { streams } = await jetstreamManager(connection);
    const { state } = await streams.info('ANDON_REQUESTS');
    const bodies: string[] = [];
    for (let seq = 1; seq <= state.last_seq; seq += 1) {
      bodies.push((await streams.getMessage('ANDON_REQUESTS', { seq }))?.string() ?? '');
    }
    return bodies;
  } finally {
    await connection.close();
  }
}
