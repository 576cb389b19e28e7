/** Source time and line time: how far event time has come, from what the log has shown. */

import { type Key, lineOf } from '../model/key.ts';
import { assetOf, type Knowledge, plantModelOf, rulesOf } from '../model/knowledge.ts';
import type { Origin } from '../model/message.ts';
import { type Rules, type TimeRules, timeRulesSchema, type WindowRule } from '../model/rules.ts';
import {
  BEGINNING,
  between,
  DAY,
  type Duration,
  type EventTime,
  earlier,
  floorTo,
  later,
  MINUTE,
  minus,
  SECOND,
} from '../model/time.ts';
import { type Event, LOG, type Stage, type StageId } from './flow.ts';
import { keyed, type Out } from './keyed.ts';
import {
  type HeldSource,
  type LineClock,
  lineTime,
  mostAdvanced,
  openSourceClock,
  passOver,
  type SourceClock,
  silenceMark,
  WATERMARK_STEP,
} from './line-time.ts';
import type { States } from './states.ts';

/** What has a source and a place: everything that comes from machines. A tick has neither; only its append time counts. */
export type Sourced =
  | { readonly kind: 'tick'; readonly origin: Origin }
  | { readonly kind: 'frame' | 'waveform' | 'event'; readonly origin: Origin; readonly asset: Key };

type Placed = Exclude<Sourced, { kind: 'tick' }>;

/** A longer stretch without any message or tick: the broker or the worker was away, and nobody can know what was silent. */
const BLIND_AFTER = (5 * SECOND) as Duration;

const DEFAULT_TIME: TimeRules = timeRulesSchema.parse({});

/**
 * Follows source time, line time and append time, and sends their watermarks. Ticks end here. An event too far ahead of
 * its append time becomes a dead letter (`skew`). A source that is out of step delays nobody; it is reported once a minute.
 * Machine events move their own source but never hold up the line: they are rare, and facts are never too old.
 */
export function watermarks<T extends Sourced>(
  options: {
    readonly id: StageId;
    /** How many readings an event stands for when it becomes a dead letter. */
    readonly weigh: (value: T) => number;
  },
  states: States,
): Stage<T, Exclude<T, { kind: 'tick' }>> {
  type Passed = Exclude<T, { kind: 'tick' }>;
  const { id, weigh } = options;
  return keyed<PartitionClock, T, Passed>(
    {
      id,
      version: 1,
      scope: 'source',
      // One key for the partition: append time is that of the whole, and the clocks of sources and lines are in its state.
      keyOf: () => LOG,
      open: () => ({ appended: BEGINNING, stepped: BEGINNING, lines: {} }),
      onEvent(state, event, knowledge, out) {
        const context: Context<Passed> = { id, state, knowledge, out };
        advanceAppendTime(event.value.origin.appended, context);
        if (!hasPlace<T, Passed>(event)) return;
        const { time, value } = event;
        if (time - value.origin.appended > timeRulesOf(value.asset, knowledge).skew) {
          reportClock('skew', event, weigh(event.value), context);
          return;
        }
        out.pass(event);
        advanceSource(event, context);
      },
    },
    states,
  );
}

type PartitionClock = {
  /** The latest append time, and the last whole step of it that sources were looked through for. */
  appended: EventTime;
  stepped: EventTime;
  readonly lines: Record<string, LineClock>;
};

type Context<T> = {
  readonly id: StageId;
  readonly state: PartitionClock;
  readonly knowledge: Knowledge;
  readonly out: Out<T>;
};

function hasPlace<T extends Sourced, P extends T>(event: Event<T>): event is Event<P> {
  return event.value.kind !== 'tick';
}

function timeRulesOf(key: Key, knowledge: Knowledge): TimeRules {
  return rulesOf(knowledge, key)?.time ?? DEFAULT_TIME;
}

/** Append time went on: sources may have become silent, and a long stretch of nothing was blind time. */
function advanceAppendTime<T>(appended: EventTime, context: Context<T>): void {
  const { state, out } = context;
  const from = state.appended;
  if (appended <= from) return;
  state.appended = appended;
  if (from !== BEGINNING && appended - from > BLIND_AFTER) {
    const blind = { from, to: appended };
    out.pass({ kind: 'watermark', scope: 'log', of: LOG, time: state.stepped, blind });
    for (const [path, line] of Object.entries(state.lines)) {
      out.pass({ kind: 'watermark', scope: 'line', of: path as Key, time: line.sent, blind });
      passOver(line, between(from, appended));
    }
  }
  const step = floorTo(appended, WATERMARK_STEP);
  if (step === state.stepped) return;
  state.stepped = step;
  // Ahead of all that this step brings about: what is decided then is decided at this time.
  out.pass({ kind: 'watermark', scope: 'log', of: LOG, time: step });
  for (const [path, line] of Object.entries(state.lines)) {
    for (const sources of [line.sources, line.backfill]) {
      for (const [of, source] of Object.entries(sources)) {
        if (appended - source.heard > DAY) {
          delete sources[of];
          lineSources.delete(line);
        } else closeSilent(of as Key, source, context);
      }
    }
    advanceLine(path as Key, line, context);
  }
}

