/**
 * Which roles must hear of a request, and what they are to know: that it is open, answered or over. Only that is decided
 * here. Whom a role is, by which channel, how often and when is the business of the system that reaches people.
 */

import type { Out } from '../flow/keyed.ts';
import {
  type Command,
  type CommandOutcome,
  commandId,
  commandKey,
  type Json,
} from '../model/command.ts';
import { SEVERITIES, type Severity } from '../model/detector-rule.ts';
import { fits } from '../model/key.ts';
import { type Knowledge, rulesOf } from '../model/knowledge.ts';
import type { Attested, RequestStatus, RequestStatusData } from '../model/machine-event.ts';
import {
  NOTICE_STEP,
  NOTICE_VERB,
  type NoticeCause,
  type NotifyRule,
} from '../model/notify-rule.ts';
import { lookup } from '../model/plain.ts';
import type { Request } from '../model/request.ts';
import { toIso } from '../model/time.ts';
import { commandRow } from './commands.ts';
import { compileCondition, holds } from './expressions.ts';
import { kindOf, requestFacts } from './facts.ts';
import { type AssetWorks, keptRevision, type RequestNotices } from './work.ts';

/**
 * `open`: nobody has answered what is known now. `answered`: somebody has. `over`: there is nothing to answer any more. Of
 * a rule that is gone a role hears `not-in-force`.
 */
type NoticeState = 'open' | 'answered' | 'over';

/** So many requests that are over are kept for each asset: a planner may change his mind. */
const MOST_OVER = 20;

/** Takes a revision in. Without a rule for the plant nothing is remembered. */
export function noticeRevision(
  request: Request,
  state: AssetWorks,
  knowledge: Knowledge,
  out: Out<Request>,
): void {
  const known = lookup(state.notices, request.id);
  const { action } = request;
  const ends = action === 'withdraw' || action === 'close';
  if (known === undefined) {
    const rules = rulesOf(knowledge, out.key)?.notify ?? [];
    if (ends || rules.length === 0) return;
    state.notices[request.id] = {
      ...{ revision: keptRevision(request), status: '', answer: null, answers: 0, over: false },
      ...{ escalation: '', exception: '', causes: 0, words: 1, told: {} },
    };
    return;
  }
  known.words += 1;
  known.revision = keptRevision(request);
  known.over = ends;
}

const ENDS: ReadonlySet<RequestStatus> = new Set([
  ...(['completed', 'closed', 'rejected', 'cancelled'] as const),
]);
const ANSWERS: ReadonlySet<RequestStatus> = new Set(['accepted', 'scheduled', 'started']);

/** Work that is accepted, planned or begun is an answer. */
export function noticeStatus({ id, status }: RequestStatusData, state: AssetWorks): void {
  const notices = lookup(state.notices, id);
  if (notices === undefined) return;
  notices.words += 1;
  notices.status = status;
  notices.over = ENDS.has(status);
  if (ANSWERS.has(status)) answer(notices, status, '');
  else if (status === 'requested' && notices.answer?.how !== 'acknowledged') notices.answer = null;
}

export function noticeAcknowledged(
  id: string,
  attested: Attested | undefined,
  state: AssetWorks,
): void {
  const notices = lookup(state.notices, id);
  if (notices === undefined) return;
  notices.words += 1;
  answer(notices, 'acknowledged', attested?.kind === 'act' ? attested.user : '');
}

/** An answer covers what there was at its time: failure mode, component, severity, and what had gone wrong with the work. */
function answer(notices: RequestNotices, how: string, by: string): void {
  const { severity, failure_mode, component } = notices.revision;
  notices.answers += 1;
  notices.answer = { how, by, severity, failure_mode, component, causes: notices.causes };
}

/** A step escalated, or a system refused: why, for people. */
export function noticeCause(
  notices: RequestNotices | undefined,
  cause: Exclude<NoticeCause, 'request'>,
  because: string,
): void {
  if (notices === undefined) return;
  notices.words += 1;
  notices[cause] = because;
  notices.causes += 1;
}

/** Decides what every role is told of the requests of an asset that has changed. */
export function notifyRoles(state: AssetWorks, knowledge: Knowledge, out: Out<Request>): void {
  const rules = rulesOf(knowledge, out.key)?.notify ?? [];
  for (const notices of Object.values(state.notices)) {
    for (const rule of rules) tellRole(rule, notices, knowledge, out);
    for (const [id, told] of Object.entries(notices.told)) {
      // A rule that is gone, or switched off: whoever heard of it is not reminded for ever.
      const rule = rules.find((one) => one.id === id);
      if (rule !== undefined && rule.mode !== 'off') continue;
      const payload = {
        ...told.payload,
        // Other roles may have heard more since: an older word would change nothing.
        word: notices.words,
        state: 'not-in-force',
        because: 'its rule is not in force any more',
      };
      if (told.payload.state !== 'not-in-force') tell(id, told, payload, notices, out);
    }
  }
  forgetOldest(state);
}

function tellRole(
  rule: NotifyRule,
  notices: RequestNotices,
  knowledge: Knowledge,
  out: Out<Request>,
): void {
  if (rule.mode === 'off') return;
  const known = lookup(notices.told, rule.id);
  const now = stateOfNotice(notices);
  if (now === 'over' && known?.payload.state === 'over') return;
  const cause = causeOf(rule, notices);
  if (known === undefined && (now === 'over' || cause === undefined)) return;
  if (known === undefined && !isForRole(rule, notices, knowledge, out)) return;
  const sent = rule.mode === 'on';
  const { role, system } = rule;
  const payload = payloadOfNotice(role, now, cause ?? 'request', notices);
  const told = known ?? { n: 0, system, sent, payload: {} };
  if (told.n > 0 && sent === told.sent && isSame(told.payload, payload)) return;
  notices.told[rule.id] = told;
  told.sent = sent;
  told.system = system;
  tell(rule.id, told, payload, notices, out);
}

