import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { jetstream } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { freePort } from '../pipelines/base/free-port.ts';
import { startReferenceErp } from '../pipelines/demo/reference-erp/reference-erp.ts';
import type { ReferenceServer } from '../pipelines/demo/reference-server.ts';
import { type Percentiles, percentilesOf } from './percentiles.ts';
import { loadAverage } from './process-use.ts';
import { type BenchStand, placed, startBenchStand, worksAt } from './stand.ts';

/** How much later than without that trouble a request may be in the CMMS, at the 99th percentile. */
const BAR = 1.2;
/** Milliseconds between two looks, and after which nobody waits any more. */
const LOOK = 250;
const MOST = 600_000;
const PART = '6205-2RS';

/**
 * `npm run bench -- erp-away [--minutes 30] [--calm 5] [--problems 200] [--json FILE]`: machines report a problem one after
 * the other, first with an ERP, then while it is away for so many minutes of the log; each problem is to be in the CMMS as
 * soon as ever. Then the ERP is back, and has to get all that it has missed. False when the 99th percentile is more than
 * 1.2 times as late, or a reservation is missing, double, or ahead of the question for its part.
 */
export async function erpAway(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '30' },
      calm: { type: 'string', default: '5' },
      problems: { type: 'string', default: '200' },
      json: { type: 'string' },
    },
  });
  const [problems, away, calm] = [Number(values.problems), values.minutes, values.calm];
  const port = await freePort();
  const profile = fileURLToPath(new URL('../examples/systems/erp.yaml', import.meta.url));
  const stand = await startBenchStand({
    cmms: true,
    systems: { erp: { profile, base: `http://127.0.0.1:${port}` } },
    env: { ERP_SECRET: 'reference' },
  });
  const open = () => startReferenceErp({ journal: join(stand.folder, 'erp.ndjson'), port });
  let erp: ReferenceServer | undefined = await open();
  const connection = await connect({ servers: stand.nats.url });
  try {
    await stand.worker.start();
    await ask(erp, 'PUT', 'parts', { id: PART, on_hand: 4 * problems, lead_time_days: 5 });
    const model = await placed(stand, 'plant.yaml', plantOf(problems));
    await stand.run(['apply', model, await placed(stand, 'rules.yaml', RULES)]);
    const undisturbed = await report(stand, connection, {
      from: 0,
      problems,
      minutes: Number(calm),
    });
    await held(erp, problems);
    await erp.close();
    erp = undefined;
    const disturbed = await report(stand, connection, {
      ...{ from: problems, problems, minutes: Number(away) },
    });
    erp = await open();
    const back = performance.now();
    const found = await held(erp, 2 * problems);
    const caughtUp = (performance.now() - back) / 1_000;
    const kept = {
      'as soon in the CMMS': disturbed.p99 <= BAR * undisturbed.p99,
      'none missing': found.missing === 0,
      'none double': found.doubled === 0,
      'in order': (await outOfOrder(stand, 2 * problems)) === 0,
    };
    const facts = { problems, minutes: Number(away), undisturbed, disturbed, found, caughtUp };
    const result = { ...facts, kept, load: loadAverage() };
    console.error(JSON.stringify(result, null, 2));
    if (values.json !== undefined) {
      writeFileSync(values.json, JSON.stringify({ erpAway: result }, null, 2));
    }
    return Object.values(kept).every(Boolean);
  } finally {
    await connection.close();
    await erp?.close();
    await stand.stop();
  }
}

const RULES = JSON.stringify({
  time: { disorder: '0s', idle: '1s', hold: '1s' },
  detectors: [
    {
      ...{ id: 'incident', kind: 'event', type: 'incident', raise: { severity: 'danger' } },
      clear: { type: 'incident-over' },
    },
  ],
  triggers: [
    {
      ...{ id: 'come', on: 'incident' },
      request: { kind: 'repair', priority: 'high', parts: [PART] },
    },
  ],
  workflows: [
    {
      ...{ id: 'part', mode: 'on' },
      steps: [
        {
          ...{ id: 'stock', do: 'erp.check-stock', deadline: '2h' },
          with: { part: 'request.parts[0]', quantity: 1 },
        },
        {
          ...{ id: 'reserve', after: ['stock'], when: 'steps.stock.short == 0', do: 'erp.reserve' },
          with: { part: 'request.parts[0]', quantity: 1 },
        },
      ],
    },
  ],
});

