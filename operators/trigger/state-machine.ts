/** The life of an episode as a state machine: inputs, the tables of states, and the step that reads them. */

import type { RequestStatus } from '../model/machine-event.ts';
import {
  accept,
  acknowledge,
  awaitAnswer,
  close,
  closeEnded,
  dropLatePlan,
  escalate,
  finish,
  hasChanges,
  type InputDetail,
  isActive,
  isCooledDown,
  isGone,
  isOver,
  isUnfinished,
  mayEscalate,
  mayWithdraw,
  noteChange,
  noteClear,
  noteLatePlan,
  open,
  postpone,
  removeEpisode,
  reportChanges,
  requestAgain,
  requestMore,
  startClearing,
  stopClearing,
  suppress,
  unjudgedText,
  withdraw,
  withdrawEnded,
  withdrawLate,
} from './actions.ts';
import type { Condition, Episode, EpisodeContext, RequestState } from './episode.ts';
import { uncoveredFindings } from './findings.ts';
import { suppressionNow } from './suppression.ts';

/**
 * What may happen to an episode. Anomalies, incidents and reports raise `active`, `inactive`, `unjudged` and `changed`
 * (`problems.ts`, `reports.ts`), machine events, timers and changes of the schedule the rest (`trigger.ts`). `cleared` and `ended`
 * follow from rows, `permitted` and `suppressed` from `openIfPermitted`, `uncovered` from `checkAnswer`. A new one is a
 * name here, rows in the tables below, and a call of `takeInput`.
 */
export type EpisodeInput =
  /** One of its anomalies is raised (again); the last of its active ones cleared, or an incident came with none. */
  | 'active'
  | 'inactive'
  /** The last of its active anomalies ended with an edit, which is not calm. */
  | 'unjudged'
  /** Something that a planner would want to know: of an incident, an anomaly, the schedule. */
  | 'changed'
  /** Something stands that the answer to its request does not cover. */
  | 'uncovered'
  /** The suppression rules allow its request now, or not. */
  | 'permitted'
  | 'suppressed'
  /** The schedule says now that the request lay in planned stretches; or that it did not. */
  | 'planned'
  | 'unplanned'
  /** Statuses of the request in the CMMS (`accepted`: also scheduled and started), and people at the machine. */
  | 'requested'
  | 'accepted'
  | 'completed'
  | 'refused'
  | 'acknowledged'
  /** Nobody judges it any more: its rule was edited and raised nothing for `rearm`, or its asset is gone. */
  | 'ended'
  /** Timers; and what `clear-after` leads to: none of its anomalies was active for `rearm`. */
  | 'clear-after'
  | 'cleared'
  | 'group-wait'
  | 'escalate'
  | 'cooldown';

const [always, nothing, same] = [null, null, null];
const LIVE = ['open', 'accepted'] as const;
const ENDED = ['done', 'refused'] as const;
const SENT = [...LIVE, ...ENDED] as const;

/**
 * An episode has two states at once: its condition (are its anomalies active?), and how far this round's request is. The
 * first row counts that has the input, lists the state, and whose guard holds: its action is done, the next state is
 * entered, and then what follows is done there. What has no row changes nothing.
 */
// biome-ignore format: to be read as a table
export const CONDITION_TABLE: readonly Row<Condition>[] = [
  // input          states                    only if       action         next         and then
  ['active',       ['clearing', 'unjudged'],  always,       stopClearing,     'active'],
  ['active',       ['clear'],                 always,       stopClearing,     'active',    noteReturn],
  ['inactive',     ['active', 'clearing'],    always,       startClearing,    'clearing'],
  ['inactive',     ['clear', 'unjudged'],     always,       startClearing,    same],
  ['unjudged',     ['active'],                always,       startClearing,    'unjudged'],
  ['clear-after',  ['unjudged'],              always,       nothing,       'clear',     endUnjudged],
  ['clear-after',  ['clearing', 'clear'],     always,       nothing,       'clear',     endIfClear],
];

