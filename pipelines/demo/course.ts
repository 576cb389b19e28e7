import type { EventTime } from '../../operators/model/time.ts';
import { median } from '../base/median.ts';
import type { PlantEntry } from '../rules/rules-file.ts';
import type { Work } from './ask-cmms.ts';
import type { Counts, Finding, Revision } from './ask-warehouse.ts';
import { createMarks } from './marks.ts';
import type { Published } from './publish-plant.ts';
import type { DemoView } from './view/demo-view.ts';
import { lineViews, requestViews } from './view/views.ts';
import type { Sight } from './watch.ts';

export type CourseOptions = {
  readonly seed: number;
  readonly speed: number;
  readonly begin: EventTime;
  /** Of the clock, at full speed; undefined when somebody has to end it. */
  readonly seconds: number | undefined;
  readonly plants: readonly PlantEntry[];
};

/** What is known of a demo so far: what was published, what was seen of it, and how long that took. */
export interface Course {
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
  readonly works: readonly Work[];
  readonly revisions: readonly Revision[];
  /** Milliseconds from the log into ClickHouse and into the CMMS, as they were seen. */
  readonly latencies: { readonly warehouse: readonly number[]; readonly cmms: readonly number[] };
  view(): DemoView;
}

/** Milliseconds at full pace that may be under way; and at how many it goes on. */
const HOLD_ABOVE = 6_000;
const GO_ON_BELOW = 3_000;
/** Milliseconds that rates are the mean of. */
const RATE_OVER = 4_000;
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
};

type Rate = { readonly wall: number; readonly messages: number; readonly at: EventTime };

/** Follows a demo. `now` gives milliseconds of the clock. */
export function createCourse(options: CourseOptions, now: () => number = Date.now): Course {
  const { begin, speed, seconds } = options;
  const marks = createMarks();
  const revisions: Revision[] = [];
  const latencies = { warehouse: [] as number[], cmms: [] as number[] };
  const delivered = new Set<string>();
  let findings: Finding[] = [];
  let pace: Rate[] = [];
  let landed: { readonly wall: number; readonly readings: number }[] = [];
  let progress: Published | undefined;
  let sight: Sight | undefined;
  let held = false;
  let started: number | undefined;
  let stopped: number | undefined;
  let told: string | undefined;
  let places: DemoView['look'] = [];
  let stage: { phase: DemoView['phase']; waiting: string } = { phase: 'starting', waiting: '' };

  /** Simulated time behind which everything has landed. */
  function landedAt(): EventTime {
    const sequence = sight?.counts.sequence ?? 0;
    return sequence === 0 ? begin : (marks.of(sequence)?.at ?? progress?.at ?? begin);
  }

  function follow({ counts, at }: Published): void {
    const wall = now();
    started ??= wall;
    marks.add({ wall, sequence: counts.last, at });
    if (wall - (pace.at(-1)?.wall ?? 0) > 100) {
      pace = [
        ...pace.filter((rate) => rate.wall > wall - RATE_OVER),
        { wall, messages: counts.acknowledged, at },
      ];
    }
    const underWay = (at - landedAt()) / 1_000 / speed;
    if (underWay > HOLD_ABOVE) held = true;
    if (underWay < GO_ON_BELOW) held = false;
  }

  /** The first look that finds a message landed measures its way; the CMMS says itself when it took a request. */
  function measure({ wall, counts, works }: Sight, before: number): void {
    const mark = marks.of(counts.sequence);
    if (counts.sequence > before && mark !== undefined) latencies.warehouse.push(wall - mark.wall);
    for (const { external_key: id, created } of works) {
      const cause = revisions.find((one) => one.id === id && one.revision === 1);
      const published = cause === undefined ? undefined : marks.of(cause.sequence);
      if (delivered.has(id) || published === undefined) continue;
      delivered.add(id);
      latencies.cmms.push(created - published.wall);
    }
  }

  return {
    published(next) {
      progress = next;
      follow(next);
    },
    seen(next) {
      const before = sight?.counts.sequence ?? 0;
      sight = next;
      told = undefined;
      revisions.push(...next.revisions);
      findings = [...findings, ...next.findings].slice(-KEPT_FINDINGS);
      const { wall, counts } = next;
      landed = [
        ...landed.filter((one) => one.wall > wall - RATE_OVER),
        { wall, readings: counts.readings },
      ];
      measure(next, before);
    },
    trouble(text) {
      told = text ?? told;
    },
    look(next) {
      places = next;
    },
    phase(phase, waiting) {
      if (phase === 'draining') stopped ??= now();
      stage = { phase, waiting };
    },
    get held() {
      return held;
    },
    get counts() {
      return sight?.counts ?? NOTHING;
    },
    get deadLetters() {
      return sight?.deadLetters ?? [];
    },
    get works() {
      return sight?.works ?? [];
    },
    revisions,
    latencies,
    view() {
      const counts = sight?.counts ?? NOTHING;
      const at = progress?.at ?? begin;
      const wall = stopped ?? now();
      const elapsed = started === undefined ? 0 : (wall - started) / 1_000;
      const acknowledged = progress?.counts.last ?? 0;
      const requests = requestViews(revisions, sight?.works ?? []);
      return {
        ...stage,
        seed: options.seed,
        begin,
        at,
        speed,
        actual: perSecond(pace.map((rate) => [rate.wall, rate.at / 1e6])),
        done: seconds === undefined ? undefined : (at - begin) / (seconds * speed * 1e6),
        elapsed,
        seconds,
        counts,
        rates: {
          messages: perSecond(pace.map((rate) => [rate.wall, rate.messages])),
          readings: perSecond(landed.map((one) => [one.wall, one.readings])),
        },
        lag: {
          messages: Math.max(0, acknowledged - counts.sequence),
          seconds: (at - landedAt()) / 1e6,
          held,
        },
        latency: {
          warehouse: median(latencies.warehouse),
          cmms: median(latencies.cmms),
        },
        lines: lineViews(options.plants, sight?.machines ?? [], requests),
        requests,
        latest: findings.map(({ kind, time, asset, severity, failure_mode, reason }) => ({
          kind,
          at: time,
          asset,
          severity,
          text: failure_mode === '' ? reason : `${failure_mode}: ${reason}`,
        })),
        deadLetters: byReason(sight?.deadLetters ?? []),
        look: places,
        trouble: told,
      };
    },
  };
}

/** How much something grew in a second of the clock, over the points (milliseconds, amount) that are given. */
function perSecond(points: readonly (readonly [number, number])[]): number {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || last[0] === first[0]) return 0;
  return (last[1] - first[1]) / ((last[0] - first[0]) / 1_000);
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
