import { expect, test } from 'vitest';
import { bearingNamed, bearingOrders } from '../../../operators/spectrum/bearing.ts';
import { diagnose } from '../../../operators/spectrum/diagnose.ts';
import { extract } from '../../../operators/spectrum/extract.ts';
import { chance, impacts, noise, RATE, shaking } from './machines.ts';

const BEARINGS = ['6205', '6306', '6308', '6204', '6210'];
/** How many signals are made up: `ANDON_SIGNALS=1000` for the whole figure. */
const SIGNALS = Number(process.env.ANDON_SIGNALS ?? 60);

/** A machine of known truth, from one seed: speed, bearing, resolution, noise and fault differ. */
function machineOf(seed: number) {
  const next = chance(seed);
  const pick = <T>(some: readonly T[]): T => some[Math.floor(next() * some.length)]!;
  const between = (low: number, high: number) => low + next() * (high - low);
  next();
  const rpm = between(900, 3_500);
  const shaft = rpm / 60;
  const bearing = bearingNamed(pick(BEARINGS))!;
  const orders = bearingOrders(bearing);
  const seconds = pick([1, 2, 4]);
  const slip = 1 + between(-0.01, 0.01);
  const strength = between(0.5, 5);
  const once = (order: number) => (time: number) =>
    1 + Math.cos(2 * Math.PI * order * shaft * time);
  const strike = (order: number, load?: (time: number) => number) => {
    const options = { seconds, strength, seed, jitter: between(0.001, 0.01) };
    return impacts(order * shaft * slip, load === undefined ? options : { ...options, load });
  };
  const level = between(4, 15);
  const shake = (tones: readonly (readonly [number, number])[]) => {
    return shaking(
      tones.map(([frequency, share]) => [frequency, share * level]),
      { seconds, noise: between(0.01, 0.1) },
    );
  };
  const made: Readonly<Record<string, () => Float32Array>> = {
    outer_race: () => strike(orders.outer_race),
    inner_race: () => strike(orders.inner_race, once(1)),
    rolling_element: () => strike(orders.rolling_element, once(orders.cage)),
    unbalance: () => shake([[shaft, 1]]),
    misalignment: () =>
      shake([
        [shaft, 0.7],
        [2 * shaft, 0.9],
        [3 * shaft, 0.2],
      ]),
    looseness: () => shake([0.5, 1, 1.5, 2, 2.5, 3, 4, 5].map((order) => [order * shaft, 0.35])),
    electrical: () =>
      shake([
        [100, 1],
        [shaft, 0.3],
      ]),
    vane: () =>
      shake([
        [7 * shaft, 1],
        [shaft, 0.2],
      ]),
    broadband: () => noise(seconds, between(2, 5), seed),
    nothing: () => noise(seconds, between(0.05, 0.3), seed),
  };
  const fault = pick(Object.keys(made));
  return { rpm, bearing, fault, samples: made[fault]!() };
}

test('of made-up machines none is named wrongly, and most are named', { timeout: 600_000 }, () => {
  const wrong: string[] = [];
  const tally = new Map<string, [named: number, all: number]>();
  for (let seed = 1; seed <= SIGNALS; seed++) {
    const { rpm, bearing, fault, samples } = machineOf(seed);
    const { verdict, also } = diagnose(extract(samples, RATE, 'g', rpm, bearing));
    const said = [verdict, ...also.map((other) => other.fault)];
    if (said.some((one) => one !== fault && one !== 'not_determined')) {
      wrong.push(`seed ${seed}: ${fault} at ${rpm.toFixed(0)} rpm is called ${said}`);
    }
    const [named, all] = tally.get(fault) ?? [0, 0];
    tally.set(fault, [named + (verdict === fault ? 1 : 0), all + 1]);
  }
  expect(wrong).toEqual([]);
  if (SIGNALS > 500) console.log(Object.fromEntries(tally));
  const faults = ['outer_race', 'inner_race', 'rolling_element', 'unbalance', 'misalignment'];
  const shares = faults.map((fault) => tally.get(fault) ?? [0, 0]);
  const [named, all] = [0, 1].map((at) => shares.reduce((sum, pair) => sum + pair[at]!, 0));
  expect(named! / all!).toBeGreaterThan(0.7);
});