// biome-ignore format: to be read as a table
export const REQUEST_TABLE: readonly Row<RequestState | 'over'>[] = [
  // input          states                    only if       action         next         and then
  ['permitted',    ['pending'],               isGone,       nothing,       same],
  ['permitted',    ['pending'],               always,       open,          stateByStatus],
  ['suppressed',   ['pending'],               always,       suppress,      same],

  ['changed',      LIVE,                      always,       noteChange,    same],
  ['group-wait',   LIVE,                      hasChanges,   reportChanges, same],
  ['escalate',     LIVE,                      mayEscalate,  escalate,      same],

  ['uncovered',    LIVE,                      always,       awaitAnswer,   same],
  ['uncovered',    ENDED,                     always,       requestMore,   'pending',   openIfPermitted],

  ['acknowledged', SENT,                      always,       acknowledge,   same],
  ['requested',    LIVE,                      always,       nothing,       'open'],
  ['requested',    ENDED,                     always,       nothing,       'done'],
  ['accepted',     SENT,                      always,       accept,        'accepted'],
  ['completed',    LIVE,                      always,       finish,        'done',      endIfClear],
  ['completed',    ENDED,                     always,       acknowledge,   'done'],
  ['refused',      LIVE,                      always,       finish,        'refused',   endIfClear],
  ['refused',      ENDED,                     always,       acknowledge,   'refused'],
  // A recording may hold answers to a request that today's rules suppress: `stateByStatus` reads them when it opens.
  ['accepted',     ['pending'],               always,       accept,        same],
  ['completed',    ['pending'],               isUnfinished, finish,        same],
  ['refused',      ['pending'],               isUnfinished, finish,        same],

  ['planned',      ['open'],                  isOver,       withdrawLate,  'over'],
  ['planned',      ['open'],                  always,       postpone,      'pending'],
  ['planned',      ['accepted'],              always,       noteLatePlan,  same],
  ['unplanned',    LIVE,                      always,       dropLatePlan,  same],

  ['cleared',      ['pending'],               always,       nothing,       'over'],
  ['cleared',      ['open'],                  mayWithdraw,  withdraw,      'over'],
  ['cleared',      LIVE,                      always,       noteClear,     same],
  ['cleared',      ['done'],                  always,       close,         'over'],
  ['cleared',      ['refused'],               isCooledDown, close,         'over'],
  ['cooldown',     ['pending', ...ENDED],     isActive,     requestAgain,  'pending',   openIfPermitted],
  ['cooldown',     ENDED,                     always,       nothing,       same,        endIfClear],
  // It was calm just when the cool-down ended, and not for `rearm`.
  ['active',       ENDED,                     isCooledDown, requestAgain,  'pending',   openIfPermitted],

  ['ended',        ['pending'],               always,       nothing,       'over'],
  ['ended',        ['open'],                  always,       withdrawEnded, 'over'],
  ['ended',        ['accepted', ...ENDED],    always,       closeEnded,    'over'],
];

type Row<S extends string> = readonly [
  input: EpisodeInput,
  states: readonly S[],
  guard: Guard | null,
  action: Action | null,
  next: S | ((episode: Episode) => S) | null,
  then?: (episode: Episode, context: EpisodeContext) => void,
];
type Guard = (episode: Episode, context: EpisodeContext, detail: InputDetail) => boolean;
type Action = (episode: Episode, context: EpisodeContext, detail: InputDetail) => void;

/** Has an episode take an input. */
export function takeInput(
  episode: Episode,
  input: EpisodeInput,
  context: EpisodeContext,
  { text = '', until = null }: Partial<InputDetail> = {},
): void {
  const detail = { text, until };
  step(CONDITION_TABLE, episode.condition, (next) => {
    episode.condition = next;
  });
  step<RequestState | 'over'>(REQUEST_TABLE, episode.request, (next) => {
    if (next === 'over') removeEpisode(episode, context);
    else episode.request = next;
  });

  function step<S extends string>(
    table: readonly Row<S>[],
    state: S,
    enter: (next: S) => void,
  ): void {
    const row = table.find(([name, states, guard]) => {
      if (name !== input || !states.includes(state)) return false;
      return guard === always || guard(episode, context, detail);
    });
    if (row === undefined) return;
    const [, , , action, next, then] = row;
    action?.(episode, context, detail);
    if (next !== same) enter(typeof next === 'function' ? next(episode) : next);
    then?.(episode, context);
  }
}

/** Statuses of a CMMS as inputs. */
export const STATUS_INPUT: Readonly<Record<RequestStatus, EpisodeInput>> = {
  requested: 'requested',
  accepted: 'accepted',
  scheduled: 'accepted',
  started: 'accepted',
  completed: 'completed',
  closed: 'completed',
  rejected: 'refused',
  cancelled: 'refused',
};

function stateByStatus({ status, finished }: Episode): RequestState {
  const input = status === '' ? 'requested' : STATUS_INPUT[status];
  if (finished !== null) return input === 'refused' ? 'refused' : 'done';
  return input === 'accepted' ? 'accepted' : 'open';
}

/** Asks whether the last answer covers all that stands. */
export function checkAnswer(episode: Episode, context: EpisodeContext): void {
  if (uncoveredFindings(episode).length > 0) takeInput(episode, 'uncovered', context);
}

/** Asks the suppression rules whether the request of a problem may be opened now. */
export function openIfPermitted(episode: Episode, context: EpisodeContext): void {
  if (episode.request !== 'pending') return;
  const found = suppressionNow(episode, context);
  if (found === undefined) takeInput(episode, 'permitted', context);
  else takeInput(episode, 'suppressed', context, { text: found.kind, until: found.until });
}

function endIfClear(episode: Episode, context: EpisodeContext): void {
  if (episode.condition === 'clear') takeInput(episode, 'cleared', context);
}

function endUnjudged(episode: Episode, context: EpisodeContext): void {
  takeInput(episode, 'ended', context, { text: unjudgedText(episode, context) });
}

function noteReturn(episode: Episode, context: EpisodeContext): void {
  takeInput(episode, 'changed', context, { text: 'it shows again' });
}