function plantOf(problems: number): string {
  const assets = Array.from({ length: 2 * problems }, (_, at) => ({ id: `m${at}` }));
  return JSON.stringify({ plants: [{ id: 'p1', lines: [{ id: 'l1', assets }] }] });
}

type Reports = { readonly from: number; readonly problems: number; readonly minutes: number };

/** From the report of a problem until it is in the CMMS. */
async function report(
  stand: BenchStand,
  connection: NatsConnection,
  { from, problems, minutes }: Reports,
): Promise<Percentiles> {
  const { cmms } = stand;
  if (cmms === undefined) throw new Error('expected a CMMS');
  const sent = new Map<string, number>();
  const begun = performance.now();
  for (let at = 0; at < problems; at += 1) {
    await pause(Math.max(0, begun + (at / problems) * minutes * 60_000 - performance.now()));
    const time = Date.now();
    const options = { headers: headers() };
    options.headers.set('Content-Type', 'application/json');
    const event = JSON.stringify({ time, type: 'incident', data: {} });
    await jetstream(connection).publish(`event.p1.l1.m${from + at}`, event, options);
    sent.set(`p1/l1/m${from + at}`, time);
  }
  const until = performance.now() + MOST;
  for (;;) {
    const works = (await worksAt(cmms)).filter(({ asset }) => sent.has(asset));
    if (works.length >= problems) {
      return percentilesOf(
        works.map(({ asset, created }) => Date.parse(created) - (sent.get(asset) ?? 0)),
      );
    }
    if (performance.now() > until)
      throw new Error(`${works.length} of ${problems} are in the CMMS`);
    await pause(LOOK);
  }
}

type Held = { readonly missing: number; readonly doubled: number };

/** Waits until the ERP has a reservation for each of so many requests. */
async function held(erp: ReferenceServer, requests: number): Promise<Held> {
  const until = performance.now() + MOST;
  for (;;) {
    const { reservations } = await ask<{ reservations: { reference: string }[] }>(
      erp,
      'GET',
      'objects',
    );
    const served = new Set(reservations.map(({ reference }) => reference)).size;
    const found = { missing: requests - served, doubled: reservations.length - served };
    if (found.missing === 0 || performance.now() > until) return found;
    await pause(LOOK);
  }
}

/** Requests whose steps did not follow each other as their workflow says, once all of them have landed. */
async function outOfOrder(stand: BenchStand, requests: number): Promise<number> {
  const client = stand.client();
  const until = performance.now() + MOST;
  const query = `SELECT request, arrayStringConcat(arrayMap(x -> x.2, arraySort(groupArray((position, concat(step, ' ', state))))), ', ') AS steps
    FROM andon.workflow_steps FINAL WHERE state IN ('asked', 'done') AND step != '' GROUP BY request`;
  try {
    for (;;) {
      const found = await client.query({ query, format: 'JSONEachRow' });
      const rows = await found.json<{ steps: string }>();
      const wrong = rows.filter(
        ({ steps }) => steps !== 'stock asked, stock done, reserve asked, reserve done',
      );
      if ((rows.length === requests && wrong.length === 0) || performance.now() > until) {
        return requests - rows.length + wrong.length;
      }
      await pause(LOOK);
    }
  } finally {
    await client.close();
  }
}

async function ask<T>(
  { url }: ReferenceServer,
  method: string,
  path: string,
  body?: object,
): Promise<T> {
  const response = await fetch(`${url}/admin/${path}`, {
    ...{
      method,
      headers: { Authorization: 'Bearer reference', 'Content-Type': 'application/json' },
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`);
  return (await response.json()) as T;
}
