import type { Frame } from '../model/frame.ts';
import type { AssetKey } from '../model/key.ts';
import type { WindowProgram } from './compile.ts';
import { openPanes, type Panes } from './panes.ts';
import type { Assigner } from './shape.ts';
import { ensureLanes } from './slots.ts';

/** The windows of one rule at one source. A lane is the position of a signal in `lanes`. */
export type Gathering = {
  readonly rule: string;
  readonly fingerprint: string;
  readonly assigner: Assigner;
  readonly lanes: string[];
  readonly panes: Panes;
};

/** All windows of one source. */
export type SourceWindows = {
  /** Empty before the first frame. */
  asset: AssetKey | '';
  gatherings: Gathering[];
  /** When its timer is set to. */
  due: number;
};

/** Which columns of a frame go into which lanes, by rule; derived, so it is no state. */
export type Route = {
  readonly program: WindowProgram;
  readonly gathering: Gathering;
  /** Pairs: position of the signal in the frame, lane. */
  readonly columns: Int32Array;
};

type Plan = {
  readonly programs: readonly WindowProgram[];
  readonly signals: readonly string[];
  readonly unknown: readonly string[] | undefined;
  readonly routes: readonly Route[];
};

const plans = new WeakMap<SourceWindows, Plan[]>();

/** A source sends few kinds of frames; one that sends more than this finds its routes anew. */
const MOST_PLANS = 16;

/** Frames of one kind carry the same signals, so the routes of an earlier one nearly always serve again. */
export function routesOf(
  state: SourceWindows,
  programs: readonly WindowProgram[],
  frame: Frame,
): readonly Route[] {
  const { signals, unknown } = frame;
  const made = plans.get(state) ?? [];
  for (const plan of made) {
    if (plan.programs !== programs || !same(plan.signals, signals)) continue;
    if (same(plan.unknown ?? NOTHING, unknown ?? NOTHING)) return plan.routes;
  }
  const routes = programs.flatMap((program) => {
    const taken = signals
      .map((signal, position) => ({ signal, position }))
      .filter(({ signal }) => !unknown?.includes(signal) && program.takes(signal));
    if (taken.length === 0) return [];
    const gathering = gatheringOf(state, program);
    const columns = taken.flatMap(({ signal, position }) => [position, laneOf(gathering, signal)]);
    ensureLanes(gathering.panes.slots, gathering.lanes.length);
    return [{ program, gathering, columns: Int32Array.from(columns) }];
  });
  if (made.length === MOST_PLANS || made[0]?.programs !== programs) made.length = 0;
  made.push({ programs, signals, unknown, routes });
  plans.set(state, made);
  return routes;
}

const NOTHING: readonly string[] = [];

/** Makes the next frame find its routes anew, because gatherings have gone. */
export function forgetRoutes(state: SourceWindows): void {
  plans.delete(state);
}

function same(a: readonly string[], b: readonly string[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
}

function gatheringOf(state: SourceWindows, { id, fingerprint, engine }: WindowProgram): Gathering {
  const known = state.gatherings.find((each) => {
    return each.rule === id && each.fingerprint === fingerprint;
  });
  if (known !== undefined) return known;
  const { assigner } = engine.shape;
  const panes = openPanes(engine.shape);
  const gathering = { rule: id, fingerprint, assigner, lanes: [], panes };
  state.gatherings.push(gathering);
  return gathering;
}

function laneOf(gathering: Gathering, signal: string): number {
  const lane = gathering.lanes.indexOf(signal);
  return lane >= 0 ? lane : gathering.lanes.push(signal) - 1;
}
