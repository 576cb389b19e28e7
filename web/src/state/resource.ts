/** Data of the API on the screen: read, shown, and read again when something of it changes. */

import { type ReadonlySignal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import {
  type Answer,
  call,
  type OperationId,
  type ProblemDetails,
  RefusedByApi,
} from '../api/client.ts';
import type { Operations } from '../api/operations.ts';
import { type Heard, onChange } from './live.ts';
import { signedIn } from './session.ts';

export type Resource<T> = {
  readonly data: T | undefined;
  /** Why there is nothing, or nothing newer. */
  readonly problem: ProblemDetails | undefined;
  readonly loading: boolean;
};

type Options<Id extends OperationId> = {
  readonly path?: Operations[Id]['path'];
  readonly query?: Operations[Id]['query'];
  /** Tables whose changes matter; with `about`, only of these places. */
  readonly tables: readonly string[];
  readonly about?: { readonly plant?: string; readonly line?: string; readonly asset?: string };
  /** Milliseconds between two readings, however much changes. */
  readonly pace?: number;
};

/** Milliseconds after which everything is read again, whatever was heard: what was missed is missed for no longer. */
const ANYWAY = 60_000;
const PACE = 1_500;
/** Milliseconds until it is tried again. */
const AFTER_PROBLEM = 3_000;

/** Reads an operation for as long as the component is there. */
export function useResource<Id extends OperationId>(
  id: Id,
  options: Options<Id>,
): ReadonlySignal<Resource<Answer<Id>>> {
  const state = useSignal<Resource<Answer<Id>>>({
    data: undefined,
    problem: undefined,
    loading: true,
  });
  const path = JSON.stringify(options.path);
  const query = JSON.stringify(options.query);
  const latest = useRef(options);
  latest.current = options;
  const reading = useRef<Reader | undefined>(undefined);
  useEffect(() => {
    const reader = createReader(id, () => latest.current, state);
    reading.current = reader;
    reader.read();
    const stop = onChange((heard) => {
      if (matters(heard, latest.current)) reader.soon();
    });
    return () => {
      stop();
      reader.stop();
      reading.current = undefined;
    };
  }, [path]);
  // What is under way is not broken off: on a slow machine a stretch that moves on would never be shown.
  const asked = useRef(query);
  useEffect(() => {
    if (asked.current === query) return;
    asked.current = query;
    reading.current?.read();
  }, [query]);
  return state;
}

type Reader = { read(): void; soon(): void; stop(): void };

function createReader<Id extends OperationId>(
  id: Id,
  options: () => Options<Id>,
  state: { value: Resource<Answer<Id>> },
): Reader {
  const over = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let due = Number.POSITIVE_INFINITY;
  let begun = 0;
  let busy = false;
  let again = false;

  function plan(milliseconds: number): void {
    const at = Date.now() + milliseconds;
    if (at >= due) return;
    clearTimeout(timer);
    due = at;
    timer = setTimeout(read, milliseconds);
  }

  async function read(): Promise<void> {
    clearTimeout(timer);
    // Nothing is planned any more, also where this one has to wait: else nothing would ever be planned again.
    due = Number.POSITIVE_INFINITY;
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    begun = Date.now();
    const { path, query } = options();
    const asked = JSON.stringify(query);
    try {
      const data = await call(id, {
        ...(path === undefined ? {} : { path }),
        ...(query === undefined ? {} : { query }),
        signal: over.signal,
      });
      if (over.signal.aborted) return;
      state.value = { data, problem: undefined, loading: false };
      plan(ANYWAY);
    } catch (error) {
      if (over.signal.aborted || !(error instanceof RefusedByApi)) return;
      const { problem } = error;
      if (problem.status === 401) signedIn(null);
      state.value = { ...state.value, problem, loading: false };
      plan(AFTER_PROBLEM);
    } finally {
      busy = false;
      if (again) {
        again = false;
        // Another question than the one that was answered cannot wait.
        if (JSON.stringify(options().query) !== asked) void read();
        else soon();
      }
    }
  }

  function soon(): void {
    // A page that nobody sees need not be fast.
    const pace = document.hidden ? ANYWAY : (options().pace ?? PACE);
    plan(Math.max(0, begun + pace - Date.now()));
  }

  return {
    read: () => void read(),
    soon,
    stop() {
      over.abort();
      clearTimeout(timer);
    },
  };
}

function matters<Id extends OperationId>(heard: Heard, { tables, about }: Options<Id>): boolean {
  if (heard === 'reset') return true;
  if (!tables.includes(heard.table)) return false;
  if (about === undefined || heard.keys.length === 0) return true;
  return heard.keys.some(
    ({ plant, line, asset }) =>
      (about.plant ?? plant) === plant &&
      (line === undefined || (about.line ?? line) === line) &&
      (asset === undefined || (about.asset ?? asset) === asset),
  );
}
