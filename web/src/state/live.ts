/**
 * What changes, from one connection of the whole browser: over HTTP/1.1 a browser opens six to a console, and a seventh
 * tab would hang. One tab holds the lock and the connection, and tells the others.
 */

import { signal } from '@preact/signals';
import { addressOf } from '../api/client.ts';

export type Change = {
  readonly table: string;
  readonly keys: readonly {
    readonly plant: string;
    readonly line?: string;
    readonly asset?: string;
  }[];
};

/** `reset`: anything may have changed. */
export type Heard = Change | 'reset';

/** Whether changes come in. `late`: the connection is broken, and is tried again. */
export const connection = signal<'starting' | 'on' | 'late'>('starting');

const listeners = new Set<(heard: Heard) => void>();
const channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel('andon') : undefined;

type Told =
  | { readonly kind: 'heard'; readonly heard: Heard }
  | { readonly kind: 'connection'; readonly state: typeof connection.value }
  | { readonly kind: 'who' };

let leading = false;

function tell(told: Told): void {
  take(told);
  channel?.postMessage(told);
}

function take(told: Told): void {
  if (told.kind === 'connection') connection.value = told.state;
  if (told.kind === 'heard') for (const listener of listeners) listener(told.heard);
  if (told.kind === 'who' && leading) {
    channel?.postMessage({ kind: 'connection', state: connection.value } satisfies Told);
  }
}

/** Calls back with what changes. Call the returned function to stop. */
export function onChange(listener: (heard: Heard) => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Begins to follow, as the tab that is connected or as one of the others. Call the returned function to stop. */
export function follow(): () => void {
  const over = new AbortController();
  const hear = (event: MessageEvent<Told>) => take(event.data);
  channel?.addEventListener('message', hear);
  channel?.postMessage({ kind: 'who' } satisfies Told);
  const lead = () => connected(over.signal);
  if ('locks' in navigator) {
    navigator.locks.request('andon', { signal: over.signal }, lead).catch(() => undefined);
  } else void lead();
  return () => {
    over.abort();
    channel?.removeEventListener('message', hear);
  };
}

/** Milliseconds without any sign of life after which the connection is called broken. */
const SILENCE = 40_000;

/** Holds the connection until the tab is closed. The browser itself connects again, and says where it stood. */
function connected(over: AbortSignal): Promise<void> {
  leading = true;
  return new Promise((resolve) => {
    let events: EventSource | undefined;
    let last = Date.now();
    const open = () => {
      events?.close();
      last = Date.now();
      events = new EventSource(addressOf('followChanges'));
      events.addEventListener('open', () => tell({ kind: 'connection', state: 'on' }));
      events.addEventListener('error', () => tell({ kind: 'connection', state: 'late' }));
      const hear = (event: MessageEvent<string>) => {
        last = Date.now();
        const heard = event.type === 'change' ? (JSON.parse(event.data) as Change) : 'reset';
        tell({ kind: 'heard', heard });
      };
      // A first connection knows nothing of what was before it: everything is read anew.
      for (const type of ['change', 'reset', 'ready']) events.addEventListener(type, hear);
    };
    open();
    // A browser gives up for good on an answer that is no stream, such as that of a gateway whose console is away.
    const watch = setInterval(() => {
      const closed = events?.readyState === EventSource.CLOSED;
      const silent = Date.now() - last > SILENCE && connection.value === 'on';
      if (closed || silent) open();
    }, 3_000);
    over.addEventListener('abort', () => {
      clearInterval(watch);
      events?.close();
      leading = false;
      resolve();
    });
  });
}
