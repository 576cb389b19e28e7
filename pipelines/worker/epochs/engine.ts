/** Runs a pipeline message by message, and collects what comes out of it. */

import {
  type Epoch,
  type Event,
  type Flow,
  type Row,
  row,
  type Stage,
  type Watermark,
} from '../../../operators/flow/flow.ts';
import { handlerOf } from '../../../operators/flow/stage.ts';
import type { States } from '../../../operators/flow/states.ts';
import type { Key } from '../../../operators/model/key.ts';
import { applyChange, type Knowledge } from '../../../operators/model/knowledge.ts';
import type { Message } from '../../../operators/model/message.ts';
import type { WorkInput } from '../../../operators/model/request.ts';
import type { Gap } from '../../nats/log.ts';
import { PoisonError } from './poison.ts';
import { createSnapshots } from './snapshots.ts';
import type { PackedStates, RestoredStates } from './state-image.ts';

/** A pipeline from the log to requests and what is said of them, as `plant.ts` makes them. */
export type Pipeline = (states: States) => Stage<Message, WorkInput>;

/** What comes out of a pipeline: rows, each with the message that caused it. Requests are rows too, before all else. */
export interface Collector {
  row(row: Row, cause: Message): void;
  /** How far a source or a line has come. */
  watermark?(mark: Watermark): void;
  /** Which models and rules are in force: at the beginning, and after each change of them. */
  knowledge?(known: Knowledge): void;
}

export interface PipelineEngine {
  /** @throws PoisonError */
  push(message: Message): void;
  /** Passes over a message that was found to be poison; it becomes a row in `dead_letters`. */
  skip(message: Message, reason: string): void;
  /** Sequences that will never come become a row in `dead_letters`, charged to the message after them. */
  gap(gap: Gap, next: Message): void;
  /** Ends an epoch; with `checkpoint`, the states of all stages are copied from here on. */
  cut(epoch: number, checkpoint: boolean): void;
  /** Copies the states of the last checkpoint for about so long; they are given once, when all are copied. */
  copied(milliseconds: number): PackedStates | undefined;
  /** The same at once. */
  taken(): PackedStates;
  /** Bytes of the states of each stage, as checkpoints have them. */
  readonly sizes: ReadonlyMap<string, number>;
}

/** Runs a pipeline message by message. Everything that a message causes is collected before `push` returns. */
export function createPipelineEngine(
  pipeline: Pipeline,
  restored: RestoredStates,
  collector: Collector,
): PipelineEngine {
  const snapshots = createSnapshots(restored);
  const collect = collectInto(collector, snapshots.knowledge);
  let cause: Message | undefined;
  let failure: { readonly error: unknown } | undefined;
  // Stages restore their states here, and refuse what they cannot read.
  const handle = handlerOf(pipeline(snapshots), (item) => {
    if (cause !== undefined) collect(item, cause);
  });

  function send(item: Flow<Message>): void {
    // Once a message is half done, all that follows would be wrong.
    if (failure === undefined) {
      try {
        handle(item);
        return;
      } catch (error) {
        failure = { error };
      }
    }
    throw new PoisonError(cause?.sequence ?? 0, cause?.subject ?? '', failure.error);
  }

  return {
    push(message) {
      cause = message;
      const { subject, appended } = message;
      const event: Event<Message> = {
        kind: 'event',
        key: subject as Key,
        time: appended,
        value: message,
      };
      send(event);
    },
    skip: (message, reason) => collector.row(deadLetterOf(message, reason), message),
    gap: (gap, next) => collector.row(deadLetterOfGap(gap), next),
    cut(epoch, checkpoint) {
      const sendBarrier = () => send({ kind: 'barrier', epoch: epoch as Epoch });
      if (checkpoint) snapshots.begin(sendBarrier);
      else sendBarrier();
    },
    copied: (milliseconds) => snapshots.copied(milliseconds),
    taken: () => snapshots.taken(),
    sizes: snapshots.sizes,
  };
}

/** Gives a collector what leaves the pipeline, and what is in force. */
function collectInto(collector: Collector, restored: Knowledge) {
  let known = restored;
  collector.knowledge?.(known);
  return (item: Flow<unknown>, cause: Message): void => {
    switch (item.kind) {
      case 'row':
        collector.row(item, cause);
        return;
      case 'watermark':
        collector.watermark?.(item);
        return;
      case 'change':
        known = applyChange(known, item.value);
        if (item.value.kind !== 'schedule') collector.knowledge?.(known);
        return;
      default:
      // An event at the end of the pipeline has done its work: what it was good for is in rows.
    }
  };
}

/** A collector, and somebody who looks on. */
export function withObserver(collector: Collector, observer: Collector | undefined): Collector {
  if (observer === undefined) return collector;
  return {
    row(row, cause) {
      observer.row(row, cause);
      collector.row(row, cause);
    },
    watermark(mark) {
      observer.watermark?.(mark);
      collector.watermark?.(mark);
    },
    knowledge(known) {
      observer.knowledge?.(known);
      collector.knowledge?.(known);
    },
  };
}

function deadLetterOf(message: Message, reason: string): Row {
  const head = Buffer.from(message.payload.subarray(0, 128)).toString('base64');
  return row('dead_letters', {
    reason: 'defect',
    stage: 'engine',
    source: message.subject,
    detail: reason,
    count: 1,
    original: `message ${message.sequence}, ${message.payload.length} bytes, base64 ${head}`,
  });
}

function deadLetterOfGap({ kind, from, to }: Gap): Row {
  return row('dead_letters', {
    reason: kind,
    stage: 'ingest',
    source: '',
    detail: `messages ${from} to ${to} are not in the stream any more`,
    count: to - from + 1,
    original: `${from}-${to}`,
  });
}
