import type { Frame } from '../model/frame.ts';
import type { AssetKey } from '../model/key.ts';
import type { WindowProgram } from './compile.ts';
import { openPlaces, type Places } from './moment.ts';
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
  readonly places: Places;
};

type Plan = {
  readonly signals: readonly string[];
  readonly unknown: readonly string[];
  readonly routes: readonly Route[];
};

/** A source sends few kinds of frames; one that sends more than this finds its routes anew. */
const MOST_PLANS = 16;

const NOTHING: readonly string[] = [];

/** Remembers the routes of a source's frames: most frames carry the same signals as an earlier one. */
export function createRouting(programsOf: (asset: AssetKey) => readonly WindowProgram[]) {
  let plans = new WeakMap<SourceWindows, Plan[]>();

  function plan(state: SourceWindows, { asset, signals, unknown = NOTHING }: Frame): Plan {
    const routes = programsOf(asset).flatMap((program) => {
      const taken = signals
        .map((signal, position) => ({ signal, position }))
        .filter(({ signal }) => !unknown.includes(signal) && program.takes(signal));
      if (taken.length === 0) return [];
      const gathering = gatheringOf(state, program);
      const columns = taken.flatMap(({ signal, position }) => {
        return [position, laneOf(gathering, signal)];
      });
      ensureLanes(gathering.panes.slots, gathering.lanes.length);
      const places = openPlaces(taken.length);
      return [{ program, gathering, columns: Int32Array.from(columns), places }];
    });
    return { signals, unknown, routes };
  }

  return {
    routesOf(state: SourceWindows, frame: Frame): readonly Route[] {
      const known = plans.get(state);
      if (known !== undefined) {
        for (const each of known) {
          if (!same(each.signals, frame.signals)) continue;
          if (same(each.unknown, frame.unknown ?? NOTHING)) return each.routes;
        }
      }
      const made = plan(state, frame);
      if (known === undefined) plans.set(state, [made]);
      else if (known.length < MOST_PLANS) known.push(made);
      else plans.set(state, [made]);
      return made.routes;
    },
    /** Rules have changed: all routes are found anew. */
    forget(): void {
      plans = new WeakMap();
    },
  };
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
