/** From window rules and the signals of a frame to where its readings go: programs, stores, plans. */

import type { Frame } from '../model/decoded.ts';
import { type AssetKey, fitsAny, indexPatterns } from '../model/key.ts';
import type { Asset, PlantClock, PlantModel } from '../model/plant-model.ts';
import type { Rules, WindowRule } from '../model/rules.ts';
import type { Duration } from '../model/time.ts';

import { type FrameColumns, openLastPanes } from './frames.ts';
import {
  type Counters,
  counterColumn,
  ensureColumns,
  openWindowState,
  positionIn,
  type WindowState,
} from './panes.ts';
import { createWindower, type Windower, type Windows } from './windower.ts';

/** A window rule, compiled. */
export type WindowProgram = {
  readonly id: string;
  /** Of the fields that shape its state: what was kept under another one cannot go on under this one. */
  readonly fingerprint: string;
  readonly windower: Windower;
  takes(signal: string): boolean;
};

/** The windows of one rule at one source. */
export type WindowStore = {
  readonly rule: string;
  readonly fingerprint: string;
  readonly windows: Windows;
  /** By column. */
  readonly signals: string[];
  readonly state: WindowState;
};

/** All windows of one source. */
export type SourceWindows = {
  /** Empty before the first frame. */
  asset: AssetKey | '';
  stores: WindowStore[];
  readonly counters: Counters;
  /** When its timer is set to. */
  due: number;
};

/** Which signals of a frame go into which columns of a store; derived, so it is no state. */
export type StorePlan = FrameColumns & SourceStore;

/** The windows of one rule at one source, with the rule and the source. */
export type SourceStore = {
  readonly source: SourceWindows;
  readonly program: WindowProgram;
  readonly store: WindowStore;
};

/** Derived data is no state: made again whenever the rules are another object. */
const compiled = new WeakMap<Rules, { model: PlantModel | undefined; programs: WindowProgram[] }>();

/** The window rules of a plant, in the order of their ids. Days and shifts are by the clock of its model. */
export function programsOf(rules: Rules, model?: PlantModel): readonly WindowProgram[] {
  const known = compiled.get(rules);
  if (known !== undefined && known.model === model) return known.programs;
  const { time_zone = 'UTC', shifts = [] } = model ?? {};
  const sorted = rules.windows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const programs = sorted.map((rule) => {
    return compileWindowRule(rule, rules.time.correction, { time_zone, shifts });
  });
  const find = indexPatterns(sorted.map(({ signals }) => signals));
  const byId = new Map(programs.map((program) => [program.id, program]));
  indexes.set(programs, { find, byId });
  compiled.set(rules, { model, programs });
  return programs;
}

type ProgramIndex = {
  /** Positions of the programs that take a signal. */
  readonly find: (signal: string) => readonly number[];
  readonly byId: ReadonlyMap<string, WindowProgram>;
};

const indexes = new WeakMap<readonly WindowProgram[], ProgramIndex>();

function positionsOf(programs: readonly WindowProgram[], signal: string): readonly number[] {
  return indexes.get(programs)?.find(signal) ?? [];
}

/** The programs that take a signal. */
export function takersOf(
  programs: readonly WindowProgram[],
  signal: string,
): readonly WindowProgram[] {
  return positionsOf(programs, signal).flatMap((position) => programs[position] ?? []);
}

/** The program under which what is in a store goes on, if it is in force. */
export function programOf(
  programs: readonly WindowProgram[],
  store: WindowStore,
): WindowProgram | undefined {
  const program = indexes.get(programs)?.byId.get(store.rule);
  return program !== undefined && belongsTo(store, program) ? program : undefined;
}

function compileWindowRule(rule: WindowRule, lateness: Duration, clock: PlantClock): WindowProgram {
  const windows = windowsOf(rule, clock);
  const { id, quantiles, signals } = rule;
  return {
    id,
    fingerprint: JSON.stringify([windows, quantiles]),
    windower: createWindower({ windows, early: rule.early ?? null, lateness, quantiles }),
    takes: (signal) => fitsAny(signals, signal),
  };
}

function windowsOf(rule: WindowRule, { time_zone, shifts }: PlantClock): Windows {
  switch (rule.kind) {
    case 'tumbling': {
      const offset = rule.offset ?? (0 as Duration);
      return { kind: 'aligned', size: rule.size, hop: rule.size, offset };
    }
    case 'hopping': {
      const offset = rule.offset ?? (0 as Duration);
      return { kind: 'aligned', size: rule.size, hop: rule.hop, offset };
    }
    case 'calendar': {
      const { kind, size, offset = 0 as Duration } = rule;
      return { kind, size, offset, clock: { time_zone, shifts: size === 'day' ? [] : shifts } };
    }
    case 'session':
      return { kind: 'session', gap: rule.gap };
    case 'count':
      return { kind: 'count', count: rule.count };
  }
}

/** Whether what is in the store goes on under this program. */
function belongsTo({ rule, fingerprint }: WindowStore, program: WindowProgram): boolean {
  return rule === program.id && fingerprint === program.fingerprint;
}

/** Where the readings of a frame go: into windows by rule, and those of counters first into their queue. */
export type FramePlan = {
  readonly stores: readonly StorePlan[];
  /** Pairs: position of the signal in the frame, column of the counters. */
  readonly counters: Int32Array;
};

