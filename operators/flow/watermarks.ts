/** Source time and line time: how far event time has come, from what the log has shown. */

import { type Key, lineOf } from '../model/key.ts';
import { assetOf, type Knowledge, rulesOf } from '../model/knowledge.ts';
import type { Origin } from '../model/message.ts';
import { type Rules, type TimeRules, timeRulesSchema } from '../model/rules.ts';
import {
  BEGINNING,
  DAY,
  type Duration,
  type EventTime,
  earlier,
  floorTo,
  later,
  minus,
  plus,
  SECOND,
} from '../model/time.ts';
import type { Event, Stage, StageId } from './flow.ts';
import { keyed, type Out } from './keyed.ts';
import type { States } from './states.ts';

/** What has a source and a place: everything that comes from machines. A tick has neither; only its append time counts. */
export type Sourced =
  | { readonly kind: 'tick'; readonly origin: Origin }
  | { readonly kind: 'frame' | 'waveform' | 'event'; readonly origin: Origin; readonly asset: Key };

/** Watermarks stand on whole steps of event time, so that batch cuts cannot matter. */
const WATERMARK_STEP: Duration = SECOND;

/** A longer stretch without any message or tick: the broker or the worker was away, and nobody can know what was silent. */
const BLIND_AFTER = (5 * SECOND) as Duration;

const DEFAULT_TIME: TimeRules = timeRulesSchema.parse({});

/**
 * Follows source time and line time, and sends their watermarks. Ticks end here. An event too far ahead of its append
 * time becomes a dead letter (`skew`). Machine events move their own source but never hold up the line: they are
 * rare, and the facts that they carry are never late.
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
      // Append time is that of the whole partition.
      keyOf: () => PARTITION,
      open: () => ({ appended: BEGINNING, stepped: BEGINNING, lines: {} }),
      onEvent(state, event, knowledge, out) {
        const context: Context<Passed> = { state, knowledge, out };
        advanceAppendTime(event.value.origin.appended, context);
        if (!hasPlace<T, Passed>(event)) return;
        const { time, value } = event;
        const rules = rulesOf(knowledge, value.asset)?.time ?? DEFAULT_TIME;
        if (time - value.origin.appended > rules.skew) {
          reportSkew(id, event, weigh(event.value), out);
          return;
        }
        out.pass(event);
        advanceSource(event, rules, context);
      },
    },
    states,
  );
}

/** The one key of this stage. */
const PARTITION = '' as Key;

type PartitionClock = {
  /** The latest append time, and the last whole step of it that sources were looked through for. */
  appended: EventTime;
  stepped: EventTime;
  readonly lines: Record<string, LineClock>;
};

type LineClock = {
  time: EventTime;
  /** The last watermark that was sent. */
  sent: EventTime;
  readonly sources: Record<string, SourceClock>;
};

/** What the log has shown of one source (a subject). */
type SourceClock = {
  /** Highest event time seen, never ahead of append time. */
  last: EventTime;
  /** The source's own time: `last` minus its disorder; while it is silent, see `silentTime`. */
  time: EventTime;
  /** Append time of its latest message. */
  heard: EventTime;
  /** `time` in whole steps: the last watermark that was sent. */
  sent: EventTime;
};

type Context<T> = {
  readonly state: PartitionClock;
  readonly knowledge: Knowledge;
  readonly out: Out<T>;
};

function hasPlace<T extends Sourced, P extends T>(event: Event<T>): event is Event<P> {
  return event.value.kind !== 'tick';
}

/** Append time went on: sources may have become silent, and a long stretch of nothing was blind time. */
function advanceAppendTime<T>(appended: EventTime, context: Context<T>): void {
  const { state, knowledge, out } = context;
  const from = state.appended;
  if (appended <= from) return;
  state.appended = appended;
  if (from !== BEGINNING && appended - from > BLIND_AFTER) {
    for (const [path, { sent }] of Object.entries(state.lines)) {
      const blind = { from, to: appended };
      out.pass({ kind: 'watermark', scope: 'line', of: path as Key, time: sent, blind });
    }
  }
  const step = floorTo(appended, WATERMARK_STEP);
  if (step === state.stepped) return;
  state.stepped = step;
  for (const [path, line] of Object.entries(state.lines)) {
    const rules = rulesOf(knowledge, path as Key);
    for (const [subject, source] of Object.entries(line.sources)) {
      if (appended - source.heard > DAY) {
        delete line.sources[subject];
        sourceLists.delete(line);
      } else advanceSilent(subject as Key, source, rules, context);
    }
    advanceLine(path as Key, line, context);
  }
}

