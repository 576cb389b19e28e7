/** Whether a worker does its work just now: what `/readyz` says, drawn from internal events. */

import type { InternalEvent } from './observe.ts';

export interface Readiness {
  /** Told every internal event. */
  watch(event: InternalEvent): void;
  /** Why work is not done just now; empty when it is. */
  unready(): readonly string[];
}

/** A log that is behind by less, in milliseconds of append time, is current. */
const CURRENT = 60_000;
/** So many failures of a sink in a row are no accident. */
const FAILURES = 3;

/** What is in the way, by what it concerns: a later event of the same concern takes its place or away. */
export function createReadiness(): Readiness {
  const reasons = new Map([['log', 'the log was not read yet']]);
  const set = (concern: string, reason: string | undefined) => {
    if (reason === undefined) reasons.delete(concern);
    else reasons.set(concern, reason);
  };
  return {
    unready: () => [...reasons.values()],
    watch(event) {
      switch (event.kind) {
        case 'connected':
          return set(event.server, undefined);
        case 'disconnected':
          return set(event.server, `${event.server} is away: ${event.reason}`);
        case 'log-lag':
          return set('log', behind(event));
        case 'log-interrupted':
          return set('reading', `${event.stream} is interrupted: ${event.reason}`);
        case 'log-resumed':
          return set('reading', undefined);
        case 'log-stalled':
          return set('moving', `nothing comes from ${event.stream}, which has more`);
        case 'log-moves':
          return set('moving', undefined);
        case 'sink-retry':
          if (event.attempt < FAILURES) return;
          return set(`sink ${event.sink}`, `${event.sink} takes nothing: ${event.reason}`);
        case 'epoch-landed':
          return set(`sink ${event.sink}`, undefined);
        case 'commit-retry':
          if (event.attempt < FAILURES) return;
          return set('commits', `nothing can be committed, so nothing lands: ${event.reason}`);
        case 'epoch-committed':
        case 'taken-over':
          return set('commits', undefined);
        case 'back-pressure-on':
          return set('back-pressure', `${event.files} epoch files wait: nothing is pulled`);
        case 'back-pressure-off':
          return set('back-pressure', undefined);
        case 'disk-full':
          return set('disk', `${event.path} cannot be written: ${event.reason}`);
        case 'epoch-written':
          return set('disk', undefined);
        case 'draining':
          return set('draining', `draining: ${event.reason}`);
      }
    },
  };
}

/** The age of what is processed says nothing in a replay, whose messages have the times of their recording. */
function behind(lag: Extract<InternalEvent, { kind: 'log-lag' }>): string | undefined {
  const { messages, milliseconds, stream, replay } = lag;
  if (replay || messages === 0 || milliseconds < CURRENT) return undefined;
  return `${messages} messages (${Math.round(milliseconds / 1_000)} s) behind ${stream}`;
}
