/**
 * What is known of everything that people are told: problems, who was told what of them, and messages on their way. All of
 * it is in the ledger, in documents of their own, each of which changes as a whole; what else there is follows from them.
 */

import { z } from 'zod';
import { identity } from '../../../operators/model/canonical.ts';
import type { Command } from '../../../operators/model/command.ts';
import {
  SEVERITIES,
  type Severity,
  severitySchema,
} from '../../../operators/model/detector-rule.ts';
import { NOTICE_STEP } from '../../../operators/model/notify-rule.ts';

const tellingSchema = z.object({
  /** The message that told it. */
  message: z.string(),
  kind: z.enum(['open', 'over']),
  person: z.string(),
  channel: z.string(),
  at: z.number(),
  /** Which round of the problem was told. */
  round: z.number().int(),
  /** The channel took it; else it gave up. */
  ok: z.boolean(),
  group: z.string(),
});
export type Telling = z.infer<typeof tellingSchema>;

export const problemEntrySchema = z.object({
  key: z.string(),
  request: z.string(),
  asset: z.string(),
  asset_name: z.string(),
  title: z.string(),
  because: z.string(),
  since: z.string(),
  severity: severitySchema,
  failure_mode: z.string(),
  component: z.string(),
  /** The number of the newest word of it; an older one says nothing of its state. */
  word: z.number().int(),
  state: z.enum(['open', 'answered', 'over']),
  /** When it was over, by this clock. */
  ended: z.number().nullable(),
  answer: z.object({ by: z.string(), how: z.string(), at: z.number() }).nullable(),
  /** Told once to one person: nobody answers it. */
  once: z.boolean(),
  /** Counts how often it began to speak: anew when it gets worse, or an answer ends. `at`: when it did. */
  round: z.object({
    n: z.number().int(),
    at: z.number(),
    severity: severitySchema,
    first: z.string(),
  }),
  /** Roles that must hear, by the step that says so; null: no more. */
  roles: z.record(z.string(), z.string().nullable()),
  tellings: z.array(tellingSchema),
});
export type ProblemEntry = z.infer<typeof problemEntrySchema>;

export const messageEntrySchema = z.object({
  id: z.string(),
  kind: z.enum(['open', 'over', 'test']),
  person: z.string(),
  channel: z.string(),
  to: z.string().nullable(),
  group: z.string(),
  problems: z.array(z.object({ key: z.string(), round: z.number().int() })),
  /** When it was decided on. */
  at: z.number(),
  attempts: z.number().int(),
  /** When it is tried next. */
  next: z.number(),
  /** `sent` and `failed` are noted with the problems, then the message goes. */
  state: z.enum(['waiting', 'sending', 'sent', 'failed']),
  ended: z.number(),
  note: z.string(),
});
export type MessageEntry = z.infer<typeof messageEntrySchema>;

/** A channel: when it was last tried for the day. */
export const channelEntrySchema = z.object({ name: z.string(), tested: z.number() });
export type ChannelEntry = z.infer<typeof channelEntrySchema>;

export type NoticeBook = {
  readonly problems: Map<string, ProblemEntry>;
  readonly messages: Map<string, MessageEntry>;
  readonly channels: Map<string, ChannelEntry>;
};

export function emptyBook(): NoticeBook {
  return { problems: new Map(), messages: new Map(), channels: new Map() };
}

/** What a notice says, or what is wrong with it. */
export type Notice = { readonly key: string; readonly step: string } & Pick<
  ProblemEntry,
  | 'request'
  | 'asset'
  | 'asset_name'
  | 'title'
  | 'because'
  | 'since'
  | 'severity'
  | 'failure_mode'
  | 'component'
  | 'word'
  | 'once'
> & {
    readonly role: string;
    readonly state: ProblemEntry['state'] | 'not-in-force';
    readonly answered: { readonly by: string; readonly how: string } | null;
  };

const text = z.string().max(8_192);
const payloadSchema = z.looseObject({
  role: z.string().min(1).max(64),
  state: z.enum(['open', 'answered', 'over', 'not-in-force']).optional(),
  severity: severitySchema.optional(),
  ...{ failure_mode: text.default(''), component: text.default(''), asset_name: text.default('') },
  ...{ title: text.optional(), subject: text.optional(), because: text.optional() },
  word: z.number().int().default(0),
  ...{ since: text.optional(), answered_by: text.default(''), answered_how: text.default('') },
});

const BY_PRIORITY: Readonly<Record<Command['priority'], Severity>> = {
  low: 'notice',
  medium: 'warning',
  high: 'alarm',
  urgent: 'danger',
};

