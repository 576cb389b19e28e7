import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Request } from '../../operators/model/request.ts';
import { plant } from '../../pipelines/plant.ts';
import { CmmsAndLedger, WHOLE_WAY } from '../support/crashes/cmms-and-ledger.ts';
import { crashLog } from '../support/crashes/crash-log.ts';
import { type DeliverySchedule, deliverySchedule } from '../support/crashes/delivery-schedule.ts';
import { plainOracle } from '../support/crashes/plain-oracle.ts';
import { runDeliveries } from '../support/crashes/run-deliveries.ts';
import { RUN } from '../support/in-process-worker.ts';
import { runs } from '../support/long.ts';

/** How many schedules, and where chance begins: for a long run, and to see a failure again. */
const SCHEDULES = Number(process.env.ANDON_CRASHES ?? runs(100));
const SEED = process.env.ANDON_CRASHES_SEED;

/** Requests as the pipeline makes them, each with its revisions. Of two that share an id, the later one. */
const KNOWN = [...new Map([1, 2, 3, 4].flatMap((seed) => [...requestsOf(seed)])).values()];

describe('law 5 under crashes, on the other side', () => {
  test('each request becomes one object that has each revision once, and what becomes of it is told once', async () => {
    const seen = new Map<string, number>();
    const count = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1);
    await fc.assert(
      fc.asyncProperty(deliverySchedule, async (schedule) => {
        const arrivals = arrivalsOf(schedule);
        const outside = new CmmsAndLedger();
        const { ends, recorded } = await runDeliveries(schedule.lives, arrivals, outside);
        const requests = arrivals.map(({ request }) => request);
        expect(wrongAt(outside, requests)).toEqual([]);
        for (const end of ends) count(end);
        for (const { kind } of recorded) count(kind);
      }),
      { numRuns: SCHEDULES, ...(SEED === undefined ? {} : { seed: Number(SEED) }) },
    );
    if (SCHEDULES < 50) return;
    // Otherwise nothing was tried.
    for (const [what, least] of Object.entries(LEAST)) {
      expect(seen.get(what), what).toBeGreaterThan((least * SCHEDULES) / 100);
    }
  }, 1_800_000);
});

/** What at least happens in a hundred schedules. */
const LEAST = {
  ...{ kill: 50, 'request-settled': 200, 'request-delayed': 50, 'maintenance-trouble': 50 },
  'request-status': 200,
};

/** Some of the known requests, their revisions in order, mixed as they arrive. */
function arrivalsOf({ from, requests, gaps }: DeliverySchedule) {
  const chosen = Array.from(
    { length: Math.min(requests, KNOWN.length) },
    (_, i) => KNOWN[(from + i) % KNOWN.length] ?? [],
  );
  const all = chosen.flat().sort((a, b) => a.revision - b.revision);
  let at = 0;
  return all.map((request, index) => {
    at += 1_000 * (gaps[index % gaps.length] ?? 0);
    return { at, request };
  });
}

/** What is wrong in the CMMS and in the log, in words. */
function wrongAt(outside: CmmsAndLedger, requests: readonly Request[]): string[] {
  const statuses = outside.statuses;
  const wrong = outside.contradictions.map((name) => `other content came under ${name}`);
  for (const [id, revisions] of byId(requests)) {
    const works = outside.find(id);
    const expected = revisions.map(({ revision }) => revision).join();
    const found = works.map((work) => work.revisions.join()).join(' and ');
    if (found !== expected)
      wrong.push(`request ${id}: expected revisions ${expected}, found ${found}`);
    if (works[0]?.title !== revisions.at(-1)?.title)
      wrong.push(`request ${id}: not the last title`);
    const told = statuses.get(id) ?? [];
    const inOrder = WHOLE_WAY.filter((status) => told.includes(status));
    if (told.join() !== inOrder.join() || told.at(-1) !== WHOLE_WAY.at(-1)) {
      wrong.push(`request ${id}: the log was told ${told.join()}`);
    }
  }
  if (outside.works.length !== byId(requests).size) wrong.push('works too many');
  return wrong;
}

function requestsOf(seed: number): Map<string, Request[]> {
  const { revisions } = plainOracle(crashLog(seed, 100), plant, new Set(), RUN);
  return byId(revisions.map((text): Request => JSON.parse(text)));
}

function byId(requests: readonly Request[]): Map<string, Request[]> {
  const groups = new Map<string, Request[]>();
  for (const request of requests) {
    groups.set(request.id, [...(groups.get(request.id) ?? []), request]);
  }
  return groups;
}
