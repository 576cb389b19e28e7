/** A workflow as sentences that a person can check against what they meant, and as a flow chart. */

import { formatDuration } from '../../../operators/model/time.ts';
import {
  escalatorsOf,
  stepModeOf,
  targetOf,
  type WorkflowRule,
  type WorkflowStep,
} from '../../../operators/model/workflow-rule.ts';

/** One line for the workflow, and one for each step. */
export function workflowText(rule: WorkflowRule): string {
  const lines = rule.steps.map((step, index) => `  ${index + 1}. ${stepSentence(rule, step)}`);
  return [`${scopeOfWorkflow(rule)}:`, ...lines].join('\n');
}

const SUBJECTS = {
  request: ['every request', 'requests'],
  order: [
    'every work order that a maintenance system made itself',
    'work orders that a maintenance system made itself,',
  ],
} as const;

function scopeOfWorkflow({ mode, on, plants, classes, when }: WorkflowRule): string {
  const parts = [
    ...(plants.includes('*') ? [] : [`of plants ${plants.join(', ')}`]),
    ...(classes.includes('*') ? [] : [`for assets of the classes ${classes.join(', ')}`]),
    ...(when === undefined ? [] : [`where ${when}`]),
  ];
  const mood = { off: 'Switched off', shadow: 'In shadow, so that nobody is asked', on: 'On' }[
    mode
  ];
  const [every, all] = SUBJECTS[on];
  return `${mood}: for ${parts.length === 0 ? every : `${all} ${parts.join(' ')}`}`;
}

function stepSentence(rule: WorkflowRule, step: WorkflowStep): string {
  const { id, after, when } = step;
  const escalators = escalatorsOf(rule, id).map((one) => one.id);
  const mode = stepModeOf(rule, step);
  const conditions = [
    ...(escalators.length === 0 ? [] : [`when ${escalators.join(' or ')} escalates`]),
    ...(after.length === 0 ? [] : [`after ${after.join(' and ')}`]),
    ...(when === undefined ? [] : [`where ${when}`]),
  ];
  const head = conditions.length === 0 ? '' : ` (${conditions.join(', ')})`;
  const note = mode === rule.mode ? '' : `; ${mode === 'off' ? 'switched off' : `in ${mode}`}`;
  return `${id}${head}: ${whatItDoes(step)}${note}.`;
}

function whatItDoes(step: WorkflowStep): string {
  const within = formatDuration(step.deadline);
  const then = consequence(step);
  if (step.decide !== undefined)
    return `asks ${step.by?.join(' or ') ?? 'a person'} to approve or refuse ${step.decide}, at most ${within}; after that it ${then}`;
  if (step.do === undefined)
    return `waits until ${step.until}, at most ${within}; after that it ${then}`;
  const { system, verb } = targetOf(step.do);
  const told = Object.entries(step.with).map(([name, value]) => `${name} ${valueText(value)}`);
  const words = [
    `asks ${system} to ${verb}${told.length === 0 ? '' : ` with ${told.join(', ')}`}`,
    `without an answer in ${within}, or refused, it ${then}`,
    ...(step.late === 'keep' ? [] : [`done late it is ${LATE[step.late]}`]),
    ...(step.undo === undefined ? [] : [`${step.undo} takes it back`]),
    ...Object.entries(step.fresh).map(
      ([id, most]) => `what ${id} said may be ${formatDuration(most)} old, else it is asked again`,
    ),
    ...(step.again ? ['asked again when what it is told changes'] : []),
    ...(step.every === undefined ? [] : [`asked again every ${formatDuration(step.every)}`]),
  ];
  return words.join('; ');
}

const LATE = { undo: 'taken back', ask: 'for a person to decide' } as const;

function consequence({ otherwise, escalate }: WorkflowStep): string {
  switch (otherwise) {
    case 'continue':
      return 'goes on without it';
    case 'escalate':
      return `goes on and escalates to ${escalate.join(' and ')}`;
    case 'give-up':
      return 'begins no further step';
  }
}

function valueText(value: WorkflowStep['with'][string]): string {
  if (typeof value === 'object' && value !== null) return JSON.stringify(value.text);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Mermaid: boxes ask, rounded ones wait; a full arrow is `after`, a dotted one escalates. */
export function workflowDiagram({ steps }: WorkflowRule): string {
  const boxes = steps.map(({ id, do: target, until, decide }) => {
    return target === undefined
      ? `  ${id}(["${quoted(decide === undefined ? `${id}: until ${until}` : `${id}: decides ${decide}`)}"])`
      : `  ${id}["${quoted(`${id}: ${target}`)}"]`;
  });
  const arrows = steps.flatMap(({ id, after, escalate, when }) => [
    ...after.map(
      (before) => `  ${before} -->${when === undefined ? '' : `|"${quoted(when)}"|`} ${id}`,
    ),
    ...escalate.map((to) => `  ${id} -.->|escalates| ${to}`),
  ]);
  return `flowchart TD\n${[...boxes, ...arrows].join('\n')}\n`;
}

function quoted(text: string): string {
  return text.replaceAll('"', '#quot;');
}
