import { pack } from 'msgpackr';
import type { Message, Sequence } from '../../operators/model/message.ts';
import type { EventTime } from '../../operators/model/time.ts';
import { START } from './plant-log.ts';

/** A stretch of time: milliseconds after the start. */
export type Span = readonly [from: number, to: number];

/** How the messages of one source reach the log. Times are milliseconds. */
export type Delivery = {
  /** From measuring to appending. */
  readonly lag: number;
  /** And at most so much more, by chance: what overtakes what. */
  readonly jitter: number;
  /** What its clock says, against the right time. */
  readonly clock: (at: number) => number;
  /** It measures nothing. */
  readonly silent: readonly Span[];
  /** It measures, and sends all of it at the end. */
  readonly stored: readonly Span[];
  /** It marks what it stored (`Andon-Backfill`). */
  readonly marks: boolean;
};

export const PROMPT: Delivery = {
  lag: 300,
  jitter: 0,
  clock: () => 0,
  silent: [],
  stored: [],
  marks: false,
};

/** Something that a machine says at a right time; `content` is given what its clock says, in epoch milliseconds. */
export type Saying = {
  readonly at: number;
  readonly subject: string;
  readonly content: (time: number) => object;
  readonly headers?: Readonly<Record<string, string>>;
};

/** What arrives of it, in the order of arrival. */
export function delivered(
  sayings: readonly Saying[],
  deliveryOf: (subject: string) => Delivery,
  random: () => number,
): Message[] {
  const arrivals = sayings.flatMap(({ at, subject, content, headers = {} }) => {
    const { lag, jitter, clock, silent, stored, marks } = deliveryOf(subject);
    if (silent.some((span) => isWithin(at, span))) return [];
    const outage = stored.find((span) => isWithin(at, span));
    const sent = outage === undefined ? at : outage[1] + (at - outage[0]) / 1_000;
    const mark = marks && outage !== undefined ? { 'Andon-Backfill': '1' } : {};
    const payload = pack(content(START + at + clock(at)));
    const appended = sent + lag + random() * jitter;
    return [{ appended, subject, headers: { ...headers, ...mark }, payload }];
  });
  return arrivals
    .sort((a, b) => a.appended - b.appended)
    .map(({ appended, subject, headers, payload }, position) => ({
      sequence: (position + 1) as Sequence,
      appended: (Math.round(START + appended) * 1_000) as EventTime,
      subject,
      headers,
      payload,
    }));
}

function isWithin(at: number, [from, to]: Span): boolean {
  return at >= from && at < to;
}

/** Model, rules and the rest of what is applied, before everything else. */
export function withChanges(
  changes: Readonly<Record<string, object>>,
  messages: readonly Message[],
): Message[] {
  const appended = (START * 1_000) as EventTime;
  const applied = Object.entries(changes).map(([subject, content]) => ({
    subject,
    appended,
    payload: Buffer.from(JSON.stringify(content)),
    headers: { 'Content-Type': 'application/json', 'Andon-Change': 'c1' },
  }));
  return [...applied, ...messages].map((message, position) => ({
    ...message,
    sequence: (position + 1) as Sequence,
  }));
}
