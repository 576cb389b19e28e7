/** What a worker is doing just now, as `/status` says it: drawn from internal events and from what leaves its pipeline. */

import type { Row, Watermark } from '../../operators/flow/flow.ts';
import type { Knowledge } from '../../operators/model/knowledge.ts';
import type { Message } from '../../operators/model/message.ts';
import {
  type Duration,
  type EventTime,
  fromMilliseconds,
  HOUR,
  MINUTE,
  SECOND,
  toIso,
} from '../../operators/model/time.ts';
import type { InternalEvent } from './observe.ts';
import { createSourceLags, holdAdvice, type LineLags } from './source-lags.ts';

/** One JSON object. Times are UTC as text, durations seconds; null is what is not known yet. */
export type WorkerStatus = {
  readonly pipeline: string;
  readonly run: string;
  readonly partition: number;
  readonly partitions: number;
  /** Null until the partition is owned. */
  readonly stream: string | null;
  readonly owner: string | null;
  /** Why work is not done just now, as `/readyz` says it; empty when it is. */
  readonly reasons: readonly string[];
  readonly log: LogStatus | null;
  readonly epoch: { readonly epoch: number; readonly message: number } | null;
  /** The message that the newest checkpoint stands at. */
  readonly checkpoint: number | null;
  /** What waits while nothing is pulled; null: messages are pulled. */
  readonly back_pressure: { readonly files: number; readonly bytes: number } | null;
  readonly sinks: readonly SinkStatus[];
  readonly lines: readonly LineStatus[];
  readonly out_of_step: readonly OutOfStep[];
};

type LogStatus = {
  /** The last message that was taken in, when it was appended, and how many come after it. */
  readonly message: number;
  readonly appended: string;
  readonly behind: number;
  readonly age_seconds: number;
  readonly replay: boolean;
};

type SinkStatus = {
  readonly sink: string;
  /** The last epoch that it confirmed. */
  readonly epoch: number | null;
  readonly behind_epochs: number;
  readonly behind_bytes: number;
  /** Why it did not take the next one. */
  readonly trouble: string | null;
};

export type LineStatus = {
  readonly line: string;
  /** Line time, and how far it is behind append time. */
  readonly time: string | null;
  readonly behind_seconds: number | null;
  /** The least `hold` with which every source is in step 99 times of 100. */
  readonly hold_seconds: number | null;
  /** What to do about sources that lag by more than their `hold`. */
  readonly advice: string | null;
  readonly sources: readonly SourceStatus[];
};

type SourceStatus = {
  readonly source: string;
  readonly time: string;
  /** Lags behind the most advanced source of the line in the last hour or two: half, and 99 of 100, were at most so long. */
  readonly lag_half_seconds: number | null;
  readonly lag_99_seconds: number | null;
  readonly hold_seconds: number;
  readonly state: 'in step' | 'out of step' | 'silent';
};

/** A source that its line does not wait for, as `dead_letters` has it. */
type OutOfStep = {
  readonly source: string;
  readonly reason: 'out-of-step' | 'skew';
  readonly appended: string;
  readonly detail: string;
};

export interface StatusWatch {
  /** Told every internal event. */
  watch(event: InternalEvent): void;
  /** Looks on at what leaves the pipeline. */
  readonly observer: {
    knowledge(known: Knowledge): void;
    watermark(mark: Watermark): void;
    row(row: Row, cause: Message): void;
  };
  report(): WorkerStatus;
}

type Identity = Pick<WorkerStatus, 'pipeline' | 'run' | 'partition' | 'partitions'>;

/** It is reported once a minute of append time. */
const OUT_OF_STEP_FOR: Duration = (2 * MINUTE) as Duration;
const MOST_OUT_OF_STEP = 1_000;

