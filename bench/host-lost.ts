import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Service } from '../pipelines/stand/service.ts';
import { cursorOf, landedReadings } from './landed-to.ts';
import { framesPerEpoch, MOST_LAG, type Running, underLoad } from './load.ts';
import { plantFile, RULES_FILE } from './paced-plant.ts';
import { loadAverage } from './process-use.ts';
import { spreadOf } from './spread.ts';
import { type BenchStand, placed, startBenchStand } from './stand.ts';

/** Seconds until the lease of an owner that has gone ends: the term, and a renewal that was just under way. */
const TERM = 10;
/** A worker that takes so long did not come back at all. */
const MOST = 180;
const LOOK = 50;

type Host = { readonly service: Service; readonly directory: string };

/**
 * `npm run bench -- host-lost [--rate 75000] [--assets 250] [--pairs 3] [--between 15] [--json FILE]`: by turns a worker is
 * killed and started again where it was, and killed and lost with its directory, so that a worker of another host goes on
 * with an empty one. Seconds until it is current: what was in the stream at the kill has landed, and at most two epochs have
 * not. False when a lost host takes longer in the median than a restart and the term of the lease, or when a reading is lost
 * or double.
 */
export async function hostLost(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      assets: { type: 'string', default: '250' },
      rate: { type: 'string', default: '75000' },
      pairs: { type: 'string', default: '3' },
      between: { type: 'string', default: '15' },
      json: { type: 'string' },
    },
  });
  const [assets, rate] = [Number(values.assets), Number(values.rate)];
  const [pairs, between] = [Number(values.pairs), Number(values.between)];
  const stand = await startBenchStand({ warehouse: 'apart' });
  let host = hostOf(stand, 0);
  try {
    await host.service.start();
    const model = await placed(stand, 'plant.yaml', plantFile(assets));
    const rules = await placed(stand, 'rules.yaml', RULES_FILE);
    await stand.run(['apply', model, rules]);
    const seconds = pairs * 2 * (between + 2 * TERM);
    const found = await underLoad(stand, { assets, rate, seconds }, async (running) => {
      const restarted: number[] = [];
      const lost: number[] = [];
      for (let pair = 1; pair <= pairs; pair += 1) {
        await pause(between * 1_000);
        restarted.push(await currentAfter(running, rate, host, host));
        await pause(between * 1_000);
        const next = hostOf(stand, pair);
        lost.push(await currentAfter(running, rate, host, next));
        host = next;
        console.error(
          `pair ${pair}: restarted ${restarted.at(-1)?.toFixed(1)} s, lost ${lost.at(-1)?.toFixed(1)} s`,
        );
      }
      const published = await running.done;
      const last = await running.last();
      while ((await cursorOf(host.directory, 'plant')) < last) await pause(LOOK);
      return { restarted, lost, published, landed: await landedReadings(stand) };
    });
    const [restarted, lost] = [spreadOf(found.restarted), spreadOf(found.lost)];
    const kept = {
      'current within a restart and the term': lost.median <= restarted.median + TERM,
      'every reading landed once': found.landed === found.published.readings,
    };
    for (const [bar, is] of Object.entries(kept)) console.error(`${bar}: ${is ? 'yes' : 'NO'}`);
    const report = { host_lost: { rate, assets, restarted, lost, kept, load: loadAverage() } };
    console.log(JSON.stringify(report.host_lost));
    if (values.json !== undefined) await writeFile(values.json, JSON.stringify(report, null, 2));
    return Object.values(kept).every(Boolean);
  } finally {
    await host.service.stop();
    await stand.stop();
  }
}

/** All listen where the stand's worker would. */
function hostOf(stand: BenchStand, at: number): Host {
  const directory = join(stand.folder, `host-${at}`);
  return {
    directory,
    service: stand.twin({ ANDON_DIR: directory, ANDON_OWNER: `host-${at}` }),
  };
}

/** Seconds from the kill of one until the next is current; the directory of a host that does not come back is deleted. */
async function currentAfter(
  { last }: Running,
  rate: number,
  gone: Host,
  next: Host,
): Promise<number> {
  const begun = performance.now();
  const target = await last();
  await gone.service.kill();
  if (gone !== next) await rm(gone.directory, { recursive: true });
  const since = () => (performance.now() - begun) / 1_000;
  // As whatever supervises a worker: it ends with exit code 4 until the lease has.
  let isOver = true;
  for (;;) {
    if (isOver) {
      isOver = false;
      const life = next.service.live();
      life.then(
        () => {
          isOver = true;
        },
        () => undefined,
      );
    }
    const landed = await cursorOf(next.directory, 'plant');
    const behind = ((await last()) - landed) / framesPerEpoch(rate);
    if (landed >= target && behind <= MOST_LAG) return since();
    orLost(next, since());
    await pause(LOOK);
  }
}

function orLost({ service }: Host, seconds: number): void {
  if (seconds < MOST) return;
  const said = service.lines.slice(-5).join('\n');
  throw new Error(
    `expected a worker that is current after ${MOST} s, found one that said:\n${said}`,
  );
}