const NO_SIGNALS: readonly string[] = [];

/**
 * What is known of the frames of one source. Whoever sends one reading a message sends as many kinds of frames as there are
 * signals, and whoever sends what has changed, any mixture: so frames of one signal are known by it, others by their list of
 * signals, which `decode` shares, and a mixture is put together from what is known of its signals.
 */
export type SourcePlans = {
  /** Of the frame before: most sources send one kind only. */
  signals: readonly string[];
  plan: FramePlan | undefined;
  readonly bySignal: Map<string, FramePlan>;
  readonly byList: Map<readonly string[], KnownList>;
  /** Positions of the programs that take a signal; none of one that counts. */
  readonly takers: Map<string, readonly number[]>;
};

type KnownList = { readonly unknown: readonly string[]; readonly plan: FramePlan };

/** A source sends few kinds of frames; of one that sends more than this, all are planned anew. */
const MOST_LISTS = 64;

/** Of a source of which nothing is known yet, or no longer: rules and models decide where readings go. */
export function openPlans(): SourcePlans {
  return {
    signals: NO_SIGNALS,
    plan: undefined,
    bySignal: new Map(),
    byList: new Map(),
    takers: new Map(),
  };
}

/** The plan of a frame with the same signals, if there was one. */
export function findPlan(known: SourcePlans, { signals, unknown }: Frame): FramePlan | undefined {
  if (unknown !== undefined) {
    const found = known.byList.get(signals);
    return found !== undefined && hasSame(found.unknown, unknown) ? found.plan : undefined;
  }
  if (signals === known.signals) return known.plan;
  const plan =
    signals.length === 1 ? known.bySignal.get(signals[0] ?? '') : wholePlan(known, signals);
  known.signals = signals;
  known.plan = plan;
  return plan;
}

/** Of a frame none of whose signals is unknown. */
function wholePlan({ byList }: SourcePlans, signals: readonly string[]): FramePlan | undefined {
  const found = byList.get(signals);
  return found?.unknown.length === 0 ? found.plan : undefined;
}

/** Where the readings of this frame go, by rule; opens the stores that are missing. */
export function planFrame(
  known: SourcePlans,
  source: SourceWindows,
  { signals, unknown = NO_SIGNALS }: Frame,
  programs: readonly WindowProgram[],
  asset: Asset | undefined,
): FramePlan {
  const absent = new Set(unknown);
  const byProgram = new Map<number, number[]>();
  const counted: number[] = [];
  for (const [position, signal] of signals.entries()) {
    if (absent.has(signal)) continue;
    if (isCounted(signal, programs, asset)) {
      counted.push(position, counterColumn(source.counters, signal));
      continue;
    }
    const takers = known.takers.get(signal) ?? positionsOf(programs, signal);
    known.takers.set(signal, takers);
    for (const taker of takers) {
      const positions = byProgram.get(taker);
      if (positions === undefined) byProgram.set(taker, [position]);
      else positions.push(position);
    }
  }
  // Rule by rule, in the order of their ids: in it the stores of a source are opened, and its windows fire.
  const stores = [...byProgram]
    .sort(([a], [b]) => a - b)
    .flatMap(([taker, positions]) => {
      const program = programs[taker];
      return program === undefined ? [] : planStore(source, program, signals, positions);
    });
  const plan = { stores, counters: Int32Array.from(counted) };
  if (unknown.length === 0) {
    known.signals = signals;
    known.plan = plan;
  }
  if (signals.length === 1 && unknown.length === 0) known.bySignal.set(signals[0] ?? '', plan);
  else {
    if (known.byList.size >= MOST_LISTS) known.byList.clear();
    known.byList.set(signals, { unknown, plan });
  }
  return plan;
}

/** Whether the plant model says of a signal that it counts, and some rule has windows of it. */
export function isCounted(
  signal: string,
  programs: readonly WindowProgram[],
  asset: Asset | undefined,
): boolean {
  return asset?.signals[signal]?.kind === 'counter' && positionsOf(programs, signal).length > 0;
}

function planStore(
  source: SourceWindows,
  program: WindowProgram,
  signals: readonly string[],
  positions: readonly number[],
): StorePlan {
  const store = storeOf(source, program);
  const columns = positions.flatMap((position) => {
    return [position, columnOf(store, signals[position] ?? '')];
  });
  const lastPanes = openLastPanes(positions.length);
  return { source, program, store, columns: Int32Array.from(columns), lastPanes };
}

function hasSame(a: readonly string[], b: readonly string[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
}

/** The windows of one rule at a source; opened when there are none. */
export function storeOf(source: SourceWindows, program: WindowProgram): WindowStore {
  const { stores } = source;
  const known = stores[positionIn(stores, ({ rule }) => rule, program.id) ?? -1];
  if (known !== undefined && belongsTo(known, program)) return known;
  const { id, fingerprint, windower } = program;
  const { shape } = windower;
  const store: WindowStore = {
    rule: id,
    fingerprint,
    windows: shape.windows,
    signals: [],
    state: openWindowState(shape),
  };
  stores.push(store);
  return store;
}

/** The column of a signal, with room for it. */
export function columnOf({ signals, state }: WindowStore, signal: string): number {
  const column = positionIn(signals, ownName, signal) ?? signals.push(signal) - 1;
  ensureColumns(state.panes, signals.length);
  return column;
}

const ownName = (name: string) => name;
