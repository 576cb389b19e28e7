/** One message, try by try: what it says, what a try means for it, and what it says of its channel. */

import {
  channelTitle,
  OF_CHANNEL,
  type OutgoingMessage,
  type ReportedProblem,
} from '../../../sinks/messages/message.ts';
import type { ChannelConfig } from '../../../sinks/messages/message-config.ts';
import type { CallOutcome } from '../../../sinks/remote/outcome.ts';
import type { NotifyConfig } from '../../../sinks/remote/system-config.ts';
import {
  gravityOf,
  type MessageEntry,
  type Notice,
  type NoticeBook,
  type ProblemEntry,
} from './book.ts';

/** What a message tells now: a title may have changed since it was decided on. */
export function toMessage(
  { id, kind, person, to, problems, at }: MessageEntry,
  book: NoticeBook,
  config: Pick<NotifyConfig, 'console' | 'people' | 'language' | 'time_zone'>,
): OutgoingMessage {
  const { language = config.language, time_zone = config.time_zone } = config.people[person] ?? {};
  const told = problems.flatMap(({ key }) => book.problems.get(key) ?? []);
  const gravest = told.toSorted(
    (a, b) => gravityOf(b.severity) - gravityOf(a.severity) || a.round.at - b.round.at,
  );
  return {
    ...{ id, kind, to: to ?? undefined, time: at, console: config.console },
    ...{ language, time_zone },
    problems: gravest.map(reportedProblem),
  };
}

function reportedProblem({
  key,
  asset,
  asset_name,
  severity,
  failure_mode,
  title,
  because,
  since,
  round,
  request,
}: ProblemEntry): ReportedProblem {
  const page = key.startsWith(OF_CHANNEL) ? null : request;
  return {
    key,
    round: round.n,
    request: page,
    asset,
    asset_name,
    severity,
    failure_mode,
    title,
    because,
    since,
    answered_by: round.first,
  };
}

/** Where nothing else is said: of a channel that is in the people file no more. */
const RETRY = { first: 1_000, most: 60_000, faults: 10, give_up: 120_000 };

/** What a try came to. It gives up when it was refused, or would take too long: then the next channel is there. */
export function afterAttempt(
  message: MessageEntry,
  outcome: CallOutcome<string>,
  { first, most, faults, give_up }: ChannelConfig['retry'] = RETRY,
  now: number,
): MessageEntry {
  if (outcome.kind === 'ok') return { ...message, state: 'sent', ended: now, note: '' };
  const { note } = outcome;
  const { attempts, at } = message;
  const pause = Math.min(most, first * 2 ** Math.max(0, attempts - 1));
  const asked = outcome.kind === 'retryable' ? (outcome.after ?? 0) : 0;
  const next = now + Math.max(pause, asked);
  if (outcome.kind === 'rejected' || attempts >= faults || next - at > give_up) {
    return { ...message, state: 'failed', ended: now, note };
  }
  return { ...message, state: 'waiting', next, note };
}

/** A channel that takes nothing is a problem of its own, told by the others; so is a person whom it cannot reach. */
export function channelNotices(
  { channel, person, state, note }: MessageEntry,
  outcome: CallOutcome<string>,
  book: NoticeBook,
  { fallback }: Pick<NotifyConfig, 'fallback'>,
  now: number,
): readonly Notice[] {
  const whole = `${OF_CHANNEL}${channel}`;
  const own = person === '' ? whole : `${whole}-${person}`;
  const notice = (key: string, is: 'open' | 'over'): Notice => {
    const title = channelTitle('en', channel, key === whole ? '' : person);
    return {
      ...{ key, step: 'channel', request: key, asset: `andon/notify/${channel}`, asset_name: '' },
      ...{ title, because: note, role: fallback },
      ...{
        since: new Date(now).toISOString(),
        severity: 'alarm',
        failure_mode: '',
        component: '',
      },
      ...{ word: now, once: false, state: is, answered: null },
    };
  };
  if (state === 'failed') return [notice(outcome.kind === 'rejected' ? own : whole, 'open')];
  if (state !== 'sent') return [];
  return [...new Set([whole, own])]
    .filter((key) => (book.problems.get(key)?.state ?? 'over') !== 'over')
    .map((key) => notice(key, 'over'));
}
