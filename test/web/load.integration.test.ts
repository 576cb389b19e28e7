/** `npm run test:load`: what the page takes at a thousand machines. Times are told beside their bars, and fail nobody. */

import { loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { percentilesOf } from '../../bench/percentiles.ts';
import { useOf } from '../../bench/process-use.ts';
import { NO_BROWSER, startBrowser, visit } from './browser.ts';
import {
  type LoadStand,
  MACHINES,
  openUnseenPages,
  READINGS_A_SECOND,
  SAMPLES_OF_WEEK,
  SPIKE,
  startLoadStand,
  type UnseenPage,
  WEEK_OF,
  weekLanded,
} from './load-stand.ts';

/** Milliseconds that a view may take until it is none. */
const PATIENCE = 120_000;
const PAGES = 50;
const PAIRS = 9;
/** Seconds of each half of a pair. */
const HALF = Number(process.env.ANDON_LOAD_HALF ?? '10');
/** Hours of the page's clock. */
const HOURS = Number(process.env.ANDON_LOAD_HOURS ?? '24');
/** Of the bench's configuration. */
const EPOCH_SECONDS = 2;

let plant: LoadStand;
let browser: Browser;

/** `bar`: what it is to be at most. */
function tell(what: string, value: number, bar: number, unit: string): void {
  const verdict = value <= bar ? 'within' : 'beyond';
  const [found, most] = [value, bar].map((each) => Number(each.toPrecision(3)));
  const load = loadavg()[0]?.toFixed(1);
  console.log(`${what}: ${found} ${unit}, bar ${most} ${unit}: ${verdict} (load ${load})`);
}

const median = (values: readonly number[]) => percentilesOf(values).p50;

function signedIn(): Promise<{ page: Page; errors: string[]; close(): Promise<void> }> {
  return visit(browser, plant.url, 'page0', { password: plant.password });
}

describe.skipIf(NO_BROWSER !== undefined)(
  `a thousand machines (${NO_BROWSER ?? 'chromium'})`,
  () => {
    beforeAll(async () => {
      plant = await startLoadStand();
      browser = await startBrowser();
      const running = await plant.flood(20);
      await running.exited;
      await weekLanded(plant);
    }, 900_000);
    afterAll(async () => {
      await browser?.close();
      await plant?.stop();
    });

    test('the first view has every machine', { timeout: 600_000 }, async () => {
      const { page, close } = await signedIn();
      const state = await page.context().storageState();
      await close();
      const inNewBrowser = async (run: (context: BrowserContext) => Promise<void>) => {
        const context = await browser.newContext({ storageState: state });
        context.setDefaultTimeout(PATIENCE);
        const began = performance.now();
        try {
          await run(context);
          return performance.now() - began;
        } finally {
          await context.close();
        }
      };
      const drawn = 'new Promise((done) => requestAnimationFrame(() => setTimeout(done)))';
      const blanks: number[] = [];
      const views: number[] = [];
      for (let round = 0; round < 7; round += 1) {
        blanks.push(
          await inNewBrowser(async (context) => {
            const blank = await context.newPage();
            await blank.route('**/blank', (route) =>
              route.fulfill({
                contentType: 'text/html',
                body: '<!doctype html><title>blank</title>',
              }),
            );
            await blank.goto(`${plant.url}/blank`);
            await blank.evaluate(drawn);
          }),
        );
        views.push(
          await inNewBrowser(async (context) => {
            const view = await context.newPage();
            await view.goto(`${plant.url}/`, { waitUntil: 'commit' });
            await view.waitForFunction(`document.querySelectorAll('.tile').length === ${MACHINES}`);
            await view.evaluate(drawn);
          }),
        );
      }
      tell('first view beyond a blank page', median(views) - median(blanks), 500, 'ms');
    });

    test('a week of 1 Hz is as many points as asked, and keeps its one spike', {
      timeout: 600_000,
    }, async () => {
      const { line, asset, signal } = WEEK_OF;
      const { from, to } = plant.week;
      const client = plant.stand.client();
      const { page, close } = await signedIn();
      const [raws, answers]: [number[], number[]] = [[], []];
      try {
        for (let pair = 0; pair < PAIRS; pair += 1) {
          const query = `SELECT time, value FROM readings WHERE plant = 'bench' AND line = '${line}' AND asset = '${asset}'
          AND signal = '${signal}' AND time >= fromUnixTimestamp64Milli(${from}) AND time < fromUnixTimestamp64Milli(${to}) ORDER BY time`;
          const began = performance.now();
          const rows = await (await client.query({ query, format: 'JSONCompactEachRow' })).text();
          raws.push(performance.now() - began);
          expect(rows).toContain(String(SPIKE));
          // Another number of points is another question: no answer of before is given.
          const path = `./api/v1/assets/bench/${line}/${asset}/signals/${signal}?from=${from}&to=${to}&points=${1_000 - pair}`;
          const [took, points] = await page.evaluate<[number, { greatest: number[] }]>(
            `(async () => { const began = performance.now(); const answer = await fetch(${JSON.stringify(path)});
            const points = await answer.json(); return [performance.now() - began, points]; })()`,
          );
          answers.push(took);
          expect(points.greatest.length).toBeGreaterThan(500);
          expect(points.greatest.length).toBeLessThanOrEqual(1_000);
          expect(Math.max(...points.greatest)).toBe(SPIKE);
        }
        await page.goto(`${plant.url}/#/machine/bench/${line}/${asset}?hours=168`);
        await page.locator('.chart canvas').first().waitFor();
      } finally {
        await client.close();
        await close();
      }
      tell(
        `a week of ${SAMPLES_OF_WEEK} readings against the raw query`,
        median(answers) / median(raws),
        2,
        'times',
      );
    });

    test(`changes come to the screen at ${READINGS_A_SECOND} readings a second with ${PAGES} pages`, {
      timeout: 900_000,
    }, async () => {
      const running = await plant.flood(300);
      const { page, close } = await signedIn();
      let others: readonly UnseenPage[] = [];
      try {
        others = await openUnseenPages(plant, PAGES - 1);
        await page.locator('.tile a[href$="/machine1"]').waitFor();
        const took: number[] = [];
        for (let at = 0; at < 30; at += 1) {
          const [state, shown] = at % 2 === 0 ? ['HELD', 'Held'] : ['EXECUTE', 'Running'];
          const seen = page.evaluate<number>(`new Promise((done) => {
          const look = () => document.querySelector('.tile a[href$="/machine1"]')?.textContent.includes('${shown}')
            ? done(Date.now()) : requestAnimationFrame(look);
          look();
        })`);
          const time = Date.now();
          await plant.publisher.publish({
            subject: 'event.bench.line1.machine1',
            headers: { 'Content-Type': 'application/json' },
            payload: Buffer.from(JSON.stringify({ time, type: 'state', data: { state } })),
          });
          await plant.publisher.flush();
          took.push((await seen) - time);
        }
        expect(others.every((each) => each.heard() > 0)).toBe(true);
        tell(
          'a change on the screen, p95',
          percentilesOf(took).p95,
          (EPOCH_SECONDS + 1) * 1_000,
          'ms',
        );
      } finally {
        await Promise.all(others.map((each) => each.close()));
        await close();
        await running.stop(20_000);
      }
    });

    test('the worker does not notice pages', { timeout: 1_800_000 }, async () => {
      const running = await plant.flood(PAIRS * HALF * 2 + 240);
      const cpuOf = async (seconds: number) => {
        const pid = plant.stand.worker.pid() ?? 0;
        const before = useOf(pid)?.cpu ?? Number.NaN;
        await pause(seconds * 1_000);
        return (useOf(pid)?.cpu ?? Number.NaN) - before;
      };
      const ratios: number[] = [];
      try {
        for (let pair = 0; pair < PAIRS; pair += 1) {
          const withPages = async () => {
            const pages = await openUnseenPages(plant, PAGES);
            try {
              return await cpuOf(HALF);
            } finally {
              await Promise.all(pages.map((each) => each.close()));
            }
          };
          // Which half comes first changes, so that what grows meanwhile is in both.
          const first = pair % 2 === 0 ? await withPages() : await cpuOf(HALF);
          const second = pair % 2 === 0 ? await cpuOf(HALF) : await withPages();
          ratios.push(pair % 2 === 0 ? first / second : second / first);
        }
      } finally {
        await running.stop(20_000);
      }
      expect(ratios.every((each) => each > 0)).toBe(true);
      tell('CPU of the worker with pages and without', median(ratios), 1.05, 'times');
    });

    test(`${HOURS} hours of the page's clock leave its memory as it was`, {
      timeout: 1_800_000,
    }, async () => {
      const running = await plant.flood(1_200);
      const { page, errors, close } = await signedIn();
      try {
        const session = await page.context().newCDPSession(page);
        const heap = async () => {
          await session.send('HeapProfiler.collectGarbage');
          return (await session.send('Runtime.getHeapUsage')).usedSize;
        };
        await page.clock.install();
        const minutes = async (count: number) => {
          // Whatever is read anyway is read each minute, and what has changed besides.
          for (let at = 0; at < count; at += 1) await page.clock.runFor(60_000);
        };
        await minutes(60);
        const before = await heap();
        await minutes((HOURS - 1) * 60);
        const after = await heap();
        await page
          .locator('.tile')
          .nth(MACHINES - 1)
          .waitFor();
        expect(errors).toEqual([]);
        tell('growth of the heap', (after / before - 1) * 100, 10, '%');
      } finally {
        await close();
        await running.stop(20_000);
      }
    });
  },
);
