/**
 * Who is on call, and who sleeps: rotations, hours and holidays by the clocks of a zone. Each change has one moment: where
 * clocks are set back it is the first of two, where they are put forward the time at which they are. So neither night has a
 * gap or an overlap.
 */

import { SEVERITIES, type Severity } from '../../../operators/model/detector-rule.ts';
import {
  DAY,
  type EventTime,
  fromLocal,
  fromMilliseconds,
  HOUR,
  MINUTE,
  toLocal,
} from '../../../operators/model/time.ts';
import {
  DAYS,
  type Hours,
  type Layer,
  type RoleConfig,
} from '../../../sinks/messages/message-config.ts';
import type { NotifyConfig } from '../../../sinks/remote/system-config.ts';

/** Persons and roles as the people file has them. */
export type Directory = Pick<
  NotifyConfig,
  'people' | 'roles' | 'fallback' | 'holidays' | 'time_zone'
>;

/** Somebody who is to hear, and why just them. */
export type OnCall = { readonly person: string; readonly why: string };

/**
 * The persons of a role at a time, in the order in which they are asked: those of its layers, then of the roles that it
 * escalates to, then of the fallback. Never nobody: where all are away, being away counts for nothing.
 */
export function onCall(role: string, at: number, directory: Directory): readonly OnCall[] {
  const all = [
    ...personsOf(role, at, directory, new Set()),
    ...personsOf(directory.fallback, at, directory, new Set()),
  ];
  const known = new Set<string>();
  const each = all.filter(({ person }) => !known.has(person) && known.add(person));
  const here = each.filter(({ person }) => !isAway(person, at, directory));
  return here.length > 0 ? here : each;
}

function personsOf(
  name: string,
  at: number,
  directory: Directory,
  seen: Set<string>,
): readonly OnCall[] {
  const role = directory.roles[name];
  if (role === undefined || seen.has(name)) return [];
  seen.add(name);
  const zone = role.time_zone ?? directory.time_zone;
  const own =
    role.on_holidays !== undefined && isHoliday(at, zone, directory)
      ? role.on_holidays.map((person) => ({ person, why: `${name}, on a holiday` }))
      : role.layers.flatMap((layer, index) =>
          personsOfLayer(layer, at, zone).map((person) => ({
            person,
            why: `${name}, layer ${index + 1}`,
          })),
        );
  return [
    ...own.map((one) => swapped(one, role, at, zone)),
    ...role.escalate.flatMap((other) => personsOf(other, at, directory, seen)),
  ];
}

function swapped({ person, why }: OnCall, { swaps }: RoleConfig, at: number, zone: string): OnCall {
  const swap = swaps.find((one) => one.instead_of === person && isBetween(at, one, zone));
  return swap === undefined
    ? { person, why }
    : { person: swap.person, why: `${why}, instead of ${person}` };
}

function personsOfLayer(
  { people, every, from, during }: Layer,
  at: number,
  zone: string,
): readonly string[] {
  if (during !== undefined && spanOf(during, at, zone) === undefined) return [];
  if (every === undefined) return people;
  const turn = turnAt(at, localOf(from), every, zone);
  const person = people[((turn % people.length) + people.length) % people.length];
  return person === undefined ? [] : [person];
}

/** How often the turn has changed since the first change; below 0 before it. */
function turnAt(at: number, start: number, every: number, zone: string): number {
  const now = fromMilliseconds(at);
  let turn = Math.floor((toLocal(now, zone) - start) / every);
  while (fromLocal(start + (turn + 1) * every, zone) <= now) turn += 1;
  while (fromLocal(start + turn * every, zone) > now) turn -= 1;
  return turn;
}

/** A time by the clock, as microseconds since the clock showed the beginning of 1970. */
function localOf(text: string): number {
  return Date.parse(`${text.length > 10 ? text : `${text}T00:00`}:00Z`) * 1_000;
}

function isBetween(
  at: number,
  { from, to }: { readonly from: string; readonly to: string },
  zone: string,
): boolean {
  const now = fromMilliseconds(at);
  // A date alone means the whole day.
  const end = localOf(to) + (to.length > 10 ? 0 : DAY);
  return fromLocal(localOf(from), zone) <= now && now < fromLocal(end, zone);
}

function isAway(person: string, at: number, directory: Directory): boolean {
  const found = directory.people[person];
  const zone = found?.time_zone ?? directory.time_zone;
  return found?.away.some((one) => isBetween(at, one, zone)) ?? false;
}

function isHoliday(at: number, zone: string, { holidays }: Directory): boolean {
  const local = new Date(toLocal(fromMilliseconds(at), zone) / 1_000).toISOString();
  return holidays.includes(local.slice(0, 10));
}

/** When the hours that a time lies in end, in epoch milliseconds; undefined where it lies in none. */
function spanOf(hours: readonly Hours[], at: number, zone: string): number | undefined {
  const now = fromMilliseconds(at);
  const today = Math.floor(toLocal(now, zone) / DAY) * DAY;
  for (const { days, from, to } of hours) {
    for (const day of [today - DAY, today]) {
      if (!days.includes(DAYS[(new Date(day / 1_000).getUTCDay() + 6) % 7] ?? 'mon')) continue;
      const [begin, last] = [day + clockOf(from), day + clockOf(to)];
      const end = fromLocal(last <= begin ? last + DAY : last, zone);
      if (fromLocal(begin, zone) <= now && now < end) return Math.ceil(end / 1_000);
    }
  }
  return undefined;
}

function clockOf(text: string): number {
  const [hours = 0, minutes = 0] = text.split(':').map(Number);
  return hours * HOUR + minutes * MINUTE;
}

/** Longer than this nobody sleeps: then it is told. */
const MOST_QUIET = 14;

/** Until when a person is not told of such a severity, in epoch milliseconds; undefined: they may be told now. */
export function quietUntil(
  person: string,
  severity: Severity,
  at: number,
  directory: Directory,
): number | undefined {
  const found = directory.people[person];
  const quiet = found?.quiet;
  if (quiet === undefined || SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(quiet.except))
    return undefined;
  const zone = found?.time_zone ?? directory.time_zone;
  let until: number | undefined;
  for (let turn = 0; turn < MOST_QUIET; turn += 1) {
    const time = until ?? at;
    const holiday = quiet.holidays && isHoliday(time, zone, directory);
    const next = holiday ? nextMidnight(time, zone) : spanOf(quiet.hours, time, zone);
    if (next === undefined) return until;
    until = next;
  }
  return until;
}

function nextMidnight(at: number, zone: string): number {
  const today = Math.floor(toLocal(fromMilliseconds(at), zone) / DAY) * DAY;
  return Math.ceil(fromLocal(today + DAY, zone) / 1_000);
}

/** The latest time at which the clock of a zone showed this, at or before a time: epoch milliseconds. */
export function lastTimeOfDay(clock: string, at: number, zone: string): number {
  const now = fromMilliseconds(at);
  const today = Math.floor(toLocal(now, zone) / DAY) * DAY + clockOf(clock);
  const last = [today, today - DAY]
    .map((local): EventTime => fromLocal(local, zone))
    .find((time) => time <= now);
  return Math.ceil((last ?? now) / 1_000);
}
