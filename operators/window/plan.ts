/** From window rules and the signals of a frame to where its readings go: programs, stores, plans. */

import type { Frame } from '../model/decoded.ts';
import { type AssetKey, fits } from '../model/key.ts';
import type { Asset, PlantClock, PlantModel } from '../model/plant-model.ts';
import type { Rules, WindowRule } from '../model/rules.ts';
import type { Duration } from '../model/time.ts';

import { type LastPanes, openLastPanes } from './engine.ts';
import {
  type Counters,
  counterColumn,
  ensureColumns,
  openWindowState,
  type WindowState,
} from './panes.ts';
import { createWindower, type Windower, type Windows } from './shape.ts';

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
export type StorePlan = {
  readonly program: WindowProgram;
  readonly store: WindowStore;
  /** Pairs: position of the signal in the frame, column of the store. */
  readonly columns: Int32Array;
  readonly lastPanes: LastPanes;
};

/** Derived data is no state: made again whenever the rules are another object. */
const compiled = new WeakMap<Rules, { model: PlantModel | undefined; programs: WindowProgram[] }>();

/** The window rules of a plant, in the order of their ids. Days and shifts are by the clock of its model. */
export function programsOf(rules: Rules, model?: PlantModel): readonly WindowProgram[] {
  const known = compiled.get(rules);
  if (known !== undefined && known.model === model) return known.programs;
  const { time_zone = 'UTC', shifts = [] } = model ?? {};
  const programs = rules.windows
    .map((rule) => compileWindowRule(rule, rules.time.correction, { time_zone, shifts }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  compiled.set(rules, { model, programs });
  return programs;
}

function compileWindowRule(rule: WindowRule, lateness: Duration, clock: PlantClock): WindowProgram {
  const windows = windowsOf(rule, clock);
  const { id, quantiles, signals } = rule;
  return {
    id,
    fingerprint: JSON.stringify([windows, quantiles]),
    windower: createWindower({ windows, early: rule.early ?? null, lateness, quantiles }),
    takes: (signal) => signals.some((pattern) => fits(pattern, signal)),
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
export function belongsTo(
  { rule, fingerprint }: WindowStore,
  program: Pick<WindowProgram, 'id' | 'fingerprint'>,
): boolean {
  return rule === program.id && fingerprint === program.fingerprint;
}

/** Where the readings of a frame go: into windows by rule, and those of counters first into their queue. */
export type FramePlan = {
  readonly signals: readonly string[];
  readonly unknown: readonly string[];
  readonly stores: readonly StorePlan[];
  /** Pairs: position of the signal in the frame, column of the counters. */
  readonly counters: Int32Array;
};

/** A source sends few kinds of frames; one that sends more than this has its frames planned anew. */
const MOST_PLANS = 16;

const NO_SIGNALS: readonly string[] = [];
const NO_PLANS: readonly FramePlan[] = [];

/** The plans of each source's frames: most frames carry the same signals as an earlier one. */
export type Plans = WeakMap<SourceWindows, FramePlan[]>;

/** The plan of a frame with the same signals, if there was one. */
export function findPlan(
  plans: Plans,
  source: SourceWindows,
  { signals, unknown = NO_SIGNALS }: Frame,
): FramePlan | undefined {
  for (const plan of plans.get(source) ?? NO_PLANS) {
    if (hasSame(plan.signals, signals) && hasSame(plan.unknown, unknown)) return plan;
  }
  return undefined;
}

/** Where the readings of this frame go, by rule; opens the stores that are missing. */
export function planFrame(
  plans: Plans,
  source: SourceWindows,
  frame: Frame,
  programs: readonly WindowProgram[],
  asset: Asset | undefined,
): FramePlan {
  const { signals, unknown = NO_SIGNALS } = frame;
  const isKnown = (signal: string) => !unknown.includes(signal);
  const counts = (signal: string) => isCounted(signal, programs, asset);
  const stores = programs.flatMap((program) => {
    return planStore(source, program, frame, (name) => isKnown(name) && !counts(name)) ?? [];
  });
  const counted = signals.flatMap((signal, position) => {
    return isKnown(signal) && counts(signal)
      ? [position, counterColumn(source.counters, signal)]
      : [];
  });
  const plan = { signals, unknown, stores, counters: Int32Array.from(counted) };
  const known = plans.get(source);
  if (known !== undefined && known.length < MOST_PLANS) known.push(plan);
  else plans.set(source, [plan]);
  return plan;
}

/** Whether the plant model says of a signal that it counts, and some rule has windows of it. */
export function isCounted(
  signal: string,
  programs: readonly WindowProgram[],
  asset: Asset | undefined,
): boolean {
  return (
    asset?.signals[signal]?.kind === 'counter' && programs.some((program) => program.takes(signal))
  );
}

function planStore(
  state: SourceWindows,
  program: WindowProgram,
  { signals }: Frame,
  isDirect: (signal: string) => boolean,
): StorePlan | undefined {
  const taken = signals
    .map((signal, position) => ({ signal, position }))
    .filter(({ signal }) => isDirect(signal) && program.takes(signal));
  if (taken.length === 0) return undefined;
  const store = storeOf(state, program);
  const columns = taken.flatMap(({ signal, position }) => [position, columnOf(store, signal)]);
  const lastPanes = openLastPanes(taken.length);
  return { program, store, columns: Int32Array.from(columns), lastPanes };
}

function hasSame(a: readonly string[], b: readonly string[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
}

/** The windows of one rule at a source; opened when there are none. */
export function storeOf(state: SourceWindows, program: WindowProgram): WindowStore {
  const known = state.stores.find((store) => belongsTo(store, program));
  if (known !== undefined) return known;
  const { id, fingerprint, windower } = program;
  const { shape } = windower;
  const store: WindowStore = {
    rule: id,
    fingerprint,
    windows: shape.windows,
    signals: [],
    state: openWindowState(shape),
  };
  state.stores.push(store);
  return store;
}

/** The column of a signal, with room for it. */
export function columnOf({ signals, state }: WindowStore, signal: string): number {
  const known = signals.indexOf(signal);
  const column = known >= 0 ? known : signals.push(signal) - 1;
  ensureColumns(state.panes, signals.length);
  return column;
}