/** A silent source still closes what it has open. */
function closeSilent<T>(of: Key, source: SourceClock, context: Context<T>): void {
  const { state, knowledge, out } = context;
  const rules = timeRulesOf(source.asset, knowledge);
  if (state.appended - source.heard <= rules.idle) return;
  const extent = longestWindow(rulesOf(knowledge, source.asset));
  const time = silenceMark(source, state.appended, extent, rules);
  if (time <= source.closed) return;
  source.closed = time;
  if (time > source.sent) out.pass({ kind: 'watermark', scope: 'source', of, time, silence: true });
}

/** An event moves its source, and the line with it when the source held it or is far ahead of it. */
function advanceSource<T extends Placed>(event: Event<T>, context: Context<T>): void {
  const { state, knowledge, out } = context;
  const { kind, origin, asset } = event.value;
  const rules = timeRulesOf(asset, knowledge);
  const path = lineOf(asset);
  const line = lineAt(state, path, origin.appended);
  const last = earlier(event.time, origin.appended);
  const isLive = origin.backfill !== true;
  const sources = isLive ? line.sources : line.backfill;
  let source = sources[event.key];
  if (source === undefined) {
    source = openSourceClock(asset);
    // Machine events alone are rare: their clock serves for this one watermark.
    if (kind !== 'event') {
      sources[event.key] = source;
      lineSources.delete(line);
    }
  }
  const before = source.time;
  source.heard = origin.appended;
  if (origin.appended - event.time <= rules.skew_behind) source.trusted = origin.appended;
  source.last = later(source.last, last);
  source.time = later(before, minus(last, disorderOf(asset, knowledge)));
  if (isLive && kind !== 'event') reportOutOfStep(event, source, line, context);
  if (source.time === before) return;
  sendWatermark('source', event.key, source, out);
  if (isLive && canMove(path, line, before, source.time, context)) advanceLine(path, line, context);
}

function lineAt(state: PartitionClock, path: Key, born: EventTime): LineClock {
  const known = state.lines[path];
  if (known !== undefined) return known;
  const line = { time: BEGINNING, sent: BEGINNING, born, sources: {}, backfill: {} };
  state.lines[path] = line;
  return line;
}

/** Only who held the line, or is so far ahead that others fall out of step, can move it. */
function canMove<T>(
  path: Key,
  line: LineClock,
  before: EventTime,
  time: EventTime,
  context: Context<T>,
): boolean {
  const { least, most } = sourcesOf(path, line, context);
  return (
    floorTo(before, WATERMARK_STEP) <= line.time ||
    time - least > line.time ||
    context.state.stepped - line.born < most
  );
}

function advanceLine<T>(of: Key, line: LineClock, context: Context<T>): void {
  // Who is heard is decided on whole steps, so that it does not matter which message asks.
  const { stepped } = context.state;
  const { sources, most, declared } = sourcesOf(of, line, context);
  const isYoung = stepped - line.born < most;
  const complete = isYoung && declared.every((subject) => Object.hasOwn(line.sources, subject));
  const rules = { ...timeRulesOf(of, context.knowledge), hold: most };
  line.time = lineTime(line, sources, stepped, rules, complete);
  sendWatermark('line', of, line, context.out);
}

/** What is asked of a line for nearly every message. Derived of model and rules, so no state. */
type LineSources = {
  readonly knowledge: Knowledge;
  readonly sources: readonly HeldSource[];
  /** Of the holds of its sources. */
  readonly least: Duration;
  readonly most: Duration;
  /** The subjects that the plant model lets one expect. */
  readonly declared: readonly string[];
};

const lineSources = new WeakMap<LineClock, LineSources>();