export function createStatusWatch(
  { pipeline, run, partition, partitions }: Identity,
  reasons: () => readonly string[],
): StatusWatch {
  const lags = createSourceLags(HOUR);
  const events = createEventStatus();
  const wrong = new Map<string, Omit<OutOfStep, 'appended'> & { readonly appended: EventTime }>();
  return {
    watch: events.watch,
    observer: {
      knowledge: lags.knowledge,
      watermark: lags.watermark,
      row({ table, row }, { appended }) {
        if (table !== 'dead_letters') return;
        const { reason, source, detail } = row;
        if (reason !== 'out-of-step' && reason !== 'skew') return;
        if (wrong.size >= MOST_OUT_OF_STEP && !wrong.has(source)) return;
        wrong.set(source, { source, reason, detail, appended });
      },
    },
    report() {
      const said = events.report();
      const now = fromMilliseconds(said.log === null ? 0 : Date.parse(said.log.appended));
      for (const [source, { appended }] of wrong) {
        if (now - appended > OUT_OF_STEP_FOR) wrong.delete(source);
      }
      return {
        ...{ pipeline, run, partition, partitions, ...said, reasons: reasons() },
        lines: lags.report().map((line) => lineStatus(line, now, wrong)),
        out_of_step: [...wrong.values()].map(({ appended, ...one }) => {
          return { ...one, appended: toIso(appended) };
        }),
      };
    },
  };
}

function lineStatus(
  line: LineLags,
  now: EventTime,
  wrong: ReadonlyMap<string, unknown>,
): LineStatus {
  const { time, hold, sources } = line;
  const isKnown = time !== undefined;
  return {
    line: line.line,
    time: isKnown ? toIso(time) : null,
    behind_seconds: isKnown && now > 0 ? (now - time) / SECOND : null,
    hold_seconds: secondsOf(hold),
    advice: holdAdvice(line) ?? null,
    sources: sources.map(({ source, time: own, median, p99, hold: held, silent }) => ({
      ...{ source, time: toIso(own), hold_seconds: held / SECOND },
      ...{ lag_half_seconds: secondsOf(median), lag_99_seconds: secondsOf(p99) },
      state: silent ? 'silent' : wrong.has(source) ? 'out of step' : 'in step',
    })),
  };
}

function secondsOf(duration: Duration | undefined): number | null {
  return duration === undefined ? null : duration / SECOND;
}

type EventStatus = Pick<
  WorkerStatus,
  'stream' | 'owner' | 'log' | 'epoch' | 'checkpoint' | 'back_pressure' | 'sinks'
>;

/** What internal events say, the latest of each kind. */
function createEventStatus() {
  const status: { -readonly [K in keyof Omit<EventStatus, 'sinks'>]: EventStatus[K] } = {
    ...{ stream: null, owner: null, log: null, epoch: null, checkpoint: null, back_pressure: null },
  };
  const sinks = new Map<string, SinkStatus>();
  const sinkIs = (sink: string, change: Partial<SinkStatus>) => {
    const unknown = { sink, epoch: null, behind_epochs: 0, behind_bytes: 0, trouble: null };
    sinks.set(sink, { ...unknown, ...sinks.get(sink), ...change });
  };
  return {
    report: (): EventStatus => ({ ...status, sinks: [...sinks.values()] }),
    watch(event: InternalEvent): void {
      switch (event.kind) {
        case 'started':
          status.stream = event.stream;
          status.owner = event.owner;
          return;
        case 'log-lag': {
          const { read: message, appended, messages: behind, milliseconds, replay } = event;
          const age_seconds = Math.round(milliseconds) / 1_000;
          status.log = { message, appended, behind, age_seconds, replay };
          return;
        }
        case 'epoch-written':
          status.epoch = { epoch: event.epoch, message: event.to };
          return;
        case 'checkpoint-written':
        case 'checkpoint-restored':
          status.checkpoint = event.to;
          return;
        case 'back-pressure-on':
          status.back_pressure = { files: event.files, bytes: event.bytes };
          return;
        case 'back-pressure-off':
          status.back_pressure = null;
          return;
        case 'sink-behind':
          sinkIs(event.sink, { behind_epochs: event.files, behind_bytes: event.bytes });
          return;
        case 'sink-retry':
          sinkIs(event.sink, { trouble: event.reason });
          return;
        case 'epoch-landed':
          sinkIs(event.sink, { epoch: event.epoch, trouble: null });
          return;
      }
    },
  };
}
