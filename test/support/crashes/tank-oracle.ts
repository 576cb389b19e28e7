import { unpack } from 'msgpackr';
import type { Message } from '../../../operators/model/message.ts';
import { TANK, WINDOW } from './crash-log.ts';
import type { Outside } from './outside.ts';

type Reading = { readonly sequence: number; readonly time: number; readonly value: number };

/** Milliseconds that the source's time is behind, and that machines of one line may be apart. */
const DISORDER = 2_000;
const APART = 15_000;

/**
 * What is wrong with the tank's rows, by arithmetic over its messages alone: no engine, no operator, no epoch.
 * Readings: each message once. Windows: five seconds of them. Anomalies: raised by the first window whose mean is over
 * the limit, cleared by the first whose mean is not.
 */
export function tankDifferences(
  outside: Outside,
  messages: readonly Message[],
  poison: ReadonlySet<number>,
): string[] {
  const readings = readingsIn(messages, poison);
  const heard = Math.max(...readings.map(({ time }) => time));
  const expectedWindows = windowsOf(readings);
  const phases = phasesOf(expectedWindows);

  const tank = (table: string) =>
    outside
      .rows(table)
      .filter(({ asset, signal }) => asset === TANK.asset && signal === TANK.signal);
  const windows = tank('windows').filter((row) => row.window === 'short');
  const anomalies = tank('anomalies').filter(({ rule }) => rule === TANK.rule);
  const over = (end: number) => end <= Math.floor((heard - DISORDER) / 1_000) * 1_000;
  const told = anomalies
    .map(({ time, phase, value }) => `${milliseconds(time)} ${phase} ${value}`)
    .sort();
  const due = phases.filter(({ time }) => time <= heard - APART);
  return [
    ...unequal(
      'readings of the tank',
      tank('readings').map(({ sequence, time, value }) => [sequence, milliseconds(time), value]),
      readings.map(({ sequence, time, value }) => [sequence, time, value]),
    ),
    ...unequal(
      'windows of the tank',
      windows
        .filter(({ end }) => over(milliseconds(end)))
        .map((row) => [
          ...[milliseconds(row.start), row.version, row.count, row.sum],
          ...[row.min, row.max, row.mean, row.first, row.last],
        ]),
      expectedWindows
        .filter(({ start }) => over(start + WINDOW))
        .map(({ start, values }) => {
          const sum = values.reduce((total, value) => total + value, 0);
          return [
            ...[start, 1, values.length, sum, Math.min(...values), Math.max(...values)],
            ...[sum / values.length, values[0], values.at(-1)],
          ];
        }),
    ),
    ...unequal(
      'anomalies of the tank',
      told,
      phases.map(({ text }) => text).slice(0, Math.max(told.length, due.length)),
    ),
  ];
}

function readingsIn(messages: readonly Message[], poison: ReadonlySet<number>): Reading[] {
  const seen = new Set<string>();
  return messages.flatMap(({ sequence, subject, payload }) => {
    if (subject !== `telemetry.p1.${TANK.path}` || poison.has(sequence)) return [];
    const bytes = Buffer.from(payload).toString('latin1');
    if (bytes.startsWith('rubbish') || seen.has(bytes)) return [];
    seen.add(bytes);
    const { time, values }: { time: number; values: Record<string, number> } = unpack(payload);
    return [{ sequence, time, value: values[TANK.signal] ?? Number.NaN }];
  });
}

type Gathered = { readonly start: number; readonly values: readonly number[] };

/** In the order of time; the values of each in the order of theirs. */
function windowsOf(readings: readonly Reading[]): Gathered[] {
  const sorted = [...readings].sort((a, b) => a.time - b.time);
  const starts = new Set(sorted.map(({ time }) => Math.floor(time / WINDOW) * WINDOW));
  return Array.from(starts, (start) => {
    const inside = sorted.filter(({ time }) => time >= start && time < start + WINDOW);
    return { start, values: inside.map(({ value }) => value) };
  });
}

function phasesOf(
  windows: readonly Gathered[],
): { readonly time: number; readonly text: string }[] {
  let standing = false;
  return windows.flatMap(({ start, values }) => {
    const mean = values.reduce((total, value) => total + value, 0) / values.length;
    if (mean > TANK.limit === standing) return [];
    standing = !standing;
    const time = start + WINDOW;
    return [{ time, text: `${time} ${standing ? 'raised' : 'cleared'} ${mean}` }];
  });
}

function milliseconds(time: unknown): number {
  return Number(time) / 1_000;
}

function unequal(what: string, found: readonly unknown[], expected: readonly unknown[]): string[] {
  const [a, b] = [found, expected].map((list) => list.map((one) => JSON.stringify(one)).sort());
  if (a?.join() === b?.join()) return [];
  const lost = b?.find((one) => !a?.includes(one));
  const more = a?.find((one) => !b?.includes(one));
  return [`${what}: found ${a?.length} of ${b?.length}; lost ${lost}; too many ${more}`];
}