/** A silent source still closes what it has open. */
function advanceSilent<T>(
  of: Key,
  source: SourceClock,
  rules: Rules | undefined,
  { state: { appended }, out }: Context<T>,
): void {
  const time = rules?.time ?? DEFAULT_TIME;
  if (appended - source.heard <= time.idle) return;
  source.time = silentTime(source, appended, longestWindow(rules), time);
  sendWatermark('source', of, source, out);
}

/** An event moves its source, and the line with it when the source was what held it. */
function advanceSource<T extends Exclude<Sourced, { kind: 'tick' }>>(
  { key, time: eventTime, value: { kind, origin, asset } }: Event<T>,
  rules: TimeRules,
  context: Context<T>,
): void {
  const { state, knowledge, out } = context;
  const path = lineOf(asset);
  const line = lineAt(state, path);
  const disorder = assetOf(knowledge, asset)?.disorder ?? rules.disorder;
  const last = earlier(eventTime, origin.appended);
  const time = minus(last, disorder);
  const source = line.sources[origin.subject];
  if (source === undefined) {
    const first: SourceClock = { last, time, heard: origin.appended, sent: BEGINNING };
    if (kind !== 'event') {
      line.sources[origin.subject] = first;
      sourceLists.delete(line);
    }
    sendWatermark('source', key, first, out);
    advanceLine(path, line, context);
    return;
  }
  source.heard = origin.appended;
  source.last = later(source.last, last);
  if (time <= source.time) return;
  const held = source.time <= line.time;
  source.time = time;
  sendWatermark('source', key, source, out);
  if (held) advanceLine(path, line, context);
}

function advanceLine<T>(of: Key, line: LineClock, { state, knowledge, out }: Context<T>): void {
  const rules = rulesOf(knowledge, of)?.time ?? DEFAULT_TIME;
  line.time = lineTime(sourcesOf(line), line.time, state.appended, rules);
  sendWatermark('line', of, line, out);
}

function lineAt(state: PartitionClock, path: Key): LineClock {
  const known = state.lines[path];
  if (known !== undefined) return known;
  const line = { time: BEGINNING, sent: BEGINNING, sources: {} };
  state.lines[path] = line;
  return line;
}

/** The sources of each line as a list, derived: they are looked through for nearly every message. */
const sourceLists = new WeakMap<LineClock, readonly SourceClock[]>();

function sourcesOf(line: LineClock): readonly SourceClock[] {
  const known = sourceLists.get(line);
  if (known !== undefined) return known;
  const sources = Object.values(line.sources);
  sourceLists.set(line, sources);
  return sources;
}

/**
 * The time of a line: the least time of the sources heard within `idle`, never going back. A source whose time is
 * before that of the line is catching up and does not hold it. Without any that hold it, the line follows append time.
 */
function lineTime(
  sources: Iterable<SourceClock>,
  line: EventTime,
  now: EventTime,
  { idle, disorder }: { readonly idle: Duration; readonly disorder: Duration },
): EventTime {
  let least: EventTime | undefined;
  for (const { time, heard } of sources) {
    if (now - heard > idle || time < line) continue;
    if (least === undefined || time < least) least = time;
  }
  const time = least ?? minus(minus(now, idle), disorder);
  return later(time, line);
}

/**
 * The time of a source that was not heard for `idle`: it follows append time, so that what is open can close, but no
 * further than `extent` (the longest window) after its last event. A gateway that comes back after an hour finds
 * its windows closed and its clock where it was, and what it brings is judged.
 */
function silentTime(
  { last, time }: SourceClock,
  now: EventTime,
  extent: Duration,
  { idle, disorder }: { readonly idle: Duration; readonly disorder: Duration },
): EventTime {
  const silent = minus(minus(now, idle), disorder);
  return later(earlier(silent, plus(last, extent)), time);
}

/** How long a window can stay open after its last event. Count windows do not wait for time. */
function longestWindow(rules: Rules | undefined): Duration {
  let longest: Duration = WATERMARK_STEP;
  for (const rule of rules?.windows ?? []) {
    const extent = rule.kind === 'session' ? rule.gap : rule.kind === 'count' ? longest : rule.size;
    if (extent > longest) longest = extent;
  }
  return longest;
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

function reportSkew<T>(
  stage: StageId,
  { time, value: { origin } }: Event<{ readonly origin: Origin }>,
  count: number,
  out: Out<T>,
): void {
  const seconds = Math.round((time - origin.appended) / SECOND);
  out.land('dead_letters', {
    reason: 'skew',
    stage,
    source: origin.subject,
    detail: `the event is ${seconds} s ahead of the time it was appended`,
    count,
    original: `message ${origin.sequence} of ${origin.subject}, event time ${time} us`,
  });
}
