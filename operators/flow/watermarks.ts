import { type Key, lineOf } from '../model/key.ts';
import { assetOf, type Knowledge, learn, nothingKnown, rulesOf } from '../model/knowledge.ts';
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
  SECOND,
} from '../model/time.ts';
import { type Event, type Flow, row, type Stage, type StageId } from './flow.ts';
import { lineTime, type Source, silentTime } from './line-time.ts';
import { stateful } from './stateful.ts';
import type { States } from './states.ts';

/** What has a source and a place: everything that comes from machines. A tick has neither; only its append time counts. */
export type Sourced =
  | { readonly kind: 'tick'; readonly origin: Origin }
  | { readonly kind: 'frame' | 'waveform' | 'event'; readonly origin: Origin; readonly asset: Key };

/** Watermarks stand on whole steps of event time, so that batch cuts cannot matter. */
export const WATERMARK_STEP: Duration = SECOND;

/** A longer stretch without any message or tick: the broker or the worker was away, and nobody can say what was silent. */
export const BLIND_AFTER = (5 * SECOND) as Duration;

type LineState = { time: EventTime; marked: EventTime; readonly sources: Record<string, Source> };
type State = {
  appended: EventTime;
  stepped: EventTime;
  readonly lines: Record<string, LineState>;
};

const DEFAULT_TIME: TimeRules = timeRulesSchema.parse({});

/**
 * Follows source time and line time, and sends their watermarks. Ticks end here. An event too far ahead of its append
 * time becomes a dead letter (`skew`). Machine events move their own source but never hold up the line: they are rare, and the
 * facts that they carry are never late.
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
  // The sources of each line as a list: they are looked through for nearly every message.
  const lists = new WeakMap<LineState, readonly Source[]>();
  let known: Readonly<Knowledge> = nothingKnown();
  return stateful<State, Knowledge, T, Passed>(
    {
      id,
      version: 1,
      open: () => ({
        appended: BEGINNING,
        stepped: BEGINNING,
        lines: {},
      }),
      openShared: nothingKnown,
      onChange: (knowledge, change) => learn(knowledge, change.value),
      handle(state, item, knowledge, emit) {
        known = knowledge;
        if (item.kind !== 'event') {
          emit(item);
          return;
        }
        advance(state, item.value.origin.appended, emit);
        const event: Event<T> = item;
        if (isPlaced<T>(event)) place(state, event, emit);
      },
    },
    states,
  );

  function isPlaced<V extends T>(event: Event<V>): event is Event<V> & Event<Passed> {
    return event.value.kind !== 'tick';
  }

  function place(state: State, event: Event<Passed>, emit: (item: Flow<Passed>) => void): void {
    const { kind, origin, asset } = event.value;
    const rules = rulesOf(known, asset)?.time ?? DEFAULT_TIME;
    if (event.time - origin.appended > rules.skew) {
      emit(skewed(id, event, origin, weigh(event.value)));
      return;
    }
    emit(event);
    const path = lineOf(asset);
    const line = lineAt(state, path);
    const disorder = assetOf(known, asset)?.disorder ?? rules.disorder;
    const last = earlier(event.time, origin.appended);
    const time = minus(last, disorder);
    const source = line.sources[origin.subject];
    if (source === undefined) {
      if (kind !== 'event') {
        line.sources[origin.subject] = { last, time, heard: origin.appended, marked: BEGINNING };
        lists.delete(line);
      }
      mark('source', event.key, line.sources[origin.subject] ?? { time, marked: BEGINNING }, emit);
      settle(path, line, state, emit);
      return;
    }
    source.heard = origin.appended;
    source.last = later(source.last, last);
    if (time <= source.time) return;
    const held = source.time <= line.time;
    source.time = time;
    mark('source', event.key, source, emit);
    if (held) settle(path, line, state, emit);
  }

  function lineAt(state: State, path: Key): LineState {
    const known = state.lines[path];
    if (known !== undefined) return known;
    const line = { time: BEGINNING, marked: BEGINNING, sources: {} };
    state.lines[path] = line;
    return line;
  }

  /** Append time went on: sources may have become idle, and a long stretch of nothing was blind time. */
  function advance(state: State, appended: EventTime, emit: (item: Flow<Passed>) => void): void {
    const from = state.appended;
    if (appended <= from) return;
    state.appended = appended;
    if (from !== BEGINNING && appended - from > BLIND_AFTER) {
      for (const [path, line] of Object.entries(state.lines)) {
        const blind = { from, to: appended };
        emit({ kind: 'watermark', scope: 'line', of: path as Key, time: line.marked, blind });
      }
    }
    const step = floorTo(appended, WATERMARK_STEP);
    if (step === state.stepped) return;
    state.stepped = step;
    for (const [path, line] of Object.entries(state.lines)) {
      const rules = rulesOf(known, path as Key);
      for (const [subject, source] of Object.entries(line.sources)) {
        if (appended - source.heard > DAY) {
          delete line.sources[subject];
          lists.delete(line);
        } else hush(subject as Key, source, appended, rules, emit);
      }
      settle(path as Key, line, state, emit);
    }
  }

  /** A silent source still closes what it has open. */
  function hush(
    of: Key,
    source: Source,
    now: EventTime,
    rules: Rules | undefined,
    emit: (item: Flow<Passed>) => void,
  ): void {
    const time = rules?.time ?? DEFAULT_TIME;
    if (now - source.heard <= time.idle) return;
    source.time = silentTime(source, now, longestWindow(rules), time);
    mark('source', of, source, emit);
  }

  function sourcesOf(line: LineState): readonly Source[] {
    const known = lists.get(line);
    if (known !== undefined) return known;
    const sources = Object.values(line.sources);
    lists.set(line, sources);
    return sources;
  }

  function settle(
    of: Key,
    line: LineState,
    state: State,
    emit: (item: Flow<Passed>) => void,
  ): void {
    const rules = rulesOf(known, of)?.time ?? DEFAULT_TIME;
    line.time = lineTime(sourcesOf(line), line.time, state.appended, rules);
    mark('line', of, line, emit);
  }
}

/** How long a window can stay open behind its last event. Count windows do not wait for time. */
function longestWindow(rules: Rules | undefined): Duration {
  let longest: Duration = WATERMARK_STEP;
  for (const rule of rules?.windows ?? []) {
    const extent = rule.kind === 'session' ? rule.gap : rule.kind === 'count' ? longest : rule.size;
    if (extent > longest) longest = extent;
  }
  return longest;
}

function mark<T>(
  scope: 'source' | 'line',
  of: Key,
  clock: { time: EventTime; marked: EventTime },
  emit: (item: Flow<T>) => void,
): void {
  const time = floorTo(clock.time, WATERMARK_STEP);
  if (time <= clock.marked) return;
  clock.marked = time;
  emit({ kind: 'watermark', scope, of, time });
}

function skewed<T>(stage: StageId, event: Event<T>, origin: Origin, count: number): Flow<never> {
  const seconds = Math.round((event.time - origin.appended) / SECOND);
  return row('dead_letters', {
    reason: 'skew',
    stage,
    source: origin.subject,
    detail: `the event is ${seconds} s ahead of the time it was appended`,
    count,
    original: `message ${origin.sequence} of ${origin.subject}, event time ${event.time} us`,
  });
}
