import { setTimeout as sleep } from 'node:timers/promises';
import { Kvm } from '@nats-io/kv';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Request } from '../../../operators/model/request.ts';
import type { EventTime } from '../../../operators/model/time.ts';
import { BUCKETS } from '../../../pipelines/nats/streams.ts';
import { newEntry } from '../../../pipelines/systems/entry.ts';
import { askResend } from '../../../pipelines/systems/ledger.ts';
import type { CmmsConfig } from '../../../sinks/remote/config.ts';
import { askReference, freshRequest, type Plant, startPlant } from './systems-support.ts';

let plant: Plant;
beforeAll(async () => {
  plant = await startPlant();
});
afterAll(() => plant.close());

const calm = { script: [] };
const until = { timeout: 10_000, interval: 25 };
const dealtWith = (request: Request) =>
  expect.poll(async () => (await plant.entry(request.id))?.revision, until).toBe(request.revision);

/** Runs the pipeline while something goes on, and drains it. */
async function running(work: () => Promise<void>, changes?: Partial<CmmsConfig>): Promise<void> {
  const run = plant.run(changes);
  try {
    await work();
  } finally {
    await run.stop();
    await plant.misbehave(calm);
  }
}

describe('the delivery of requests', () => {
  it('makes one object of a request, and each revision changes it, in order', async () => {
    const request = freshRequest();
    const second = { ...request, revision: 2, action: 'update', priority: 'urgent' } as const;
    const third = { ...request, revision: 3, action: 'close', because: 'all clear' } as const;
    await running(async () => {
      await plant.send(request);
      await dealtWith(request);
      await plant.send(second, third);
      await dealtWith(third);
    });
    const works = await plant.works(request.id);
    expect(works).toHaveLength(1);
    expect(works[0]).toMatchObject({
      title: request.title,
      description: request.description,
      priority: 'EMERGENCY',
      parts: ['6205-2RS'],
      revision: 2,
      comments: ['Revision 3: all clear'],
    });
    const entry = await plant.entry(request.id);
    expect(entry).toMatchObject({ delivery: 'sent', delivered: 3, sending: null, attempts: 3 });
    expect(entry?.history.map(({ outcome }) => outcome)).toEqual(['created', 'written', 'written']);
  });

  it('shows slot, order and cost over there, and clears a slot that is gone', async () => {
    const hour = 3_600_000_000;
    const at = (hours: number) => (1_795_330_800_000_000 + hours * hour) as EventTime;
    const request: Request = {
      ...freshRequest(),
      slot: { start: at(1), end: at(3), entry: 'c-1', kind: 'changeover' },
      current: { order: 'O-1', operation: '', product: 'lid', due: at(5), end: at(4) },
      stop: { cost: 8_400.5, cost_in_slot: 0, currency: 'EUR', done: at(6), late: true },
    };
    await running(async () => {
      await plant.send(request);
      await dealtWith(request);
      expect((await plant.works(request.id))[0]).toMatchObject({
        ...{ planned_start: '2026-11-22T08:00:00Z', planned_end: '2026-11-22T10:00:00Z' },
        ...{ production_order: 'O-1', order_due: '2026-11-22T12:00:00Z', stop_cost: 8_400.5 },
      });
      const second = { ...request, revision: 2, action: 'update', slot: null } as const;
      await plant.send(second);
      await dealtWith(second);
    });
    expect((await plant.works(request.id))[0]).toMatchObject({
      ...{ planned_start: null, planned_end: null, production_order: 'O-1' },
    });
  });

  it('ends with one object when the answer is cut after the commit', async () => {
    const request = freshRequest();
    await plant.misbehave({
      script: [{ fault: 'commit-then-cut', method: 'POST', delay: 0, times: 1 }],
    });
    const before = await plant.posts();
    await running(async () => {
      await plant.send(request);
      await dealtWith(request);
    });
    expect(await plant.works(request.id)).toHaveLength(1);
    expect((await plant.posts()) - before).toBe(1);
    const entry = await plant.entry(request.id);
    expect(entry?.history.map(({ outcome }) => outcome)).toEqual(['unknown', 'found']);
  });

  it('ends with one object when the call is cut before the commit', async () => {
    const request = freshRequest();
    await plant.misbehave({
      script: [{ fault: 'cut-before-commit', method: 'POST', delay: 0, times: 2 }],
    });
    await running(async () => {
      await plant.send(request);
      await dealtWith(request);
    });
    expect(await plant.works(request.id)).toHaveLength(1);
    expect((await plant.entry(request.id))?.attempts).toBe(3);
  });

  it.each(['slow-then-commit', 'commit-then-slow'] as const)(
    'ends with one object when the answer comes too late (%s)',
    async (fault) => {
      const request = freshRequest();
      await plant.misbehave({ script: [{ fault, method: 'POST', delay: 450, times: 1 }] });
      await running(
        async () => {
          await plant.send(request);
          await dealtWith(request);
        },
        { timeout: 300 },
      );
      expect(await plant.works(request.id)).toHaveLength(1);
    },
  );

  it('waits for the call of a killed process before it looks for what came of it', async () => {
    const request = freshRequest();
    await plant.misbehave({
      script: [{ fault: 'slow-then-commit', method: 'POST', delay: 200, times: 1 }],
    });
    // What a process leaves that is killed while its call is under way.
    const config = { external_key: request.id, title: request.title };
    const underWay = askReference(plant.cmms.url)('POST', '/api/work-requests', config);
    const sending = { revision: 1, what: 'create', until: Date.now() + 1_500 } as const;
    await plant.ledger.put({ ...newEntry(request.id, request), sending, attempts: 1 }, 0);
    await running(async () => {
      await plant.send(request);
      await dealtWith(request);
    });
    await underWay;
    expect(await plant.works(request.id)).toHaveLength(1);
    expect((await plant.entry(request.id))?.history.map(({ outcome }) => outcome)).toEqual([
      'found',
    ]);
  });

  it.each(['garbage', 'commit-then-error', 'error'] as const)(
    'ends with one object when the answer makes no sense (%s)',
    async (fault) => {
      const request = freshRequest();
      await plant.misbehave({ script: [{ fault, method: 'POST', delay: 0, times: 1 }] });
      await running(async () => {
        await plant.send(request);
        await dealtWith(request);
      });
      expect(await plant.works(request.id)).toHaveLength(1);
    },
  );

  it('waits as long as it is told to in a storm of 429', async () => {
    const requests = Array.from({ length: 6 }, () => freshRequest());
    await plant.misbehave({
      script: [{ fault: 'too-many', delay: 0, retry_after: 0.4, times: 10 }],
    });
    const begun = performance.now();
    await running(async () => {
      await plant.send(...requests);
      await Promise.all(requests.map(dealtWith));
    });
    // Four at a time are refused: ten refusals are three rounds.
    expect(performance.now() - begun).toBeGreaterThan(1_100);
    for (const { id } of requests) expect(await plant.works(id)).toHaveLength(1);
  });

  it('leaves a CMMS alone that says 503, and delivers when it is back', async () => {
    const requests = Array.from({ length: 6 }, () => freshRequest());
    await plant.misbehave({ script: [{ fault: 'unavailable', delay: 0, times: 12 }] });
    await running(async () => {
      await plant.send(...requests);
      await Promise.all(requests.map(dealtWith));
    });
    for (const { id } of requests) expect(await plant.works(id)).toHaveLength(1);
    const notes = plant.recorded.flatMap((one) =>
      one.kind === 'request-delayed' ? [one.note] : [],
    );
    expect(notes.some((note) => note.startsWith('left alone for'))).toBe(true);
  });

  it('shows what is rejected, with its history, tries the next revision, and sends again', async () => {
    const request = freshRequest({ title: '' });
    const second = {
      ...request,
      revision: 2,
      action: 'update',
      title: 'Now with a title',
    } as const;
    await running(async () => {
      await plant.send(request);
      await dealtWith(request);
      const entry = await plant.entry(request.id);
      expect(entry).toMatchObject({ delivery: 'rejected', delivered: 0, remote: null });
      expect(entry?.history.at(-1)).toMatchObject({ what: 'create', outcome: 'rejected' });
      expect(entry?.history.at(-1)?.note).toMatch(/^422 .*title/);
      await plant.send(second);
      await dealtWith(second);
    });
    expect(await plant.works(request.id)).toMatchObject([{ title: 'Now with a title' }]);
    expect(await plant.entry(request.id)).toMatchObject({ delivery: 'sent', delivered: 2 });
    expect(plant.recorded).toContainEqual(
      expect.objectContaining({ kind: 'request-rejected', id: request.id, revision: 1 }),
    );
  });

  it('takes an endless error for a refusal, and does not hold up the others', async () => {
    const bad = freshRequest({ ids: {}, priority: 'urgent' });
    const good = freshRequest();
    await plant.misbehave({ script: [{ fault: 'error', method: 'POST', delay: 0, times: 5 }] });
    await running(async () => {
      await plant.send(bad);
      await dealtWith(bad);
      await plant.send(good);
      await dealtWith(good);
    });
    expect(await plant.entry(bad.id)).toMatchObject({ delivery: 'rejected', attempts: 5 });
    expect(await plant.works(good.id)).toHaveLength(1);
  });

  it('sends the urgent first when many wait', async () => {
    const low = Array.from({ length: 3 }, () => freshRequest({ priority: 'low' }));
    const urgent = freshRequest({ priority: 'urgent' });
    await plant.send(...low, urgent);
    const from = plant.recorded.length;
    const run = plant.run({ concurrency: 1 });
    await Promise.all([...low, urgent].map(dealtWith));
    await run.stop();
    const settled = plant.recorded
      .slice(from)
      .flatMap((one) => (one.kind === 'request-settled' ? [one.id] : []));
    expect(settled[0]).toBe(urgent.id);
  });

  it('brings each change of the status back into the log, once', async () => {
    const request = freshRequest();
    const statuses = async () =>
      (await plant.events(request.id)).map(({ data }) => (data as { status: string }).status);
    await running(async () => {
      await plant.send(request);
      await expect.poll(statuses, until).toEqual(['requested']);
      const [work] = await plant.works(request.id);
      for (const action of ['accept', 'start', 'complete', 'close']) {
        const before = (await statuses()).length;
        await plant.act(work?.id ?? '', action);
        await expect.poll(async () => (await statuses()).length, until).toBe(before + 1);
      }
    });
    await running(() => sleep(300));
    expect(await statuses()).toEqual(['requested', 'accepted', 'started', 'completed', 'closed']);
    const [event] = await plant.events(request.id);
    expect(event).toMatchObject({
      subject: 'status.reference.berlin.packing.filler-1',
      type: 'request',
      data: { id: request.id, status: 'requested', remote: expect.stringMatching(/^WR-/) },
    });
  });

  it('goes on when the nats-server was killed and is back', async () => {
    const [before, after] = [freshRequest(), freshRequest()];
    await running(async () => {
      await plant.send(before);
      await dealtWith(before);
      await plant.nats.kill();
      await plant.nats.restart();
      await expect
        .poll(
          () =>
            plant.send(after).then(
              () => true,
              () => false,
            ),
          until,
        )
        .toBe(true);
      await expect
        .poll(async () => (await plant.entry(after.id))?.revision, {
          timeout: 30_000,
          interval: 50,
        })
        .toBe(1);
    });
    expect(await plant.works(before.id)).toHaveLength(1);
    expect(await plant.works(after.id)).toHaveLength(1);
  });

  it('says of an entry that it cannot read what to do, and carries on with the others', async () => {
    const [damaged, other] = [freshRequest(), freshRequest()];
    const bucket = await new Kvm(plant.connection).open(BUCKETS.ledger.name);
    await bucket.put(`request.${damaged.id}`, '{"id": "torn');
    const from = plant.recorded.length;
    await running(async () => {
      await plant.send(damaged, other);
      await dealtWith(other);
      const remedies = () =>
        plant.recorded
          .slice(from)
          .map((one) => (one.kind === 'maintenance-trouble' ? one.error.message : ''));
      const remedy = `nats kv del ${BUCKETS.ledger.name} request.${damaged.id}`;
      await expect.poll(() => remedies().join(), until).toContain(remedy);
      await bucket.purge(`request.${damaged.id}`);
      await dealtWith(damaged);
    });
    expect(await plant.works(damaged.id)).toHaveLength(1);
  });

  it('leaves a request to the CMMS that took it, which another worker describes', async () => {
    const [taken, other] = [freshRequest(), freshRequest()];
    const over = { remote: 'WO-1', revision: 1, delivered: 1, delivery: 'sent' } as const;
    const entry = { ...newEntry(taken.id, taken, 'elsewhere'), ...over };
    await plant.ledger.put(entry, 0);
    // Of an entry that is there when it begins, and of one that comes while its revision waits.
    const late = freshRequest();
    await running(async () => {
      await plant.ledger.put({ ...newEntry(late.id, late, 'elsewhere'), ...over }, 0);
      await askResend(plant.connection, late.id);
      await plant.send({ ...taken, revision: 2, action: 'update' });
      await plant.send({ ...late, revision: 2, action: 'update' }, other);
      await dealtWith(other);
    });
    expect(await plant.works(taken.id)).toEqual([]);
    expect(await plant.works(late.id)).toEqual([]);
    expect(await plant.entry(taken.id)).toEqual(entry);
    expect(await plant.ledger.resends()).toContain(late.id);
    await plant.ledger.resent(late.id);
  });

  it('takes over what a CMMS has open that it succeeds: finds what was moved, makes the rest', async () => {
    const [moved, left, over] = [freshRequest(), freshRequest(), freshRequest()];
    const had = { remote: 'WO-1', revision: 1, delivered: 1, delivery: 'sent' } as const;
    for (const request of [moved, left, over]) {
      const status = request === over ? 'closed' : 'accepted';
      const entry = { ...newEntry(request.id, request, 'elsewhere'), ...had, status } as const;
      await plant.ledger.put(entry, 0);
      await plant.send(request);
    }
    // It was over there before its end was brought.
    await plant.send({ ...over, revision: 2, action: 'close' });
    const { id: external_key, title, asset } = moved;
    const made = { external_key, title, asset };
    await askReference(plant.cmms.url)('POST', '/api/work-requests', made);
    const second = { ...moved, revision: 2, action: 'update', title: 'It is louder' } as const;
    await running(
      async () => {
        await plant.send(second);
        await dealtWith(second);
        await expect.poll(async () => (await plant.works(left.id)).length, until).toBe(1);
      },
      { succeeds: ['elsewhere'] },
    );
    const [work, ...doubles] = await plant.works(moved.id);
    expect([work?.title, doubles]).toEqual(['It is louder', []]);
    expect(await plant.entry(moved.id)).toMatchObject({ system: 'reference', remote: work?.id });
    expect(await plant.works(left.id)).toHaveLength(1);
    expect(await plant.works(over.id)).toEqual([]);
    expect(await plant.entry(over.id)).toMatchObject({
      ...{ system: 'elsewhere', remote: 'WO-1', revision: 1 },
    });
  });

  it('keeps a second process waiting, and hands over at the end of the first', async () => {
    const first = plant.run();
    const request = freshRequest();
    await plant.send(request);
    await dealtWith(request);
    const from = plant.recorded.length;
    const second = plant.run();
    await expect
      .poll(
        () => plant.recorded.slice(from).map((one) => one.kind === 'maintenance-owned' && one.own),
        until,
      )
      .toContain(false);
    await first.stop();
    const next = freshRequest();
    await plant.send(next);
    await dealtWith(next);
    await second.stop();
    expect(await plant.works(next.id)).toHaveLength(1);
  });
});
