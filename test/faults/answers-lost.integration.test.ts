import { describe, expect } from 'vitest';
import { disturbances } from '../stand/disturbances.ts';
import { expectOutcome } from '../stand/outcome.ts';
import type { Moment, Relay } from '../stand/relay.ts';
import type { Stand } from '../stand/stand.ts';
import { longTest } from '../support/long.ts';

const { calm, relayed } = disturbances();

/** A life of the worker that ends at this moment of one of its conversations. */
async function killedAt({ worker }: Stand, relay: Relay, moment: Moment): Promise<void> {
  const held = relay.hold(moment);
  const life = worker.live();
  const { cut } = await Promise.race([
    held,
    life.then(() => Promise.reject(new Error('it ended'))),
  ]);
  await worker.kill();
  cut();
  expect(await life).toEqual({ code: null, signal: 'SIGKILL' });
}

/** Not carried out; carried out, and nobody hears of it. */
function bothSides(ask: RegExp, answer: RegExp): readonly [Moment, Moment] {
  return [{ ask }, { ask, answer }];
}

const insertInto = (table: string) =>
  bothSides(new RegExp(`INSERT INTO \\S*\\b${table}\\b\\S* SETTINGS`), /^HTTP/);

describe('between worker and ClickHouse', () => {
  const TABLES = [
    ...['readings', 'waveforms', 'windows', 'features', 'anomalies'],
    ...['requests', 'request_history', 'dead_letters', 'epochs'],
  ];

  longTest(
    'an insert into any table is cut before and after it was carried out',
    240_000,
    async () => {
      const expected = await calm();
      const { stand, warehouse } = await relayed();
      const cutting = TABLES.map(async (table) => {
        for (const moment of insertInto(table)) (await warehouse.hold(moment)).cut();
      });
      await stand.worker.start();
      await Promise.all(cutting);
      await expectOutcome(stand, expected);
      const retries = stand.worker.lines.filter((line) => line.includes('"sink-retry"'));
      expect(retries.length).toBeGreaterThanOrEqual(2 * TABLES.length);
    },
  );

  longTest(
    'the worker is killed before and after the first, a middle and the last insert of an epoch',
    240_000,
    async () => {
      const expected = await calm();
      const { stand, warehouse } = await relayed();
      for (const table of ['readings', 'windows', 'epochs'])
        for (const moment of insertInto(table)) await killedAt(stand, warehouse, moment);
      await stand.worker.start();
      await expectOutcome(stand, expected);
    },
  );
});

describe('between worker and nats-server', () => {
  const revision = bothSides(/PUB request\./, /"stream": ?"ANDON_REQUESTS"/);
  const lease = bothSides(/PUB \$KV\.ANDON_LEASES\.plant-0/, /"stream": ?"KV_ANDON_LEASES"/);
  const commit = bothSides(/PUB commit\.plant\.0\.1/, /"stream": ?"ANDON_COMMITS"/);
  const home = bothSides(/PUB \$KV\.ANDON_HOMES\./, /"stream": ?"KV_ANDON_HOMES"/);
  const messages: Moment = { ask: /PUB \$JS\.API\.CONSUMER\.MSG\.NEXT\.ANDON_0/, answer: /HMSG/ };

  longTest(
    'a revision or commit is cut off before and after it was published, messages before they are taken',
    240_000,
    async () => {
      const expected = await calm();
      const { stand, nats } = await relayed();
      const cutting = [messages, ...commit, ...revision, messages, ...commit].map(
        (moment) => async () => {
          (await nats.hold(moment)).cut();
        },
      );
      const all = cutting.reduce((before, cut) => before.then(cut), Promise.resolve());
      await stand.worker.start();
      await all;
      await expectOutcome(stand, expected);
    },
  );

  longTest(
    'the worker is killed there, and before and after it says who and where it is',
    300_000,
    async () => {
      const expected = await calm();
      const { stand, nats } = await relayed();
      for (const moment of [
        ...lease,
        ...commit,
        messages,
        ...home,
        ...revision,
        ...commit,
        ...revision,
      ])
        await killedAt(stand, nats, moment);
      await stand.worker.start();
      await expectOutcome(stand, expected);
    },
  );

  longTest('silence before the worker has begun ends it with a sentence', 120_000, async () => {
    const { stand, nats } = await relayed();
    const silent = nats.hold({ ask: /\$JS\.API\.STREAM\.\w+\.KV_ANDON_HOMES/ });
    const life = stand.worker.live();
    const { cut } = await silent;
    expect((await life).code).toBe(3);
    cut();
    expect(stand.worker.lines.join('\n')).toMatch(/expected an answer, found .*start again/s);
  });

  longTest('silence while its log is being opened is left at SIGTERM', 120_000, async () => {
    const { stand, nats } = await relayed();
    const silent = nats.hold({ ask: /\$JS\.API\.CONSUMER\.CREATE\.ANDON_0\.andon-/ });
    const life = stand.worker.live();
    const { cut } = await silent;
    expect(await stand.worker.stop()).toEqual({ code: 0, signal: null });
    await life;
    cut();
  });
});

describe('between worker and CMMS', () => {
  const create = bothSides(/^POST \/api\/work-requests /, /^HTTP/);
  const change = bothSides(/^(PATCH|PUT) \/api\/work-requests/, /^HTTP/);

  longTest('a call is cut before and after it was carried out', 240_000, async () => {
    const expected = await calm();
    const { stand, cmms } = await relayed();
    const cutting = [create, change].map(async (moments) => {
      for (const moment of [...moments, ...moments]) (await cmms.hold(moment)).cut();
    });
    await stand.worker.start();
    await Promise.all(cutting);
    await expectOutcome(stand, expected);
  });

  longTest(
    'the worker is killed there, and before and after it has noted down that it is done',
    400_000,
    async () => {
      const expected = await calm();
      const { stand, cmms, nats } = await relayed();
      // Of three requests and their revisions each life uses up one or two calls.
      const call = bothSides(/^(POST|PATCH) \/api\/work-requests/, /^HTTP/);
      for (const moment of [...create, ...call]) await killedAt(stand, cmms, moment);
      for (const note of bothSides(
        /PUB \$KV\.ANDON_MAINTENANCE\.request/,
        /"stream": ?"KV_ANDON_MAINT/,
      )) {
        const carriedOut = cmms.hold(call[1]);
        const life = stand.worker.live();
        const held = await carriedOut;
        const noting = nats.hold(note);
        held.go();
        const { cut } = await noting;
        await stand.worker.kill();
        cut();
        await life;
      }
      await stand.worker.start();
      await expectOutcome(stand, expected, 90_000);
    },
  );
});
