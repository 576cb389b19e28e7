/** Which alarms are shown, in which order, and what is folded. Fast enough for ten thousand at each letter that is typed. */

import { type AlarmPriority, priorityOf } from '../parts/marks.tsx';
import { type Alarm, assetName, type Plant } from './plants.ts';

export type AlarmFilter = {
  readonly text: string;
  /** `plant/line`; empty: all. */
  readonly line: string;
  /** Empty: all. */
  readonly priority: string;
  /** A state; `all`; empty: those that want to be seen. */
  readonly state: string;
  /** Keys of folds that are open. */
  readonly open: ReadonlySet<string>;
};

export type AlarmItem =
  | { readonly kind: 'alarm'; readonly key: string; readonly alarm: Alarm }
  | {
      readonly kind: 'fold';
      readonly key: string;
      /** The line, and what its alarms are withheld for. */
      readonly plant: string;
      readonly line: string;
      readonly why: string;
      readonly count: number;
      readonly worst: AlarmPriority;
      readonly isOpen: boolean;
    };

/** An alarm with what it is searched and sorted by, worked out once. */
export type IndexedAlarm = {
  readonly alarm: Alarm;
  readonly key: string;
  readonly words: string;
  readonly priority: AlarmPriority;
  readonly rank: number;
};

const WANTING: ReadonlySet<string> = new Set(['unacknowledged', 'acknowledged', 'returned']);
/** What groups of alarms are withheld for. */
const GROUPS: ReadonlySet<string> = new Set(['flood', 'regime change']);

export function alarmKeyOf({ plant, line, asset, rule, signal, point }: Alarm): string {
  return [plant, line, asset, rule, signal, point].join('/');
}

/** Worst first, then those that nobody has seen, then the newest. */
export function indexAlarms(
  alarms: readonly Alarm[],
  plants: readonly Plant[],
): readonly IndexedAlarm[] {
  const plantOf = new Map(plants.map((plant) => [plant.id, plant]));
  return alarms
    .map((alarm) => {
      const { asset, rule, signal, point, reason, component, failure_mode: mode, severity } = alarm;
      const priority = priorityOf(severity);
      const name = assetName(plantOf.get(alarm.plant), alarm.line, asset);
      const found = [asset, name, rule, signal, point, component, mode, reason];
      const words = found.join(' ').toLowerCase();
      const seen = alarm.state === 'unacknowledged' || alarm.state === 'returned' ? 0 : 1;
      return { alarm, key: alarmKeyOf(alarm), words, priority, rank: priority * 2 + seen };
    })
    .sort(
      (a, b) => a.rank - b.rank || compare(b.alarm.since, a.alarm.since) || compare(a.key, b.key),
    );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function alarmItems(
  alarms: readonly IndexedAlarm[],
  { text, line, priority, state, open }: AlarmFilter,
): readonly AlarmItem[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const items: AlarmItem[] = [];
  const folds = new Map<string, IndexedAlarm[]>();
  for (const each of alarms) {
    const { alarm } = each;
    if (line !== '' && `${alarm.plant}/${alarm.line}` !== line) continue;
    if (priority !== '' && String(each.priority) !== priority) continue;
    if (!words.every((word) => each.words.includes(word))) continue;
    if (state === '' && alarm.state === 'suppressed' && GROUPS.has(alarm.note)) {
      const key = `${alarm.plant}/${alarm.line}/${alarm.note}`;
      const fold = folds.get(key);
      if (fold === undefined) folds.set(key, [each]);
      else fold.push(each);
      continue;
    }
    if (state === '' ? WANTING.has(alarm.state) : state === 'all' || alarm.state === state) {
      items.push({ kind: 'alarm', key: each.key, alarm });
    }
  }
  return [...[...folds].flatMap(([key, members]) => foldOf(key, members, open.has(key))), ...items];
}

function foldOf(
  key: string,
  members: readonly IndexedAlarm[],
  isOpen: boolean,
): readonly AlarmItem[] {
  const [first] = members;
  if (first === undefined) return [];
  const { plant, line, note: why } = first.alarm;
  const worst = Math.min(...members.map(({ priority }) => priority)) as AlarmPriority;
  const head: AlarmItem = {
    kind: 'fold',
    key,
    plant,
    line,
    why,
    count: members.length,
    worst,
    isOpen,
  };
  if (!isOpen) return [head];
  return [
    head,
    ...members.map(({ alarm, key: of }): AlarmItem => ({ kind: 'alarm', key: of, alarm })),
  ];
}
