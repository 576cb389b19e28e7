import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Misbehaviour } from '../../pipelines/demo/misbehaviour.ts';
import { ensureCommands, ensureRequests } from '../../pipelines/nats/streams.ts';
import { runSystems } from '../../pipelines/systems/systems.ts';
import { createWebhooks, type Webhooks } from '../../pipelines/systems/webhooks.ts';
import { signedWebhook, startLog, WEBHOOK_SECRET } from '../pipelines/systems/systems-support.ts';
import {
  firstOfEach,
  type HttpRelay,
  nextCalls,
  type RelayedCall,
  startHttpRelay,
} from '../stand/http-relay.ts';
import { longSuite, longTest } from '../support/long.ts';
import { COUNTERPARTS, type Counterpart, type Running, type Work } from './counterparts.ts';

/** Milliseconds for one test. */
const LIMIT = 180_000;
const until = { timeout: 60_000, interval: 50 };
/** Nobody looks within a test: what is known was said by a webhook. */
const NEVER = '1h';

/** As many calls as a system sees that is away for ten minutes: five open the breaker, which then tries every 10 s. */
const TEN_MINUTES = 65;

const fault = (name: Misbehaviour['fault'], delay = 0): Misbehaviour => ({ fault: name, delay });

type Plant = {
  readonly running: Running;
  readonly relay: HttpRelay;
  readonly webhooks: Webhooks;
  readonly connection: NatsConnection;
  /** Begins to carry out; what is returned ends it. */
  run(every: string): () => Promise<void>;
  close(): Promise<void>;
};

async function startFaultyPlant(counterpart: Counterpart): Promise<Plant> {
  const { nats, connection } = await startLog();
  await ensureRequests(connection);
  await ensureCommands(connection);
  const running = await counterpart.start();
  const relay = await startHttpRelay(running.url);
  const webhooks = createWebhooks(() => undefined);
  return {
    ...{ running, relay, webhooks, connection },
    run(every) {
      const ending = new AbortController();
      const options = running.options(relay.url, every);
      const environment = { ...options.environment, WEBHOOK_SECRET };
      const carrying = runSystems({
        ...{ connection, ...options, environment, webhooks },
        ...{ record: () => undefined, signal: ending.signal, term: 300 },
      });
      return async () => {
        ending.abort();
        await carrying;
      };
    },
    async close() {
      await relay.close();
      await connection.close();
      await running.stop();
      await nats.stop();
    },
  };
}

function faultsOf(counterpart: Counterpart): void {
  let plant: Plant;
  let stop: () => Promise<void> = async () => {};
  beforeAll(async () => {
    plant = await startFaultyPlant(counterpart);
  });
  afterAll(() => plant?.close());
  beforeEach(() => plant.relay.fail(() => undefined));
  afterEach(async () => {
    await stop();
    stop = async () => {};
  });

  /** What is told of each, once all of it was said. */
  async function untilTold(works: readonly Work[], words: readonly string[]): Promise<void> {
    for (const work of works) await expect.poll(() => work.told(), until).toEqual(words);
  }
  async function expectThere(works: readonly Work[], state: string): Promise<void> {
    for (const { key } of works) expect(await plant.running.objects(key)).toEqual([state]);
  }

  /** Two works side by side, each made and taken back: one object each, and each word once and in order. */
  async function carriedOut(): Promise<void> {
    const { connection, running } = plant;
    const { made, ended, there } = running.words;
    const works = [running.work(connection), running.work(connection)];
    for (const work of works) await work.make();
    stop = plant.run('100ms');
    await untilTold(works, made);
    await expectThere(works, there[0]);
    for (const work of works) await work.end();
    await untilTold(works, [...made, ...ended]);
    await stop();
    await expectThere(works, there[1]);
    await untilTold(works, [...made, ...ended]);
  }

  const makes = ({ method, url, body }: RelayedCall) =>
    counterpart.makes.test(`${method} ${url} ${body}`);
  const { timeout } = counterpart;

  const struck = (what: Misbehaviour) => async () => {
    plant.relay.fail(firstOfEach(what));
    await carriedOut();
  };
  const slow = (what: 'commit-then-slow' | 'slow-then-commit', times: number) => async () => {
    plant.relay.fail(firstOfEach(fault(what, times * timeout), makes));
    await carriedOut();
  };
  const away = (what: 'unavailable' | 'too-many') => async () => {
    const { next, over } = nextCalls(TEN_MINUTES, fault(what));
    plant.relay.fail(next);
    await carriedOut();
    expect(over()).toBe(true);
  };

  test('the answer to each call is cut after it was carried out', struck(fault('commit-then-cut')));
  for (const [what, run] of [
    ['each call is refused once with 429', struck({ ...fault('too-many'), retry_after: 0.05 })],
    ['each call is cut before it is carried out', struck(fault('cut-before-commit'))],
    ['each answer is an error, after it was carried out', struck(fault('commit-then-error'))],
    ['what is made is answered after three times the time-out', slow('commit-then-slow', 3)],
    ['what is made is made when nobody waits any more', slow('slow-then-commit', 1.5)],
    ['it answers 503 for ten minutes', away('unavailable')],
    ['it answers 429 for ten minutes', away('too-many')],
  ] as const) {
    longTest(what, LIMIT, run);
  }

  test('webhooks come doubled and out of order: each state is told once', async () => {
    const { connection, running, webhooks } = plant;
    const { made, changed } = running.words;
    const work = running.work(connection);
    await work.make();
    stop = plant.run(NEVER);
    await untilTold([work], made);
    await running.change(work.key);
    const { cmms, systems } = running.options('http://nobody', NEVER);
    const [name] = [cmms ?? systems ?? []].flat().map((one) => one.name);
    const now = Math.floor(Date.now() / 1_000);
    // The first is that of the change; others, of before it, come later.
    for (const time of [now, now, now - 60, now, now - 120, now - 60]) {
      const body = JSON.stringify({ type: 'changed', time });
      const answer = webhooks.receive(name ?? '', signedWebhook(body, time), Buffer.from(body));
      expect(answer.code).toBe(202);
    }
    await untilTold([work], [...made, changed]);
    await stop();
    expect(await work.told()).toEqual([...made, changed]);
  });
}

const [first, ...others] = COUNTERPARTS;
describe(`faults of the ${first?.name}`, () => faultsOf(first as Counterpart));
for (const one of others) {
  longSuite(`faults of the ${one.name}`, () => faultsOf(one), one.lacks);
}
