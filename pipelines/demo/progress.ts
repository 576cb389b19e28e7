import type { EventTime } from '../../operators/model/time.ts';
import { median } from '../base/median.ts';
import type { PlantEntry } from '../rules/rules.ts';
import type { CmmsWork } from './ask-cmms.ts';
import type { Counts, LandedFinding, LandedRevision } from './ask-warehouse.ts';
import { createLatencies, createMarks, type LogMarks } from './log-marks.ts';
import type { Published } from './publish-plant.ts';
import type { DemoView } from './view/view.ts';
import { lineViews, requestViews } from './view/views.ts';
import type { Sight } from './watch.ts';

export type DemoProgressOptions = {
  readonly seed: number;
  readonly speed: number;
  readonly begin: EventTime;
  /** Of the clock, at full speed; undefined when somebody has to end it. */
  readonly seconds: number | undefined;
  readonly plants: readonly PlantEntry[];
};

/** What is known of a demo so far: what was published, what was seen of it, and how long that took. */
export interface DemoProgress {
  published(progress: Published): void;
  seen(sight: Sight): void;
  /** Of its surroundings; undefined is no trouble. */
  trouble(text: string | undefined): void;
  /** Where to look, once there is something to look at. */
  look(places: DemoView['look']): void;
  phase(phase: DemoView['phase'], waiting: string): void;
  /** Whether the plant has to wait: what was published is not landing fast enough. */
  readonly held: boolean;
  readonly counts: Counts;
  readonly deadLetters: Sight['deadLetters'];
  readonly works: readonly CmmsWork[];
  readonly revisions: readonly LandedRevision[];
  /** Milliseconds from the log into ClickHouse and into the CMMS, as they were seen. */
  readonly latencies: { readonly warehouse: readonly number[]; readonly cmms: readonly number[] };
  view(): DemoView;
}

/** Milliseconds at full pace that may be under way; and at how many it goes on. */
const HOLD_ABOVE = 6_000;
const GO_ON_BELOW = 3_000;
/** Milliseconds that rates are the mean of. */
const RATE_OVER = 4_000;
/** Milliseconds between two points of the rates of the publisher, which reports often. */
const RATE_EVERY = 100;
const KEPT_FINDINGS = 60;

const NOTHING: Counts = {
  sequence: 0,
  messages: 0,
  readings: 0,
  waveforms: 0,
  windows: 0,
  features: 0,
  anomalies: 0,
  incidents: 0,
  requests: 0,
  revisions: 0,
  acts: 0,
  replies: 0,
  commands: 0,
  answered: 0,
  accepted: [],
  done: 0,
};

/** Everything that a view is made of. */
type State = {
  phase: DemoView['phase'];
  waiting: string;
  look: DemoView['look'];
  trouble: string | undefined;
  published: Published | undefined;
  sight: Sight | undefined;
  findings: readonly LandedFinding[];
  held: boolean;
  /** Milliseconds of the clock: the first message, and the end of publishing. */
  started: number | undefined;
  stopped: number | undefined;
};

const NOTHING_YET: State = {
  ...{ phase: 'starting', waiting: '', look: [], trouble: undefined },
  ...{ published: undefined, sight: undefined, findings: [], held: false },
  ...{ started: undefined, stopped: undefined },
};

/** Follows a demo. `now` gives milliseconds of the clock. */
export function createDemoProgress(
  options: DemoProgressOptions,
  now: () => number = Date.now,
): DemoProgress {
  const marks = createMarks();
  const latencies = createLatencies(marks);
  const revisions: LandedRevision[] = [];
  const rates = { messages: createRate(), simulated: createRate(), readings: createRate() };
  const state: State = { ...NOTHING_YET };
  return {
    published(progress) {
      const wall = now();
      const { counts, at } = progress;
      marks.add({ wall, sequence: counts.last, at });
      rates.messages.add(wall, counts.acknowledged, RATE_EVERY);
      rates.simulated.add(wall, at / 1e6, RATE_EVERY);
      state.started ??= wall;
      state.published = progress;
      follow(state, options, marks);
    },
    seen(sight) {
      const { wall, counts, works } = sight;
      revisions.push(...sight.revisions);
      rates.readings.add(wall, counts.readings);
      latencies.landed(wall, state.sight?.counts.sequence ?? 0, counts.sequence);
      latencies.delivered(works, revisions);
      state.sight = sight;
      state.trouble = undefined;
      state.findings = [...state.findings, ...sight.findings].slice(-KEPT_FINDINGS);
    },
    trouble(text) {
      state.trouble = text ?? state.trouble;
    },
    look(places) {
      state.look = places;
    },
    phase(phase, waiting) {
      if (phase === 'draining') state.stopped ??= now();
      Object.assign(state, { phase, waiting });
    },
    get held() {
      return state.held;
    },
    get counts() {
      return state.sight?.counts ?? NOTHING;
    },
    get deadLetters() {
      return state.sight?.deadLetters ?? [];
    },
    get works() {
      return state.sight?.works ?? [];
    },
    revisions,
    latencies,
    view: () => viewOf({ options, state, rates, marks, revisions, latencies }, now),
  };
}

