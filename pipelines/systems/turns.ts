/**
 * Works off what is to do under many ids, side by side: one id strictly one thing after the other, urgent ones first, and
 * what fails again after a while, each time a longer one.
 */

import { ExponentialBackoff, type IBackoff } from 'cockatiel';
import { PRIORITIES, type Priority } from '../../operators/model/trigger-rule.ts';
import type { StepResult } from './context.ts';
import { createLanes, type DeliveryLanes, type LanesOptions, type NextTurn } from './lanes.ts';

/** Deliveries by priority, urgent first; what became of something is asked for when nothing else is due. */
export const POLL = PRIORITIES.length;

export function rankOf(priority: Priority): number {
  return PRIORITIES.length - 1 - PRIORITIES.indexOf(priority);
}

/** What is still to do under one id. */
export type Task<T> = {
  /** The first one is done first. */
  readonly pending: T[];
  rank: number;
  backoff: IBackoff<unknown> | undefined;
};

export type TurnsOptions<T> = Pick<LanesOptions, 'width' | 'limits'> & {
  readonly retry: { readonly first: number; readonly most: number };
  /** Does the next thing for an id, takes what is done out of `pending`, and says what it came to. */
  readonly step: (id: string, task: Task<T>) => Promise<StepResult>;
  readonly trouble: (id: string, error: unknown) => void;
};

export interface Turns<T> {
  readonly lanes: DeliveryLanes;
  task(id: string): Task<T>;
  /** There is something to do for an id, at once. */
  want(id: string, rank: number): void;
}

const AFTER_TROUBLE = 1_000;

export function createTurns<T>(options: TurnsOptions<T>): Turns<T> {
  const { width, limits, retry, step, trouble } = options;
  const tasks = new Map<string, Task<T>>();
  const lanes = createLanes({ width, limits, work: workOn });

  function taskOf(id: string): Task<T> {
    const task = tasks.get(id) ?? { pending: [], rank: POLL, backoff: undefined };
    tasks.set(id, task);
    return task;
  }

  /** Does one thing for an id, and says when it wants its next turn. */
  async function workOn(id: string): Promise<NextTurn | undefined> {
    const task = taskOf(id);
    try {
      const result = await step(id, task);
      const more = task.pending.length > 0;
      if (result.kind === 'done') {
        task.backoff = undefined;
        if (more) return { rank: task.rank, after: 0 };
        const delivered = task.rank < POLL;
        task.rank = POLL;
        if (delivered) return { rank: POLL, after: 0 };
        tasks.delete(id);
        return undefined;
      }
      if (!more) return { rank: POLL, after: result.atLeast };
      task.backoff = task.backoff?.next(undefined) ?? firstBackoff(retry);
      return { rank: task.rank, after: Math.max(result.atLeast, task.backoff.duration) };
    } catch (error) {
      trouble(id, error);
      return { rank: task.rank, after: AFTER_TROUBLE };
    }
  }

  return {
    lanes,
    task: taskOf,
    want(id, rank) {
      const task = taskOf(id);
      task.rank = Math.min(task.rank, rank);
      lanes.add(id, task.rank);
    },
  };
}

function firstBackoff(retry: TurnsOptions<unknown>['retry']): IBackoff<unknown> {
  return new ExponentialBackoff({ initialDelay: retry.first, maxDelay: retry.most }).next();
}
