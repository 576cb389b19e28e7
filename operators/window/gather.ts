import type { Change, StageId } from '../flow/flow.ts';
import type { Keyed, Out } from '../flow/keyed.ts';
import type { Frame } from '../model/frame.ts';
import type { AssetKey } from '../model/key.ts';
import type { Plain } from '../model/plain.ts';
import type { EventTime } from '../model/time.ts';
import type { Statistics, Window } from '../model/window.ts';
import { FIRST_TIME, LAST_TIME } from './accumulator.ts';
import type { WindowProgram } from './compile.ts';
import { end } from './end.ts';
import { addColumn, advance, type Column, dueOf, flush } from './engine.ts';
import { addMoment, takesMoments } from './moment.ts';
import { NEVER, type Panes, type Report } from './panes.ts';
import { quantileOf } from './sketch.ts';
import { createRouting, type Gathering, type Route, type SourceWindows } from './sources.ts';
import { NO_READINGS, statistics } from './statistics.ts';

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
type Lost = {
  late: number;
  signal: string;
  time: number;
  value: number;
  /** Places in the frame of readings that were counted: one that is late for several rules counts once. */
  readonly counted: Set<number>;
};

const NOTHING = new Float64Array(0);

type About = {
  readonly state: SourceWindows;
  readonly program: WindowProgram;
  readonly gathering: Gathering;
  readonly out: Out<Window>;
};

/** Gathers the readings of each source into windows on the source's own time, by any rules. */
export function gather<C extends Plain>(
  options: Gather<C>,
): Keyed<SourceWindows, C, Frame, Window> {
  const { id, openShared, programsOf, onChange, say } = options;
  let shared: Readonly<C>;
  const routing = createRouting((asset) => programsOf(shared, asset));

  // One report and one column for all calls: only what they speak about changes.
  let about: About;
  const column: { -readonly [K in keyof Column]: Column[K] } = {
    lane: 0,
    times: NOTHING,
    values: NOTHING,
    from: 0,
  };
  const lost: Lost = { late: 0, signal: '', time: 0, value: 0, counted: new Set() };
  const report: Report = {
    fire(lane, start, end, numbers, at, sketch, version, timely) {
      const { shape } = about.program.engine;
      const unbounded = shape.assigner.kind === 'global';
      const from = unbounded ? (numbers[at + FIRST_TIME] ?? 0) : start;
      const to = unbounded ? (numbers[at + LAST_TIME] ?? 0) + 1 : end;
      const known = statistics(numbers, at);
      const quantiles = shape.quantiles.map((each) => {
        return [each, sketch === undefined ? 0 : quantileOf(sketch, each)] as const;
      });
      say(windowOf(about, lane, from, to, version, known, quantiles), timely, about.out);
    },
    late(lane, time, value, position) {
      if (lost.counted.has(position)) return;
      lost.counted.add(position);
      if (lost.late === 0) {
        lost.signal = about.gathering.lanes[lane] ?? '';
        lost.time = time;
        lost.value = value;
      }
      lost.late += 1;
    },
    retract(lane, start, end, version) {
      say(windowOf(about, lane, start, end, version, NO_READINGS, []), false, about.out);
    },
  };

  function take(route: Route, frame: Frame, out: Out<Window>): void {
    const { program, gathering, columns, places } = route;
    const { engine } = program;
    const { panes } = gathering;
    const { times, values } = frame;
    lost.late = 0;
    const refused =
      times.length === 1 && takesMoments(engine)
        ? addMoment(engine, panes, columns, places, values, times[0] ?? 0, out.now, report)
        : addColumns(engine, panes, columns, frame, out.now);
    if (engine.shape.refire === 'frame') flush(engine, panes, report);
    if (lost.late > 0) {
      const { signal, time, value } = lost;
      const detail = `window ${program.id}: all windows of the reading are closed`;
      out.deadLetter('too-late', detail, { signal, time, value }, lost.late);
    }
    if (refused > 0) {
      const detail = `window ${program.id}: values beyond 1e150 have no statistics`;
      out.deadLetter('not-finite', detail, `message ${frame.origin.sequence}`, refused);
    }
  }

  function addColumns(
    engine: WindowProgram['engine'],
    panes: Panes,
    columns: Int32Array,
    { times, values }: Frame,
    now: number,
  ): number {
    let refused = 0;
    column.times = times;
    column.values = values;
    for (let pair = 0; pair < columns.length; pair += 2) {
      column.lane = columns[pair + 1] ?? 0;
      column.from = (columns[pair] ?? 0) * times.length;
      refused += addColumn(engine, panes, column, now, report);
    }
    return refused;
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
    onEvent(state, { value: frame }, known, out) {
      shared = known;
      state.asset = frame.asset;
      const routes = routing.routesOf(state, frame);
      lost.counted.clear();
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
    onChange(known, change) {
      onChange?.(known, change);
      routing.forget();
    },
    onChanged(state, shared, out, { value: { kind } }) {
      if (state.asset === '' || kind !== 'rules') return;
      const programs = programsOf(shared, state.asset);
      const kept = state.gatherings.filter((gathering) => {
        const program = programs.find((each) => belongs(gathering, each));
        end(gathering, (signal) => program?.takes(signal) !== true, out);
        return program !== undefined;
      });
      state.gatherings = kept;
      settle(state, programs, out);
    },
  };
}

function windowOf(
  { state, program, gathering }: About,
  lane: number,
  start: number,
  end: number,
  version: number,
  known: Statistics,
  quantiles: Window['quantiles'],
): Window {
  // Named one by one: spreading costs more than all the statistics.
  return {
    kind: 'window',
    asset: state.asset as AssetKey,
    signal: gathering.lanes[lane] ?? '',
    window: program.id,
    start: start as EventTime,
    end: end as EventTime,
    version,
    count: known.count,
    first: known.first,
    last: known.last,
    min: known.min,
    max: known.max,
    sum: known.sum,
    mean: known.mean,
    deviation: known.deviation,
    rms: known.rms,
    peak_to_peak: known.peak_to_peak,
    crest: known.crest,
    slope: known.slope,
    quantiles,
  };
}

function belongs(gathering: Gathering, { id, fingerprint }: WindowProgram): boolean {
  return gathering.rule === id && gathering.fingerprint === fingerprint;
}