/** Whether what was published lands fast enough. */
function follow(state: State, options: DemoProgressOptions, marks: LogMarks): void {
  const at = state.published?.at ?? options.begin;
  const underWay = (at - landedTime(state, options, marks)) / 1_000 / options.speed;
  if (underWay > HOLD_ABOVE) state.held = true;
  if (underWay < GO_ON_BELOW) state.held = false;
}

/** Simulated time before which everything has landed. */
function landedTime(
  { sight, published }: State,
  { begin }: DemoProgressOptions,
  marks: LogMarks,
): EventTime {
  const sequence = sight?.counts.sequence ?? 0;
  return sequence === 0 ? begin : (marks.of(sequence)?.at ?? published?.at ?? begin);
}

type Facts = {
  readonly options: DemoProgressOptions;
  readonly state: State;
  readonly rates: Readonly<Record<'messages' | 'simulated' | 'readings', Rate>>;
  readonly marks: LogMarks;
  readonly revisions: readonly LandedRevision[];
  readonly latencies: DemoProgress['latencies'];
};

function viewOf(facts: Facts, now: () => number): DemoView {
  const { options, state, rates, marks, revisions, latencies } = facts;
  const { begin, speed, seconds, seed, plants } = options;
  const { phase, waiting, look, trouble, published, sight, held, started } = state;
  const counts = sight?.counts ?? NOTHING;
  const at = published?.at ?? begin;
  const wall = state.stopped ?? now();
  const requests = requestViews(revisions, sight?.works ?? []);
  return {
    ...{ phase, waiting, seed, begin, at, speed, seconds, counts, requests, look, trouble },
    actual: rates.simulated.perSecond(),
    done: seconds === undefined ? undefined : (at - begin) / (seconds * speed * 1e6),
    elapsed: started === undefined ? 0 : (wall - started) / 1_000,
    rates: { messages: rates.messages.perSecond(), readings: rates.readings.perSecond() },
    lag: {
      messages: Math.max(0, (published?.counts.last ?? 0) - counts.sequence),
      seconds: (at - landedTime(state, options, marks)) / 1e6,
      held,
    },
    latency: { warehouse: median(latencies.warehouse), cmms: median(latencies.cmms) },
    lines: lineViews(plants, sight?.machines ?? [], requests),
    latest: state.findings.map(({ kind, time, asset, severity, failure_mode, reason }) => ({
      ...{ kind, at: time, asset, severity },
      text: failure_mode === '' ? reason : `${failure_mode}: ${reason}`,
    })),
    deadLetters: byReason(sight?.deadLetters ?? []),
  };
}

type Rate = {
  /** An amount so far, at milliseconds of the clock; left out within `every` milliseconds of the last. */
  add(wall: number, amount: number, every?: number): void;
  /** How much it grew in a second of the clock. */
  perSecond(): number;
};

function createRate(): Rate {
  let points: { readonly wall: number; readonly amount: number }[] = [];
  return {
    add(wall, amount, every = 0) {
      if (wall - (points.at(-1)?.wall ?? 0) <= every) return;
      points = [...points.filter((point) => point.wall > wall - RATE_OVER), { wall, amount }];
    },
    perSecond() {
      const [first, last] = [points[0], points.at(-1)];
      if (first === undefined || last === undefined || last.wall === first.wall) return 0;
      return (last.amount - first.amount) / ((last.wall - first.wall) / 1_000);
    },
  };
}

/** How much became a dead letter for each reason, the most first. */
export function byReason(
  deadLetters: Sight['deadLetters'],
): readonly { readonly reason: string; readonly count: number }[] {
  const sums = new Map<string, number>();
  for (const { reason, count } of deadLetters) sums.set(reason, (sums.get(reason) ?? 0) + count);
  return [...sums]
    .map(([reason, count]) => ({ reason, count }))
    .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1));
}
