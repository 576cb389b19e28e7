/** What people were told and will be told, as a person sees it. Needs NATS alone. */

import type { NatsConnection } from '@nats-io/transport-node';
import { fromMilliseconds, toIso } from '../../../operators/model/time.ts';
import type { NotifyConfig, SystemConfig } from '../../../sinks/remote/system-config.ts';
import { inColumns } from '../../base/in-columns.ts';
import { EXIT, Problem, wrongInput } from '../../base/problem.ts';
import { emptyBook, gravityOf, type NoticeBook, type ProblemEntry } from './book.ts';
import { readNotices } from './notice-store.ts';
import { onCall } from './on-call.ts';
import { wantsOf } from './wants.ts';

/** One line of `andon notify`. */
export type NoticeSummary = Pick<ProblemEntry, 'key' | 'asset' | 'severity' | 'state' | 'title'> & {
  readonly roles: readonly string[];
  /** The last one who heard of it, by which channel and when. */
  readonly last: { readonly person: string; readonly channel: string; readonly at: string } | null;
  readonly answered_by: string;
  /** Who is next, where somebody is. */
  readonly next: string | null;
};

/** The people file among the systems of a configuration; a `Problem` where there is none, or several and none is named. */
export function peopleOf(
  systems: readonly SystemConfig[] | undefined,
  name: string | undefined,
): NotifyConfig {
  const all = (systems ?? []).filter((one) => one.kind === 'notify');
  const found =
    name === undefined && all.length === 1 ? all[0] : all.find((one) => one.name === name);
  if (found !== undefined) return found;
  const known = all.map((one) => one.name).join(', ') || 'none';
  if (all.length > 0)
    throw wrongInput('--system', `a system of the kind notify (${known})`, name ?? 'none named');
  throw new Problem({
    where: 'systems of the configuration',
    expected: 'a system of the kind notify',
    found: known,
    remedy: 'Describe people and channels: docs/messages.md.',
    exit: EXIT.input,
  });
}

/** All that is not over, the gravest first. */
export async function listNotices(
  connection: NatsConnection,
  config: NotifyConfig,
  now: number,
): Promise<readonly NoticeSummary[]> {
  const book = await readNotices(connection, config.name);
  return summariseNotices(book, config, now);
}

export function summariseNotices(
  book: NoticeBook,
  config: NotifyConfig,
  now: number,
): readonly NoticeSummary[] {
  return [...book.problems.values()]
    .filter(({ state, once }) => state !== 'over' && !once)
    .sort((a, b) => gravityOf(b.severity) - gravityOf(a.severity) || a.round.at - b.round.at)
    .map((problem) => {
      const { key, asset, severity, state, title, roles, tellings, answer } = problem;
      const last = tellings.findLast(({ ok, kind }) => ok && kind === 'open');
      const [want] = wantsOf(
        problem,
        { ...emptyBook(), problems: book.problems },
        config,
        now,
      ).wants;
      return {
        ...{ key, asset, severity, state, title },
        roles: [...new Set(Object.values(roles).filter((role) => role !== null))],
        last:
          last === undefined
            ? null
            : { person: last.person, channel: last.channel, at: isoOf(last.at) },
        answered_by: state === 'answered' ? (answer?.by ?? '') : '',
        next: want === undefined ? null : `${want.person} by ${want.channel}`,
      };
    });
}

function isoOf(milliseconds: number): string {
  return toIso(fromMilliseconds(milliseconds));
}

export function describeNotices(notices: readonly NoticeSummary[]): string {
  if (notices.length === 0) return 'Nobody has to be told of anything.';
  const rows = notices.map(
    ({ key, severity, state, asset, roles, last, answered_by, next, title }) => [
      ...[key, severity, answered_by === '' ? state : `${state} by ${answered_by}`, asset],
      ...[roles.join(' '), last === null ? '-' : `${last.person} by ${last.channel} ${last.at}`],
      ...[next ?? '-', title],
    ],
  );
  return inColumns([
    ['PROBLEM', 'SEVERITY', 'STATE', 'ASSET', 'ROLES', 'LAST TOLD', 'NEXT', 'TITLE'],
    ...rows,
  ]);
}

/** Who of a role is asked at a time, in order; without a role of all. */
export type OnCallLine = {
  readonly role: string;
  readonly order: number;
  readonly person: string;
  readonly why: string;
};

export function whoIsOnCall(
  config: NotifyConfig,
  role: string | undefined,
  at: number,
): readonly OnCallLine[] {
  if (role !== undefined && config.roles[role] === undefined) {
    throw wrongInput('--role', `a role (${Object.keys(config.roles).join(', ')})`, role);
  }
  const roles = role === undefined ? Object.keys(config.roles) : [role];
  return roles.flatMap((name) =>
    onCall(name, at, config).map(({ person, why }, index) => ({
      role: name,
      order: index + 1,
      person,
      why,
    })),
  );
}

export function describeOnCall(lines: readonly OnCallLine[]): string {
  const rows = lines.map(({ role, order, person, why }) => [role, String(order), person, why]);
  return inColumns([['ROLE', 'ORDER', 'PERSON', 'BECAUSE'], ...rows]);
}
