/** Who should be told of a problem now, by which channel; or when to look again. Pure: it knows no clock but the one it is given. */

import type { Severity } from '../../../operators/model/detector-rule.ts';
import type { NotifyConfig } from '../../../sinks/remote/system-config.ts';
import { gravityOf, type NoticeBook, type ProblemEntry, type Telling } from './book.ts';
import { onCall, quietUntil } from './on-call.ts';

/** One problem that one person is to hear by one channel. */
export type Want = {
  readonly problem: ProblemEntry;
  readonly kind: 'open' | 'over';
  readonly person: string;
  readonly channel: string;
  readonly to: string | null;
  /** Of whose intervals it is a matter: messages of a group are one. */
  readonly group: string;
  /** Not sooner: more of the group may come. */
  readonly due: number;
};

/** What there is to tell of a problem, and when to look again if nothing happens to it. */
export type Wanted = { readonly wants: readonly Want[]; readonly wake: number };

const NEVER = Number.POSITIVE_INFINITY;
/** A channel that gave up is tried again after so long, when all others were tried. */
const AFTER_FAILURE = 60_000;

/** `book`: for what withholds it. */
export function wantsOf(
  problem: ProblemEntry,
  book: NoticeBook,
  config: NotifyConfig,
  now: number,
): Wanted {
  if (problem.state === 'over') return { wants: overWants(problem, config, now), wake: NEVER };
  if (problem.state !== 'open' || isInhibited(problem, book, config))
    return { wants: [], wake: NEVER };
  const found = rolesOf(problem).map((role) => wantOf(problem, role, config, now));
  const wants = new Map<string, Want>();
  for (const one of found) if ('person' in one) wants.set(`${one.person} ${one.channel}`, one);
  const wake = Math.min(NEVER, ...found.map((one) => ('wake' in one ? one.wake : NEVER)));
  return { wants: [...wants.values()], wake };
}

function rolesOf({ roles }: ProblemEntry): readonly string[] {
  return [...new Set(Object.values(roles).filter((role) => role !== null))];
}

type Next = Want | { readonly wake: number };

/**
 * Goes down the persons of a role and their channels. The first that was not told of this round is next. One that was told
 * has its time to answer; one that gave up has none. When all were tried, it begins again with the one whose time to be
 * reminded has come first.
 */
function wantOf(problem: ProblemEntry, role: string, config: NotifyConfig, now: number): Next {
  const { severity, round, once } = problem;
  const { answer, repeat, wait } = config.policy;
  const reminders: { readonly at: number; readonly want: Want }[] = [];
  for (const { person, channel, to, quiet } of waysOf(problem, role, config, now)) {
    const last = lastTelling(problem, person, channel);
    const due = problem.tellings.some((one) => one.round === round.n)
      ? now
      : round.at + wait[severity];
    const group = groupOf(problem, config);
    const want: Want = { problem, kind: 'open', person, channel, to, group, due };
    if (last === undefined) return quiet === undefined ? want : { wake: quiet };
    if (last.ok && once) return { wake: NEVER };
    if (last.ok && now < last.at + answer[severity]) return { wake: last.at + answer[severity] };
    // A reminder that failed does not make the one before it come sooner, whatever the severity has become.
    const heard = lastTelling(problem, person, channel, true);
    const failed = last.ok ? 0 : last.at + AFTER_FAILURE;
    const again = Math.max(failed, heard === undefined ? 0 : heard.at + repeat[severity]);
    reminders.push({ at: Math.max(again, quiet ?? again), want: { ...want, due: now } });
  }
  // The one that waits longest: ways that fail and fail again would keep the others from their turn.
  const [next] = reminders.toSorted((a, b) => a.at - b.at);
  if (next === undefined) return { wake: NEVER };
  return next.at <= now ? next.want : { wake: next.at };
}

type Way = {
  readonly person: string;
  readonly channel: string;
  readonly to: string | null;
  readonly quiet: number | undefined;
};

