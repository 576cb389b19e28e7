import { setImmediate as macrotask } from 'node:timers/promises';
import type { Message } from '../../operators/model/message.ts';
import type { Log } from '../nats/log.ts';
import type { PipelineEngine } from '../worker/epochs/engine.ts';
import { PoisonError } from '../worker/epochs/poison.ts';

/** A log that ends, read from its beginning. */
export type FiniteLog = {
  /** Opens the log anew. */
  readonly openLog: () => Promise<Log>;
  readonly onProgress?: (messages: number) => void;
  readonly signal: AbortSignal;
};

/** A fresh engine and what it fills. */
export type ReplayPass<T> = {
  readonly engine: PipelineEngine;
  readonly result: T;
  /** What is put into the log before a message, such as replies that are assumed. */
  readonly before?: (message: Message) => readonly Message[];
};

export type ReplayResult<T> = {
  readonly result: T;
  readonly messages: number;
  /** Messages on which an operator threw: a defect. */
  readonly defects: number;
};

const BATCH = 1_000;

/**
 * Pushes a whole log through an engine. Where an operator throws, all begins anew without that message, as a worker
 * does it; so nothing that `begin` makes may have an effect outside before the end.
 */
export async function replayLog<T>(
  log: FiniteLog,
  begin: () => ReplayPass<T>,
): Promise<ReplayResult<T>> {
  const skipped = new Map<number, string>();
  for (;;) {
    try {
      const pass = begin();
      const messages = await once(log, pass, skipped);
      return { result: pass.result, messages, defects: skipped.size };
    } catch (error) {
      if (!(error instanceof PoisonError)) throw error;
      const cause = error.cause instanceof Error ? error.cause.stack : error.cause;
      skipped.set(error.sequence, String(cause).slice(0, 2_000));
    }
  }
}

async function once(
  { openLog, onProgress, signal }: FiniteLog,
  { engine, before }: Omit<ReplayPass<unknown>, 'result'>,
  skipped: ReadonlyMap<number, string>,
): Promise<number> {
  let messages = 0;
  const push = (message: Message) => {
    for (const added of before?.(message) ?? []) engine.push(added);
    const reason = skipped.get(message.sequence);
    if (reason === undefined) engine.push(message);
    else engine.skip(message, reason);
    messages += 1;
  };
  const log = await openLog();
  try {
    for (let ended = false; !ended && !signal.aborted; ) {
      const pulled = await log.pull(BATCH, 0, signal);
      for (const message of pulled.messages) push(message);
      ended = pulled.ended;
      onProgress?.(messages);
      await macrotask();
    }
  } finally {
    await log.close();
  }
  return messages;
}
