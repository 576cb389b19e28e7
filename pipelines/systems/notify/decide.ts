/**
 * What is to be done about everything that people are to be told, at a time: messages that begin, are tried again, or are not
 * needed any more. A pure function of the book, the people file and the time, so a restart decides the same.
 */

import type { Policy } from '../../../sinks/messages/message-config.ts';
import type { NotifyConfig } from '../../../sinks/remote/system-config.ts';
import {
  type ChannelEntry,
  type MessageEntry,
  messageId,
  type NoticeBook,
  nextRound,
  noteTelling,
  type ProblemEntry,
} from './book.ts';
import { lastTimeOfDay } from './on-call.ts';
import { type Want, wantsOf } from './wants.ts';

/** Changes of the book, each of one document, in the order in which they are to be kept; and what to try now. */
export type Decision = {
  readonly problems: readonly ProblemEntry[];
  /** Problems that are long over. */
  readonly forget: readonly string[];
  readonly messages: readonly MessageEntry[];
  /** Messages that are over, and noted with their problems. */
  readonly drop: readonly string[];
  readonly channels: readonly ChannelEntry[];
  /** When to look again, if nothing happens before: epoch milliseconds. */
  readonly wake: number;
};

const FORGET = 86_400_000;
/** A message names no more problems; the others are in the next one. */
const MOST_PROBLEMS = 2_000;

export function decideMessages(book: NoticeBook, config: NotifyConfig, now: number): Decision {
  const folded = foldEnded(book);
  const lapsed = lapseAnswers({ ...book, problems: folded.all }, config, now);
  const current: NoticeBook = { ...book, problems: lapsed.all };
  const underWay = [...book.messages.values()].filter(({ id }) => !folded.drop.includes(id));
  const idle = underWay.filter((one) => isInVain(one, current)).map(({ id }) => id);
  const open = underWay.filter(({ id }) => !idle.includes(id));
  const wanted = collect(current, open, config, now);
  const begun = group(wanted.wants, current, config.policy, now);
  const tests = dueTests(current, open, config, now);
  const forget = [...current.problems.values()].filter((one) => isForgotten(one, open, now));
  const wakes = [wanted.wake, begun.wake, tests.wake, lapsed.wake, ...open.map(({ next }) => next)];
  return {
    problems: [
      ...new Map([...folded.changed, ...lapsed.changed].map((one) => [one.key, one])).values(),
    ],
    forget: forget.map(({ key }) => key),
    messages: [...begun.messages, ...tests.messages],
    drop: [...folded.drop, ...idle],
    channels: tests.channels,
    wake: Math.min(...wakes),
  };
}

/** What became of messages is noted with their problems, then the messages go. */
function foldEnded({ problems, messages }: NoticeBook) {
  const all = new Map(problems);
  const changed = new Map<string, ProblemEntry>();
  const drop: string[] = [];
  for (const message of messages.values()) {
    if (message.state !== 'sent' && message.state !== 'failed') continue;
    for (const { key } of message.problems) {
      const problem = all.get(key);
      if (problem === undefined) continue;
      const noted = noteTelling(problem, message);
      if (noted === problem) continue;
      all.set(key, noted);
      changed.set(key, noted);
    }
    drop.push(message.id);
  }
  return { all, changed: [...changed.values()], drop };
}

/** Work that is under way is no acknowledgement: it lasts until its state is another. */
const LAPSE: ReadonlySet<string> = new Set(['acknowledged', 'accepted']);

/** An answer that has ended: the problem speaks again, and who gave it is asked first. At its own time, however late that is seen. */
function lapseAnswers({ problems }: NoticeBook, { policy }: NotifyConfig, now: number) {
  const all = new Map(problems);
  const changed: ProblemEntry[] = [];
  let wake = Number.POSITIVE_INFINITY;
  for (const problem of problems.values()) {
    const { state, answer, severity } = problem;
    if (state !== 'answered' || answer === null || !LAPSE.has(answer.how)) continue;
    const end = answer.at + policy.acknowledged[severity];
    if (end > now) {
      wake = Math.min(wake, end);
      continue;
    }
    const round = nextRound(problem, severity, end, answer.by);
    const lapsed: ProblemEntry = { ...problem, state: 'open', round };
    all.set(problem.key, lapsed);
    changed.push(lapsed);
  }
  return { all, changed, wake };
}

/** Nothing of what it was to tell is so any more; one that may have arrived is not taken back, and not finished either. */
export function isInVain({ kind, problems, state }: MessageEntry, book: NoticeBook): boolean {
  if (kind === 'test' || state !== 'waiting') return false;
  return !problems.some(({ key, round }) => {
    const found = book.problems.get(key);
    const wanted = kind === 'open' ? 'open' : 'over';
    return found?.state === wanted && (kind === 'over' || found.round.n === round);
  });
}

