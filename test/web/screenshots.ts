/** `npm run screenshots`: pictures of the page for docs/, taken while a demo runs. */

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { readConfig } from '../../pipelines/base/config.ts';
import { accountsOf } from '../../pipelines/console/console.ts';
import { NO_BROWSER, startBrowser, TELEPHONE, visit } from './browser.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const OUT = join(ROOT, 'docs/console');
const NAME = 'mia';
const PASSWORD = 'for pictures alone';
/** Milliseconds of the clock that the demo may take until it has something to show. */
const LONGEST = 400_000;

if (NO_BROWSER !== undefined) {
  console.error(`screenshots: ${NO_BROWSER}`);
  process.exit(3);
}
const folder = mkdtempSync(join(tmpdir(), 'andon-pictures-'));
const demo = spawn(process.execPath, ['scripts/andon.js', 'demo', '--keep', folder], {
  cwd: ROOT,
  stdio: ['ignore', 'ignore', 'inherit'],
});
try {
  await takePictures();
} finally {
  demo.kill('SIGKILL');
  await pause(5_000);
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 });
}

async function takePictures(): Promise<void> {
  const url = await running();
  mkdirSync(OUT, { recursive: true });
  const browser = await startBrowser();
  const options = { password: PASSWORD, screen: { width: 1280, height: 800 } };
  const light = await visit(browser, url, NAME, options);
  await light.page.locator('.look-first tbody tr').nth(3).waitFor({ timeout: LONGEST });
  await take(light.page, 'plant.png');
  await light.page.locator('.look-first th a').first().click();
  await light.page.locator('.vibration .chart canvas').nth(2).waitFor({ timeout: LONGEST });
  await take(light.page, 'machine.png');
  await light.page.getByRole('link', { name: 'Requests', exact: true }).click();
  await light.page.locator('.column .card').nth(2).waitFor({ timeout: LONGEST });
  // One with a workflow, whose systems have answered.
  await light.page.locator('.column .card a', { hasText: 'OUTER-RACE' }).first().click();
  await light.page.locator('.moment', { hasText: 'done' }).nth(1).waitFor({ timeout: LONGEST });
  await take(light.page, 'request.png');
  const places = [
    ['alarms', '.virtual-row'],
    ['rules?rule=hot', '.slider'],
    ['health', '.flow'],
  ] as const;
  for (const [place, selector] of places) {
    await light.page.goto(`${url}/#/${place}`);
    await light.page.locator(selector).first().waitFor({ timeout: 120_000 });
    if (place === 'alarms') await light.page.locator(selector).first().click();
    await take(light.page, `${place.split('?')[0]}.png`, false);
  }
  const dark = { ...options, dark: true, screen: TELEPHONE, language: 'de-DE' };
  const telephone = await visit(browser, url, NAME, dark);
  await telephone.page.locator('.look-first tbody tr').first().waitFor();
  await take(telephone.page, 'telephone-dark-german.png', false);
  await browser.close();
}

/** The demo with an account for this; gives where the page is. */
async function running(): Promise<string> {
  const until = performance.now() + LONGEST;
  while (performance.now() < until) {
    await pause(1_000);
    try {
      const config = readConfig(join(folder, 'andon.yaml'), {});
      const url = `http://127.0.0.1:${config.console.port}`;
      await fetch(`${url}/healthz`);
      await accountsOf(config).put(NAME, PASSWORD, [{ role: 'engineer' }]);
      return url;
    } catch {
      // It is still starting.
    }
  }
  throw new Error('expected the demo to start its page');
}

async function take(page: Page, name: string, fullPage = true): Promise<void> {
  // What came last is drawn.
  await pause(2_500);
  await page.screenshot({ path: join(OUT, name), fullPage, animations: 'disabled' });
}
