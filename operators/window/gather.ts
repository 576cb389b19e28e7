import type { Change, StageId } from '../flow/flow.ts';
import type { Keyed, Out } from '../flow/keyed.ts';
import type { Frame } from '../model/frame.ts';
import type { AssetKey } from '../model/key.ts';
import type { Plain } from '../model/plain.ts';
import type { EventTime } from '../model/time.ts';
import type { Window } from '../model/window.ts';
import { FIRST_TIME, LAST_TIME, statistics } from './accumulator.ts';
import type { WindowProgram } from './compile.ts';
import { end } from './end.ts';
import { addColumn, advance, dueOf, flush } from './engine.ts';
import { NEVER, type Report } from './panes.ts';
import { quantileOf } from './sketch.ts';
import {
  forgetRoutes,
  type Gathering,
  type Route,
  routesOf,
  type SourceWindows,
} from './sources.ts';

/** What differs between the stage of the pipeline and the same logic under test vectors. */
export type Gather<C extends Plain> = {
  readonly id: StageId;
  openShared(): C;
  /** The rules in force for an asset; the same object until they change. */
  programsOf(shared: Readonly<C>, asset: AssetKey): readonly WindowProgram[];
  onChange?(shared: C, change: Change): void;
  /** `timely`: the window fired when its time had come, not again because of late readings. */
  say(window: Window, timely: boolean, out: Out<Window>): void;
};

/** What a frame left behind that no window could take. */
type Lost = { late: number; signal: string; time: number; value: number };

/** Gathers the readings of each source into windows on the source's own time, by any rules. */
export function gather<C extends Plain>(
  options: Gather<C>,
): Keyed<SourceWindows, C, Frame, Window> {
  const { id, openShared, programsOf, onChange, say } = options;

  // One report for all calls: only what it speaks about changes.
  let about: {
    state: SourceWindows;
    program: WindowProgram;
    gathering: Gathering;
    out: Out<Window>;
  };
  const lost: Lost = { late: 0, signal: '', time: 0, value: 0 };
  const report: Report = {
    fire(lane, start, end, numbers, at, sketch, version, timely) {
      const { shape } = about.program.engine;
      const unbounded = shape.assigner.kind === 'global';
      const window: Window = {
        kind: 'window',
        asset: about.state.asset as AssetKey,
        signal: about.gathering.lanes[lane] ?? '',
        window: about.program.id,
        start: (unbounded ? (numbers[at + FIRST_TIME] ?? 0) : start) as EventTime,
        end: (unbounded ? (numbers[at + LAST_TIME] ?? 0) + 1 : end) as EventTime,
        version,
        ...statistics(numbers, at),
        quantiles:
          sketch === undefined
            ? []
            : shape.quantiles.map((each) => [each, quantileOf(sketch, each)]),
      };
      say(window, timely, about.out);
    },
    late(lane, time, value) {
      if (lost.late === 0) {
        lost.signal = about.gathering.lanes[lane] ?? '';
        lost.time = time;
        lost.value = value;
      }
      lost.late += 1;
    },
    retract(lane, start, end, version) {
      const gone: Window = {
        kind: 'window',
        asset: about.state.asset as AssetKey,
        signal: about.gathering.lanes[lane] ?? '',
        window: about.program.id,
        start: start as EventTime,
        end: end as EventTime,
        version,
        ...NO_READINGS,
        quantiles: [],
      };
      say(gone, false, about.out);
    },
  };

  function take({ program, gathering, columns }: Route, frame: Frame, out: Out<Window>): void {
    const { engine } = program;
    const { panes } = gathering;
    const { times, values } = frame;
    lost.late = 0;
    let refused = 0;
    for (let pair = 0; pair < columns.length; pair += 2) {
      const column = {
        lane: columns[pair + 1] ?? 0,
        times,
        values,
        from: (columns[pair] ?? 0) * times.length,
      };
      refused += addColumn(engine, panes, column, out.now, report);
    }
    if (engine.shape.refire === 'frame') flush(engine, panes, report);
    if (lost.late > 0) {
      const { signal, time, value } = lost;
      const detail = `window ${program.id}: all windows of the reading are closed`;
      out.aside('late', detail, { signal, time, value }, lost.late);
    }
    if (refused > 0) {
      const detail = `window ${program.id}: values beyond 1e150 have no statistics`;
      out.aside('not-finite', detail, `message ${frame.origin.sequence}`, refused);
    }
  }

  function wake(state: SourceWindows, due: number, out: Out<Window>): void {
    if (due === state.due) return;
    state.due = due;
    if (due < NEVER) out.wakeAt(due as EventTime);
    else out.sleep();
  }

  /** Lets all windows of a source come to the watermark, and sets its timer to what is due next. */
  function settle(
    state: SourceWindows,
    programs: readonly WindowProgram[],
    out: Out<Window>,
  ): void {
    let due = NEVER;
    for (const gathering of state.gatherings) {
      const program = programs.find((each) => belongs(gathering, each));
      if (program === undefined) continue;
      about = { state, program, gathering, out };
      advance(program.engine, gathering.panes, out.now, report);
      due = Math.min(due, gathering.panes.next);
    }
    state.due = NEVER;
    wake(state, due, out);
  }

  return {
    id,
    version: 1,
    scope: 'source',
    openShared,
    open: () => ({ asset: '', gatherings: [], due: NEVER }),
    onEvent(state, { value: frame }, shared, out) {
      state.asset = frame.asset;
      const routes = routesOf(state, programsOf(shared, frame.asset), frame);
      let { due } = state;
      for (const route of routes) {
        const { program, gathering } = route;
        about = { state, program, gathering, out };
        take(route, frame, out);
        due = Math.min(due, dueOf(program.engine, gathering.panes, out.now));
      }
      wake(state, due, out);
    },
    onTimer(state, _due, shared, out) {
      if (state.asset !== '') settle(state, programsOf(shared, state.asset), out);
    },
    ...(onChange === undefined ? {} : { onChange }),
    onChanged(state, shared, out, { value: { kind } }) {
      if (state.asset === '' || kind !== 'rules') return;
      const programs = programsOf(shared, state.asset);
      const kept = state.gatherings.filter((gathering) => {
        const program = programs.find((each) => belongs(gathering, each));
        end(gathering, (signal) => program?.takes(signal) !== true, out);
        return program !== undefined;
      });
      state.gatherings = kept;
      forgetRoutes(state);
      settle(state, programs, out);
    },
  };
}

const NO_READINGS = {
  count: 0,
  first: 0,
  last: 0,
  min: 0,
  max: 0,
  sum: 0,
  mean: 0,
  deviation: 0,
  rms: 0,
  peak_to_peak: 0,
  crest: 0,
  slope: 0,
} as const;

function belongs(gathering: Gathering, { id, fingerprint }: WindowProgram): boolean {
  return gathering.rule === id && gathering.fingerprint === fingerprint;
}