/** Persons in their order, each with the channels for such a severity. Who gave an answer that has ended is first. */
function waysOf(
  { severity, round }: ProblemEntry,
  role: string,
  config: NotifyConfig,
  now: number,
): readonly Way[] {
  const first = config.people[round.first] === undefined ? [] : [round.first];
  const persons = [
    ...new Set([...first, ...onCall(role, now, config).map(({ person }) => person)]),
  ];
  return persons.flatMap((person) => {
    const quiet = quietUntil(person, severity, now, config);
    const all = config.people[person]?.channels ?? [];
    const fit = all.filter((one) => gravityOf(one.severity) <= gravityOf(severity));
    return fit.map(({ channel, to }) => ({ person, channel, to: to ?? null, quiet }));
  });
}

/** What a person was told last of this round by a channel; `heard`: what the channel took. */
function lastTelling(
  { tellings, round }: ProblemEntry,
  person: string,
  channel: string,
  heard = false,
): Telling | undefined {
  return tellings.findLast((one) => {
    const isOfRound = one.kind === 'open' && one.round === round.n && (one.ok || !heard);
    return isOfRound && one.person === person && one.channel === channel;
  });
}

/** Channels that say by themselves that a problem is over: whoever gets them keeps a list of what is open. */
const SAY_OVER: ReadonlySet<string> = new Set(['pagerduty', 'alertmanager', 'webhook']);

/** Who heard of it hears that it is over, once, where the channel says such things. */
function overWants(problem: ProblemEntry, config: NotifyConfig, now: number): readonly Want[] {
  if (problem.once) return [];
  const last = new Map<string, Telling>();
  for (const one of problem.tellings) {
    // One that gave up on saying that it is over does not try again: there is nothing to answer.
    if (one.ok || one.kind === 'over') last.set(`${one.person} ${one.channel}`, one);
  }
  return [...last.values()].flatMap(({ kind, person, channel }) => {
    const found = config.channels[channel];
    if (kind === 'over' || found === undefined || !(found.over ?? SAY_OVER.has(found.kind)))
      return [];
    const way = config.people[person]?.channels.find((one) => one.channel === channel);
    const to = way?.to ?? null;
    return [
      {
        problem,
        kind: 'over' as const,
        person,
        channel,
        to,
        group: groupOf(problem, config),
        due: now,
      },
    ];
  });
}

function groupOf({ asset, severity }: ProblemEntry, { policy: { group } }: NotifyConfig): string {
  const depth = { all: 0, plant: 1, line: 2, asset: 3 }[group];
  const place = asset.split('/').slice(0, depth).join('/');
  // Danger does not wait for the interval of what is less.
  return `${severity === 'danger' ? 'danger ' : ''}${place}`;
}

/** Something graver, or as grave, that stands at the same place says it all. */
function isInhibited(
  problem: ProblemEntry,
  { problems }: NoticeBook,
  { policy }: NotifyConfig,
): boolean {
  const { key, severity, asset } = problem;
  return policy.inhibit.some(({ source, target, same }) => {
    if (
      !(target as readonly Severity[]).includes(severity) ||
      gravityOf(source) < gravityOf(severity)
    )
      return false;
    const depth = { plant: 1, line: 2, asset: 3 }[same];
    const place = (of: string) => of.split('/').slice(0, depth).join('/');
    for (const other of problems.values()) {
      // What is told once never becomes `over`: it would withhold for as long as it is remembered.
      const lasts = other.state !== 'over' && !other.once;
      const stands = lasts && other.key !== key && rolesOf(other).length > 0;
      // Of two that are as grave, and could withhold each other, the first one speaks.
      const first =
        gravityOf(other.severity) > gravityOf(severity) ||
        other.round.at < problem.round.at ||
        (other.round.at === problem.round.at && other.key < key);
      if (
        stands &&
        first &&
        gravityOf(other.severity) >= gravityOf(source) &&
        place(other.asset) === place(asset)
      )
        return true;
    }
    return false;
  });
}