function sourcesOf<T>(path: Key, line: LineClock, { knowledge }: Context<T>): LineSources {
  const known = lineSources.get(line);
  if (known?.knowledge === knowledge) return known;
  const clocks = Object.values(line.sources);
  const sources = clocks.map((clock) => ({ clock, hold: holdOf(clock.asset, knowledge) }));
  const holds = [timeRulesOf(path, knowledge).hold, ...sources.map(({ hold }) => hold)];
  const found = {
    knowledge,
    sources,
    least: Math.min(...holds) as Duration,
    most: Math.max(...holds) as Duration,
    declared: declaredOn(path, knowledge),
  };
  lineSources.set(line, found);
  return found;
}

function declaredOn(path: Key, knowledge: Knowledge): readonly string[] {
  const [plant = '', line = ''] = path.split('/');
  const assets = plantModelOf(knowledge, path)?.lines.find(({ id }) => id === line)?.assets ?? [];
  return assets.flatMap(({ id, signals, points }) => {
    const place = `${plant}.${line}.${id}`;
    const telemetry = Object.keys(signals).length > 0 ? [`telemetry.${place}`] : [];
    return [...telemetry, ...points.map((point) => `waveform.${place}.${point.id}`)];
  });
}

function disorderOf(asset: Key, knowledge: Knowledge): Duration {
  return assetOf(knowledge, asset)?.disorder ?? timeRulesOf(asset, knowledge).disorder;
}

/** The most that a source of this asset may delay its line. */
export function holdOf(asset: Key, knowledge: Knowledge): Duration {
  return assetOf(knowledge, asset)?.hold ?? timeRulesOf(asset, knowledge).hold;
}

const extents = new WeakMap<Rules, Duration>();

/** How long a window can wait for time after its last event. Count windows do so only to fire early. */
function longestWindow(rules: Rules | undefined): Duration {
  if (rules === undefined) return WATERMARK_STEP;
  const known = extents.get(rules);
  if (known !== undefined) return known;
  let longest: Duration = WATERMARK_STEP;
  for (const rule of rules.windows) {
    const extent = extentOf(rule);
    if (extent > longest) longest = extent;
  }
  extents.set(rules, longest);
  return longest;
}

/** With the change to winter time, and more than any zone has changed its clocks by. */
const LONGEST_DAY = (2 * DAY) as Duration;

function extentOf(rule: WindowRule): Duration {
  switch (rule.kind) {
    case 'session':
      return rule.gap;
    case 'count':
      return rule.early ?? WATERMARK_STEP;
    case 'calendar':
      return LONGEST_DAY;
    default:
      return rule.size;
  }
}

function sendWatermark<T>(
  scope: 'source' | 'line',
  of: Key,
  clock: { readonly time: EventTime; sent: EventTime },
  out: Out<T>,
): void {
  const time = floorTo(clock.time, WATERMARK_STEP);
  if (time <= clock.sent) return;
  clock.sent = time;
  out.pass({ kind: 'watermark', scope, of, time });
}

/** A source that nobody waits for is reported once in a minute of append time, whatever the epochs. */
function reportOutOfStep<T>(
  event: Event<Placed>,
  source: SourceClock,
  line: LineClock,
  context: Context<T>,
): void {
  if (!isOutOfStep(event, line, context)) return;
  const minute = floorTo(event.value.origin.appended, MINUTE);
  if (source.reported === minute) return;
  source.reported = minute;
  reportClock('out-of-step', event, 1, context);
}

/** Its clock is called wrong, or it is out of step with append time or with its line: nobody waits for it. */
function isOutOfStep<T>(event: Event<Placed>, line: LineClock, context: Context<T>): boolean {
  const { state, knowledge } = context;
  const { asset, origin } = event.value;
  const { hold, idle, skew_behind } = timeRulesOf(asset, knowledge);
  const ahead = event.time - origin.appended;
  if (ahead > hold || -ahead > skew_behind) return true;
  // Who is not behind the line is in step with it: the look at all others is spared.
  if (event.time >= line.time) return false;
  const advanced = mostAdvanced(
    sourcesOf(lineOf(asset), line, context).sources,
    state.stepped,
    idle,
  );
  const time = minus(event.time, disorderOf(asset, knowledge));
  return advanced !== undefined && time < advanced - holdOf(asset, knowledge);
}

function reportClock<T>(
  reason: 'skew' | 'out-of-step',
  { time, value: { origin } }: Event<Placed>,
  count: number,
  { id, out }: Context<T>,
): void {
  const seconds = Math.round((time - origin.appended) / SECOND);
  const where = seconds >= 0 ? 'ahead of' : 'behind';
  out.land('dead_letters', {
    reason,
    stage: id,
    source: origin.subject,
    detail: `the event is ${Math.abs(seconds)} s ${where} the time it was appended`,
    count,
    original: `message ${origin.sequence} of ${origin.subject}, event time ${time} us`,
  });
}
