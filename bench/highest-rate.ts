import { caughtUpAfter } from './landed-to.ts';
import { type Load, MOST_LAG, underLoad } from './load.ts';
import type { BenchStand } from './stand.ts';

/** The publisher itself could not keep the pace: the machine was full. */
const MOST_BEHIND = 1_000;
const BISECTIONS = 2;
const SETTLE_SECONDS = 300;

/**
 * The highest steady rate in readings a second whose rows are at most two epochs behind after the seconds of a try:
 * doubled until one is not, then bisected. 0 when the first one is too high.
 */
export async function highestRate(
  stand: BenchStand,
  { assets, seconds, rate: first }: Load,
  say: (line: string) => void,
): Promise<number> {
  const fits = async (rate: number) => {
    const { lag, behind } = await underLoad(stand, { assets, rate, seconds }, async (running) => {
      const { behindMilliseconds } = await running.done;
      const lag = await running.lag();
      await caughtUpAfter(stand, await running.last(), SETTLE_SECONDS);
      return { lag, behind: behindMilliseconds };
    });
    say(`${rate} readings/s for ${seconds} s: ${lag.toFixed(2)} epochs behind at the end`);
    return lag <= MOST_LAG && behind <= MOST_BEHIND;
  };
  let low = 0;
  let high = first;
  while (await fits(high)) {
    low = high;
    high *= 2;
  }
  for (let step = 0; step < BISECTIONS && low > 0; step += 1) {
    const middle = (low + high) / 2;
    if (await fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}
