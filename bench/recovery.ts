import { writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { caughtUpAfter, landedReadings, landedTo } from './landed-to.ts';
import { MOST_LAG, type Running, underLoad } from './load.ts';
import { plantFile, RULES_FILE } from './paced-plant.ts';
import { loadAverage } from './process-use.ts';
import { type BenchStand, placed, startBenchStand } from './stand.ts';

/** Seconds that are asked for. */
const BAR = 10;
/** A worker that takes so long did not come back at all. */
const MOST = 120;
const LOOK = 50;

/**
 * `npm run bench -- recovery [--rate 50000] [--assets 250] [--kills 5] [--between 20] [--json FILE]`: how long after kill
 * -9 (and an immediate start) a worker with its embedded warehouse is current again: what was in the stream at the
 * kill has landed, and no more than two epochs have not. False when one took longer than 10 s, or a reading is lost or
 * double.
 */
export async function recovery(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      assets: { type: 'string', default: '250' },
      rate: { type: 'string', default: '50000' },
      kills: { type: 'string', default: '5' },
      between: { type: 'string', default: '20' },
      json: { type: 'string' },
    },
  });
  const [assets, rate] = [Number(values.assets), Number(values.rate)];
  const [kills, between] = [Number(values.kills), Number(values.between)];
  const stand = await startBenchStand({});
  try {
    await stand.worker.start();
    const model = await placed(stand, 'plant.yaml', plantFile(assets));
    const rules = await placed(stand, 'rules.yaml', RULES_FILE);
    await stand.run(['apply', model, rules]);
    const load = { assets, rate, seconds: kills * (between + BAR) + between };
    const found = await underLoad(stand, load, async (running) => {
      const recovered: Recovered[] = [];
      for (let kill = 1; kill <= kills; kill += 1) {
        await pause(between * 1_000);
        const { answered, current } = await killed(stand, running);
        recovered.push({ answered, current });
        console.error(
          `kill ${kill}: answers after ${answered.toFixed(1)} s, current again after ${current.toFixed(1)} s`,
        );
      }
      const published = await running.done;
      const caughtUp = await caughtUpAfter(stand, await running.last());
      return { recovered, published, caughtUp, landed: await landedReadings(stand) };
    });
    const longest = Math.max(...found.recovered.map(({ current }) => current));
    const kept = {
      'current again within 10 s': longest <= BAR,
      'every reading landed once': found.landed === found.published.readings,
    };
    for (const [bar, is] of Object.entries(kept)) console.error(`${bar}: ${is ? 'yes' : 'NO'}`);
    const warnings = stand.worker.lines.slice(-50);
    const report = {
      recovery: { rate, assets, longest, ...found, kept, warnings, load: loadAverage() },
    };
    if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(report, null, 2));
    return Object.values(kept).every(Boolean);
  } finally {
    await stand.stop();
  }
}

/** Seconds from the kill until the new worker answers, and until it is current again. */
type Recovered = { readonly answered: number; readonly current: number };

async function killed(stand: BenchStand, { last, lag }: Running): Promise<Recovered> {
  const begun = performance.now();
  const target = await last();
  await stand.worker.kill();
  await stand.worker.start();
  const answered = (performance.now() - begun) / 1_000;
  for (;;) {
    const seconds = (performance.now() - begun) / 1_000;
    if ((await landedTo(stand)) >= target && (await lag()) <= MOST_LAG)
      return { answered, current: seconds };
    if (seconds > MOST) return { answered, current: MOST };
    await pause(LOOK);
  }
}