function stateOfNotice({ over, answer: last, revision, causes }: RequestNotices): NoticeState {
  if (over) return 'over';
  if (last === null || causes > last.causes) return 'open';
  const same = last.failure_mode === revision.failure_mode && last.component === revision.component;
  return same && rankOf(revision.severity) <= rankOf(last.severity) ? 'answered' : 'open';
}

/** The first of the causes of a rule that is so, the gravest first. */
function causeOf({ on }: NotifyRule, notices: RequestNotices): NoticeCause | undefined {
  if (on.includes('exception') && notices.exception !== '') return 'exception';
  if (on.includes('escalation') && notices.escalation !== '') return 'escalation';
  return on.includes('request') ? 'request' : undefined;
}

function isForRole(
  rule: NotifyRule,
  { revision, status, answer: last }: RequestNotices,
  knowledge: Knowledge,
  { key }: Out<Request>,
): boolean {
  if (rankOf(revision.severity) < rankOf(rule.severity)) return false;
  const kind = kindOf(key, knowledge);
  if (!rule.plants.some((pattern) => fits(pattern, kind.plant))) return false;
  if (!rule.classes.some((pattern) => fits(pattern, kind.class))) return false;
  const acknowledged = last?.how === 'acknowledged';
  const said = { status, acknowledged, origin: '', remote: '' } as const;
  const facts = requestFacts(revision, said, key, knowledge);
  const found = holds(compileCondition(rule), facts);
  // What cannot be told is no reason to keep silent.
  return 'problem' in found || found.value;
}

function rankOf(severity: Severity): number {
  return SEVERITIES.indexOf(severity);
}

type Payload = Readonly<Record<string, Json>>;

function payloadOfNotice(
  role: string,
  state: NoticeState,
  cause: NoticeCause,
  { revision, answer: last, answers, exception, escalation, causes, words }: RequestNotices,
): Payload {
  const { severity, failure_mode, component, title, asset_name, since, because } = revision;
  const why = { request: because, escalation, exception }[cause];
  return {
    ...{ role, word: words, state, cause, causes, severity, failure_mode, component },
    answers: state === 'answered' ? answers : 0,
    answered_by: state === 'answered' ? (last?.by ?? '') : '',
    answered_how: state === 'answered' ? (last?.how ?? '') : '',
    ...{ title, asset_name, since: toIso(since), because: why },
  };
}

/** What a role hears anew when it changes. Words that follow the figures, such as a title, are no news. */
const NEWS = [
  ...(['role', 'state', 'cause', 'causes', 'severity', 'failure_mode', 'component'] as const),
  // Whoever answers again begins the time anew for which an answer holds.
  'answers',
] as const;

function isSame(before: Payload, after: Payload): boolean {
  return NEWS.every((name) => before[name] === after[name]);
}

function tell(
  rule: string,
  told: RequestNotices['told'][string],
  payload: Payload,
  { revision }: RequestNotices,
  out: Out<Request>,
): void {
  told.n += 1;
  told.payload = payload;
  const asked = { request: revision.id, step: `${NOTICE_STEP}${rule}`, n: told.n };
  const command: Command = {
    ...{ kind: 'command', id: commandId(asked), asset: out.key, workflow: '', ...asked },
    ...{ system: told.system, verb: NOTICE_VERB, key: commandKey({ ...asked, verb: NOTICE_VERB }) },
    ...{ payload, not_after: null, undoes: null, priority: revision.priority },
    because: `revision ${revision.revision} of request ${revision.id}: ${String(payload.because)}`,
    time: out.now,
  };
  out.land('commands', commandRow(command, told.sent));
}

/** Of a reply to a command. */
type NoticeReply = {
  readonly request: string;
  readonly step: string;
  readonly n: number;
  readonly id: string;
  readonly outcome: CommandOutcome;
  readonly note?: string | null | undefined;
};

/** Takes the reply to a notice in. Gives what is wrong with it; a role that could not be told is no secret. */
export function noticeReply(
  { request, step, n, id, outcome, note }: NoticeReply,
  attested: Attested | undefined,
  state: AssetWorks,
): string | undefined {
  const system = attested?.kind === 'status' ? attested.system : '';
  const notices = lookup(state.notices, request);
  const told = lookup(notices?.told ?? {}, step.slice(NOTICE_STEP.length));
  if (told === undefined || n > told.n || id !== commandId({ request, step, n })) {
    return `no command ${id} (step ${step}, ${n}) was decided for request ${request}`;
  }
  if (system !== told.system) {
    return `expected the reply of ${told.system}, which was asked, found that of ${system}`;
  }
  if (outcome === 'done' || outcome === 'cancelled') return undefined;
  return `nobody was told of request ${request} (${step}): ${outcome}${note ? `, ${note}` : ''}`;
}

/** Of the requests that are over, the latest are kept; the others would only grow. */
function forgetOldest(state: AssetWorks): void {
  const over = Object.entries(state.notices).filter(([, { over: isOver }]) => isOver);
  for (const [id] of over.slice(0, Math.max(0, over.length - MOST_OVER))) delete state.notices[id];
}
