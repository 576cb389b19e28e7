import { setTimeout as delay } from 'node:timers/promises';
import { Kvm } from '@nats-io/kv';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXIT, Problem } from '../../../../pipelines/base/problem.ts';
import {
  awaitLease,
  type Holder,
  takeLease,
} from '../../../../pipelines/worker/ownership/lease.ts';
import { startNats, type TestNats } from '../../../stand/nats.ts';
import { type Relay, startRelay } from '../../../stand/relay.ts';

const TERM = 900;
const expected = 'a partition that no other worker holds';
const hall7: Holder = { owner: 'hall-7', host: 'hall-7', directory: '/var/andon/plant-0' };
const hall8: Holder = { owner: 'hall-8', host: 'hall-8', directory: '/var/andon/plant-0' };

let server: TestNats;
let relay: Relay;
const connections: NatsConnection[] = [];
let one: NatsConnection;
let two: NatsConnection;
/** Its conversation with the server can be held. */
let behind: NatsConnection;

async function connected(port = server.port): Promise<NatsConnection> {
  const options = { maxReconnectAttempts: -1, reconnectTimeWait: 50, timeout: 1_000 };
  const connection = await connect({ servers: `127.0.0.1:${port}`, ...options });
  connections.push(connection);
  return connection;
}

beforeAll(async () => {
  server = await startNats();
  relay = await startRelay(server.port);
  [one, two, behind] = await Promise.all([connected(), connected(), connected(relay.port)]);
});

afterAll(async () => {
  await Promise.all(connections.map((connection) => connection.close()));
  relay.close();
  await server.stop();
});

function take(connection: NatsConnection, key: string, me: Holder) {
  return takeLease({ connection, key, expected, me, term: TERM });
}

async function revisionOf(key: string): Promise<number> {
  const bucket = await new Kvm(two).open('ANDON_LEASES');
  return (await bucket.get(key))?.revision ?? 0;
}

function lossOf(lost: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    lost.addEventListener('abort', () => resolve(lost.reason), { once: true });
  });
}

describe('a lease', () => {
  test('refuses who comes second, with the name of its holder, for as long as it is renewed', async () => {
    const first = await take(one, 'second-0', hall7);
    const taken = await revisionOf('second-0');
    // Five thirds of its term.
    for (let renewals = 0, seen = taken; renewals < 5; ) {
      await delay(TERM / 30);
      const now = await revisionOf('second-0');
      if (now !== seen) renewals += 1;
      seen = now;
    }
    const refused = take(two, 'second-0', hall8);
    await expect(refused).rejects.toMatchObject({
      exit: EXIT.owned,
      message:
        'second-0: expected a partition that no other worker holds, found that hall-7 on hall-7 holds it ' +
        '(/var/andon/plant-0). Stop that process; if it is already gone, wait 0.9 s and start again.',
    });
    expect(first.lost.aborted).toBe(false);
    await first.release();
  });

  test('is free at once after a release', async () => {
    await (await take(one, 'released-0', hall7)).release();
    await (await take(two, 'released-0', hall8)).release();
  });

  test('goes at once to who comes back to its own directory on its own host', async () => {
    const gone = await connected();
    await take(gone, 'again-0', hall7);
    await gone.close();
    // Nothing is waited for: whoever finds it held by somebody else is refused.
    const again = await take(two, 'again-0', { ...hall7, owner: 'hall-7, started again' });
    await again.release();
  });

  test('ends by itself after its term when its holder died', async () => {
    const dying = await connected();
    await take(dying, 'died-0', hall7);
    const holders: string[] = [];
    let died = false;
    const next = await awaitLease({
      ...{ connection: two, key: 'died-0', expected, me: hall8 },
      signal: AbortSignal.timeout(20_000),
      onHeld(owner) {
        holders.push(owner);
        died = true;
        void dying.close();
      },
    });
    expect([holders, died]).toEqual([['hall-7'], true]);
    await next.release();
  });

  test('is lost, with the name of who took it, by a holder that was paused for longer than its term', async () => {
    const paused = await take(behind, 'paused-0', hall7);
    const loss = lossOf(paused.lost);
    // What a paused process leaves: no renewal in time, so that the entry is gone before it wakes up.
    const { go } = await relay.hold({ ask: /PUB \$KV\.ANDON_LEASES\.paused-0/ });
    const bucket = await new Kvm(two).open('ANDON_LEASES');
    await bucket.purge('paused-0');
    const next = await take(two, 'paused-0', hall8);
    go();
    const problem = await loss;
    expect(problem).toBeInstanceOf(Problem);
    expect(String(problem)).toContain('found that hall-8 on hall-8 holds it');
    await paused.release();
    await expect(take(one, 'paused-0', hall7)).rejects.toThrow('hall-8');
    await next.release();
  });

  test('is begun again when its term passed and nobody took it', async () => {
    const kept = await take(one, 'begun-0', hall7);
    const bucket = await new Kvm(two).open('ANDON_LEASES');
    await bucket.purge('begun-0');
    await expect.poll(async () => (await bucket.get('begun-0'))?.operation).toBe('PUT');
    expect(kept.lost.aborted).toBe(false);
    await kept.release();
  });

  test('outlives a restart of the server', async () => {
    const kept = await take(one, 'restart-0', hall7);
    await server.restart();
    const bucket = await new Kvm(await connected()).open('ANDON_LEASES');
    const revision = async () => (await bucket.get('restart-0'))?.revision ?? 0;
    const before = await revision();
    await expect.poll(revision, { timeout: 10_000 }).toBeGreaterThan(before);
    expect(kept.lost.aborted).toBe(false);
    await expect(take(await connected(), 'restart-0', hall8)).rejects.toThrow('hall-7');
    await kept.release();
  });

  test('is waited for until the signal says that it no longer matters', async () => {
    const first = await take(one, 'waiting-0', hall7);
    const stop = new AbortController();
    const waiting = awaitLease({
      ...{ connection: two, key: 'waiting-0', expected, me: hall8 },
      signal: stop.signal,
      onHeld: () => stop.abort(),
    });
    await expect(waiting).rejects.toThrow(/abort/);
    await first.release();
  });
});