/** A step of a workflow that tells a role says no `state`: it is told once. */
export function readNotice(command: Command): Notice | { readonly problem: string } {
  const parsed = payloadSchema.safeParse(command.payload);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return {
      problem: `expected role, and title or state: ${issue?.path.join('.')}: ${issue?.message}`,
    };
  }
  const { role, state, severity, failure_mode, component, asset_name } = parsed.data;
  const { title, subject, because, since, answered_by, answered_how, word } = parsed.data;
  const once = state === undefined || !command.step.startsWith(NOTICE_STEP);
  const { request, step, asset, id, time } = command;
  return {
    ...{ key: once ? `${request}-${id}` : request, step, request, asset, asset_name, role, once },
    ...{ title: title ?? subject ?? command.because, because: because ?? command.because },
    since: since ?? new Date(time / 1_000).toISOString(),
    ...{ severity: severity ?? BY_PRIORITY[command.priority], failure_mode, component, word },
    state: once ? 'open' : state,
    answered: state === 'answered' ? { by: answered_by, how: answered_how } : null,
  };
}

/** Takes a notice in, at a time of this clock. Gives the problem as it is then; taken twice, nothing changes. */
export function takeNotice(
  known: ProblemEntry | undefined,
  notice: Notice,
  now: number,
): ProblemEntry {
  const { step, role, state, answered, ...about } = notice;
  const before = known ?? newProblem(about, now);
  const told = state === 'not-in-force' ? null : role;
  const roles = { ...before.roles, [step]: told };
  if (known !== undefined && about.word < known.word)
    return { ...before, roles: { [step]: told, ...before.roles } };
  if (state === 'not-in-force') return { ...before, roles };
  const answer =
    answered === null
      ? null
      : { ...answered, at: sameAnswer(before, notice) ? (before.answer?.at ?? now) : now };
  const ended = state === 'over' ? (before.ended ?? now) : null;
  const round = speaksAnew(before, notice)
    ? nextRound(before, about.severity, now, '')
    : before.round;
  return {
    ...before,
    ...about,
    state,
    ended,
    answer,
    roles,
    round: { ...round, severity: worse(round.severity, about.severity) },
  };
}

function newProblem(
  about: Omit<Notice, 'step' | 'role' | 'state' | 'answered'>,
  now: number,
): ProblemEntry {
  return {
    ...about,
    ...{ state: 'open', ended: null, answer: null, roles: {}, tellings: [] },
    round: { n: 1, at: now, severity: about.severity, first: '' },
  };
}

/** The same word once more, from another role's notice or from a repeat. */
function sameAnswer({ word, answer }: ProblemEntry, notice: Notice): boolean {
  return answer !== null && word === notice.word;
}

/** It is open again, or worse, or another one than people had been told. */
function speaksAnew(
  before: ProblemEntry,
  { state, severity, failure_mode, component, word }: Notice,
): boolean {
  if (state !== 'open' || word === before.word) return false;
  if (before.state !== 'open') return true;
  const other = before.failure_mode !== failure_mode || before.component !== component;
  return other || gravityOf(severity) > gravityOf(before.round.severity);
}

/** People hear of it anew: whoever is `first` is asked ahead of all others. */
export function nextRound(
  { round }: ProblemEntry,
  severity: Severity,
  at: number,
  first: string,
): ProblemEntry['round'] {
  return { n: round.n + 1, at, severity, first };
}

export function gravityOf(severity: Severity): number {
  return SEVERITIES.indexOf(severity);
}

function worse(a: Severity, b: Severity): Severity {
  return gravityOf(a) >= gravityOf(b) ? a : b;
}

/** Of those, the latest are kept: a problem that is told again and again for months. */
const MOST_TELLINGS = 200;

/** Notes with a problem what became of a message. Noted twice, nothing changes. */
export function noteTelling(problem: ProblemEntry, message: MessageEntry): ProblemEntry {
  const { id, kind, person, channel, group, ended: at, state, problems } = message;
  if (kind === 'test' || problem.tellings.some((one) => one.message === id)) return problem;
  const round = problems.find(({ key }) => key === problem.key)?.round ?? problem.round.n;
  const telling: Telling = {
    message: id,
    kind,
    person,
    channel,
    at,
    round,
    ok: state === 'sent',
    group,
  };
  return { ...problem, tellings: [...problem.tellings, telling].slice(-MOST_TELLINGS) };
}

/** Made of what it tells to whom, and when that was told last: whoever decides the same again makes the same message. */
export function messageId(
  {
    kind,
    person,
    channel,
    problems,
  }: Pick<MessageEntry, 'kind' | 'person' | 'channel' | 'problems'>,
  book: Pick<NoticeBook, 'problems'>,
  more: string = '',
): string {
  const told = problems.map(({ key, round }) => {
    const all = book.problems.get(key)?.tellings ?? [];
    const last = all.findLast((one) => one.person === person && one.channel === channel);
    return [key, round, last?.at ?? 0];
  });
  return identity([kind, person, channel, more, JSON.stringify(told)]);
}