/** What is wanted, without what a message under way tells. */
function collect(
  book: NoticeBook,
  open: readonly MessageEntry[],
  config: NotifyConfig,
  now: number,
) {
  const telling = new Set(
    open.flatMap(({ kind, person, channel, problems }) =>
      problems.map(({ key, round }) => wayName(kind, person, channel, key, round)),
    ),
  );
  const wants: Want[] = [];
  let wake = Number.POSITIVE_INFINITY;
  for (const problem of book.problems.values()) {
    const found = wantsOf(problem, book, config, now);
    wake = Math.min(wake, found.wake);
    for (const want of found.wants) {
      const { kind, person, channel } = want;
      const name = wayName(kind, person, channel, problem.key, problem.round.n);
      if (!telling.has(name)) wants.push(want);
    }
  }
  return { wants, wake };
}

function wayName(
  kind: string,
  person: string,
  channel: string,
  key: string,
  round: number,
): string {
  return [kind, person, channel, key, round].join(' ');
}

/** Makes one message of all that a person is to hear by a channel about a place, when the first of it is due. */
function group(wants: readonly Want[], book: NoticeBook, policy: Policy, now: number) {
  const groups = new Map<string, Want[]>();
  for (const want of wants) {
    const name = [want.kind, want.person, want.channel, want.group].join(' ');
    const all = groups.get(name) ?? [];
    all.push(want);
    groups.set(name, all);
  }
  const latest = latestTellings(book);
  const messages: MessageEntry[] = [];
  let wake = Number.POSITIVE_INFINITY;
  for (const all of groups.values()) {
    const due = Math.min(...all.map((want) => dueOf(want, latest, policy)));
    if (due > now) wake = Math.min(wake, due);
    else messages.push(messageOf(all, book, now));
  }
  return { messages, wake };
}

/** After what is waited for, and not sooner than the interval after the last message of the group. */
function dueOf(
  { kind, due, person, channel, group: of, problem }: Want,
  latest: ReadonlyMap<string, number>,
  { interval }: Policy,
): number {
  const last = latest.get([kind, person, channel, of].join(' '));
  return last === undefined ? due : Math.max(due, last + interval[problem.severity]);
}

function latestTellings({ problems }: NoticeBook): ReadonlyMap<string, number> {
  const latest = new Map<string, number>();
  for (const { tellings } of problems.values()) {
    for (const { kind, person, channel, group: of, at, ok } of tellings) {
      const name = [kind, person, channel, of].join(' ');
      if (ok) latest.set(name, Math.max(latest.get(name) ?? 0, at));
    }
  }
  return latest;
}

function messageOf(wants: readonly Want[], book: NoticeBook, now: number): MessageEntry {
  const [first] = wants;
  if (first === undefined) throw new Error('a message without anything to tell');
  const { kind, person, channel, to, group: of } = first;
  const problems = wants
    .slice(0, MOST_PROBLEMS)
    .map(({ problem }) => ({ key: problem.key, round: problem.round.n }));
  const about = { kind, person, channel, problems };
  return {
    ...{ id: messageId(about, book), ...about, to, group: of },
    ...{ at: now, attempts: 0, next: now, state: 'waiting', ended: 0, note: '' },
  };
}

/** A worker that was away at the time of a test makes up for it, but not half a day later. */
const LATEST_TEST = 43_200_000;

function dueTests(
  book: NoticeBook,
  open: readonly MessageEntry[],
  config: NotifyConfig,
  now: number,
) {
  const messages: MessageEntry[] = [];
  const channels: ChannelEntry[] = [];
  let wake = Number.POSITIVE_INFINITY;
  for (const [name, { test }] of Object.entries(config.channels)) {
    if (test === undefined) continue;
    wake = Math.min(wake, now + 60_000);
    const known = book.channels.get(name);
    if (known === undefined) {
      // The first one is at its time, and not when somebody adds a channel.
      channels.push({ name, tested: now });
      continue;
    }
    const due = lastTimeOfDay(test.at, now, config.time_zone);
    if (due <= known.tested || now - due > LATEST_TEST) continue;
    const about = { kind: 'test' as const, person: '', channel: name, problems: [] };
    const id = messageId(about, book, String(due));
    if (open.some((one) => one.id === id)) continue;
    channels.push({ ...known, tested: now });
    const rest = { at: now, attempts: 0, next: now, state: 'waiting' as const, ended: 0, note: '' };
    messages.push({ ...about, id, to: test.to ?? null, group: '', ...rest });
  }
  return { messages, channels, wake };
}

function isForgotten(
  { key, state, ended, once, tellings }: ProblemEntry,
  open: readonly MessageEntry[],
  now: number,
): boolean {
  const since = once
    ? (tellings.findLast(({ ok }) => ok)?.at ?? null)
    : state === 'over'
      ? ended
      : null;
  if (since === null || now - since < FORGET) return false;
  return !open.some(({ problems }) => problems.some((one) => one.key === key));
}
