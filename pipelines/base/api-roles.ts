/** Who may what in the API and its page: roles of people and programs, what each may do, and how far it reaches. */

import type { Scope } from './roles.ts';

/** Roles of people and programs that use the API and its page: `andon console account add … --role`. */
export const API_ROLES = {
  viewer: 'looks at what is going on',
  operator: 'runs machines',
  technician: 'repairs machines',
  supervisor: 'answers for a shift',
  planner: 'plans maintenance or production',
  engineer: 'keeps plant models and rules',
  analyst: 'asks what happened and why',
  manager: 'looks at figures',
  administrator: 'keeps the installation and its accounts',
} as const;

export type ApiRole = keyof typeof API_ROLES;

/** A role and where it holds, as commands and configurations write it: `operator`, `operator@works/press`. */
export function parseHeldRole(text: string):
  | {
      readonly role: ApiRole;
      readonly plant?: string | undefined;
      readonly line?: string | undefined;
    }
  | undefined {
  const [, role, plant, line] = /^([a-z]+)(?:@([\w-]+)(?:\/([\w-]+))?)?$/.exec(text) ?? [];
  if (role === undefined || !Object.hasOwn(API_ROLES, role)) return undefined;
  return {
    role: role as ApiRole,
    ...(plant === undefined ? {} : { plant }),
    ...(line === undefined ? {} : { line }),
  };
}

/** What the API lets people do. Each route names one of these. */
export const API_ACTS = {
  'view-plant': 'see machines, signals, alarms, requests and the schedule; follow changes',
  'view-exceptions': 'see what left the main way, and why',
  'handle-exceptions': 'take exceptions, and say that they are solved or waived',
  'answer-alarms': 'acknowledge, and say whether an alarm was right',
  'shelve-alarms': 'withhold alarms for a time',
  'take-out-of-service': 'withhold alarms until somebody puts them back',
  report: 'report what was seen at a machine, and comment on its requests',
  'decide-work': 'approve or refuse what a workflow asks, and say whether what came late stays',
  resend: 'have a request or a command sent again',
  'check-rules': 'have files of a plant and of rules checked, which applies nothing',
  'read-audit': 'see who did what with the installation, with their names and reasons',
} as const;

export type ApiAct = keyof typeof API_ACTS;

/**
 * What each role may do in the API, and how far: `line` as far as the account reaches, `plant` in the whole of each plant
 * that it reaches into, `installation` everywhere. What is not here is refused.
 */
export const API_GRANTS: Readonly<Record<ApiRole, Readonly<Partial<Record<ApiAct, Scope>>>>> = {
  viewer: { 'view-plant': 'line' },
  operator: {
    'view-plant': 'plant',
    'answer-alarms': 'line',
    'shelve-alarms': 'line',
    report: 'line',
  },
  technician: { 'view-plant': 'plant', 'answer-alarms': 'line', report: 'line' },
  supervisor: {
    'view-plant': 'plant',
    'answer-alarms': 'line',
    'shelve-alarms': 'line',
    'take-out-of-service': 'line',
    report: 'line',
    'decide-work': 'line',
  },
  planner: { 'view-plant': 'plant', report: 'line', 'decide-work': 'line' },
  engineer: {
    'view-plant': 'plant',
    'view-exceptions': 'installation',
    'answer-alarms': 'line',
    'shelve-alarms': 'line',
    'take-out-of-service': 'line',
    report: 'line',
    'decide-work': 'line',
    'handle-exceptions': 'installation',
    resend: 'installation',
    'check-rules': 'plant',
  },
  analyst: {
    'view-plant': 'plant',
    'view-exceptions': 'installation',
    'check-rules': 'plant',
  },
  manager: { 'view-plant': 'plant' },
  administrator: {
    'view-plant': 'installation',
    'view-exceptions': 'installation',
    'handle-exceptions': 'installation',
    resend: 'installation',
    'read-audit': 'installation',
  },
};

/** The chapter's other table: a row for each act of the API, a column for each role. */
export function apiRolesTable(): string {
  const roles = Object.keys(API_ROLES) as ApiRole[];
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    row(['act', ...roles, 'means']),
    row(['---', ...roles.map(() => '---'), '---']),
    ...(Object.keys(API_ACTS) as ApiAct[]).map((act) =>
      row([`\`${act}\``, ...roles.map((role) => API_GRANTS[role][act] ?? ''), API_ACTS[act]]),
    ),
  ].join('\n');
}
