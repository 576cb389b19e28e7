import { afterAll, beforeAll, expect } from 'vitest';
import { rowsOf } from '../stand/landed.ts';
import { longTest } from '../support/long.ts';
import { startWorld, type World } from './world.ts';

const SIGNALS = Array.from({ length: 1_000 }, (_, at) => `t${at}`);

const MODEL = {
  id: 'p1',
  lines: [
    {
      id: 'l1',
      assets: ['press', 'lathe'].map((id) => ({
        ...{ id, signals: Object.fromEntries(SIGNALS.map((name) => [name, { unit: 'Cel' }])) },
      })),
    },
  ],
};

const RULES = {
  time: { disorder: '0s', idle: '1s', hold: '1s' },
  windows: [{ id: 'second', kind: 'tumbling', size: '1s' }],
  detectors: [
    {
      ...{ id: 'hot', kind: 'limit', signal: 't*', above: 75, window: 'second' },
      raise: { severity: 'alarm' },
    },
  ],
  triggers: [
    {
      ...{ id: 'replace', on: 'hot' },
      request: { kind: 'replacement', priority: 'high', parts: ['6205-2RS', 'SEAL-45'] },
    },
  ],
  workflows: [
    {
      ...{ id: 'both', mode: 'on' },
      steps: [
        {
          ...{ id: 'reserve', do: 'erp.reserve' },
          with: { part: 'request.parts[0]', quantity: 1 },
        },
        {
          ...{ id: 'requisition', do: 'erp.requisition', again: true },
          with: { part: 'request.parts[1]', quantity: 1 },
        },
      ],
    },
  ],
};

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await world.apply(MODEL, RULES);
});
afterAll(() => world?.stop());

/** Eleven seconds in which every signal of a machine is above its limit, told so many times a second. */
async function breach(asset: string, rate: number): Promise<void> {
  const begin = Date.now() - 11_000;
  const values = Object.fromEntries(SIGNALS.map((name) => [name, 90]));
  for (let at = 0; at < 11 * rate; at += 1) {
    const time = begin + Math.round((at * 1_000) / rate);
    await world.send(`telemetry.p1.l1.${asset}`, { time, values });
  }
}

/** What was asked of the ERP for the one request of a machine, and how many readings there were. */
async function askedFor(asset: string): Promise<{ calls: number; readings: number }> {
  const before = (await world.changesAsked()).length;
  await breach(asset, asset === 'press' ? 1 : 10);
  const request = await world.requestOf(asset);
  await world.untilStep(asset, 'reserve', 'done');
  await world.untilStep(asset, 'requisition', 'done');
  const commands = await world.commands(request);
  expect(commands.map(({ verb }) => verb).toSorted()).toEqual(['requisition', 'reserve']);
  const query = (rest: string) => `SELECT toUInt32(count()) AS found FROM {db}.${rest}`;
  const count = async (rest: string) =>
    (await rowsOf<{ found: number }>(world.stand, query(rest)))[0]?.found ?? 0;
  const where = `WHERE asset = '${asset}'`;
  expect(await count(`anomalies FINAL ${where} AND phase = 'raised'`)).toBe(SIGNALS.length);
  expect(await count(`windows FINAL ${where} AND min > 75`)).toBeGreaterThanOrEqual(10_000);
  const readings = await count(`readings ${where}`);
  return { calls: (await world.changesAsked()).length - before, readings };
}

longTest(
  'S1: 10,000 breaches on one machine: one request, one reservation, one requisition; ten times the telemetry, the same calls',
  600_000,
  async () => {
    const once = await askedFor('press');
    expect(await world.held()).toMatchObject({
      reservations: [{ part: '6205-2RS' }],
      requisitions: [{ part: 'SEAL-45' }],
    });
    const tenfold = await askedFor('lathe');
    expect(tenfold.readings).toBe(10 * once.readings);
    // A reservation, a requisition, and its submission.
    expect(once.calls).toBe(3);
    expect(tenfold.calls).toBe(once.calls);
    const { reservations, requisitions } = await world.held();
    expect([reservations.length, requisitions.length]).toEqual([2, 2]);
  },
);
