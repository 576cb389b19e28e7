/** Workflows of the examples as a plant has them that has switched them on, and what makes requests for them at once. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** Parts that the reference ERP knows: the bearing is on the shelf, the seal is not. */
const BEARING = '6205-2RS';
const SEAL = 'SEAL-45';

const FOLDER = fileURLToPath(new URL('../../examples/workflows/', import.meta.url));

/** The workflow of an example, switched on. `times`: durations of it by those that a test can wait for. */
export function workflow(name: string, times: Readonly<Record<string, string>> = {}): object {
  const text = readFileSync(`${FOLDER}${name}.yaml`, 'utf8').replace('mode: shadow', 'mode: on');
  const [found] = parse(text).workflows;
  return JSON.parse(JSON.stringify(found), (_, value) => times[value] ?? value);
}

/** Press and lathe need a bearing where they get hot, the mill a seal; they are well again below 75 °C. */
export function hotMachines(...workflows: readonly object[]): object {
  return {
    time: TIME,
    windows: [{ id: 'second', kind: 'tumbling', size: '1s' }],
    detectors: ['press', 'mill', 'lathe'].map((asset) => ({
      ...{ id: `hot-${asset}`, kind: 'limit', signal: 'temperature', above: 75, window: 'second' },
      ...{ assets: [`p1/l1/${asset}`], raise: { severity: 'alarm' } },
    })),
    triggers: [
      { id: 'replace-bearing', on: 'hot-press', parts: [BEARING] },
      { id: 'replace-seal', on: 'hot-mill', parts: [SEAL] },
      { id: 'replace-lathe-bearing', on: 'hot-lathe', parts: [BEARING] },
    ].map(({ parts, ...trigger }) => ({
      ...{ ...trigger, slot: 'next-gap', rearm: '2s', withdraw: true },
      request: { kind: 'replacement', priority: 'high', parts, duration: '2h' },
    })),
    workflows,
  };
}

/** What is hot is asked for, in whatever plant it is. */
export const HOT_ANYWHERE = {
  time: { disorder: '0s', idle: '1s', hold: '1s' },
  windows: [{ id: 'second', kind: 'tumbling', size: '1s' }],
  detectors: [
    {
      ...{ id: 'hot', kind: 'limit', signal: 'temperature', above: 75, window: 'second' },
      raise: { severity: 'alarm' },
    },
  ],
  triggers: [
    {
      ...{ id: 'replace', on: 'hot', rearm: '2s', withdraw: true },
      request: { kind: 'replacement', priority: 'high', parts: [BEARING], duration: '2h' },
    },
  ],
};

/** The press will need a bearing: it gets warmer, and in minutes it will be too hot. */
export function heating(...workflows: readonly object[]): object {
  return {
    time: TIME,
    windows: [{ id: 'second', kind: 'tumbling', size: '1s' }],
    detectors: [
      {
        ...{ id: 'heading', kind: 'trend', signal: 'temperature', above: 75, window: 'second' },
        ...{ over: '2m', horizon: '10m', assets: ['p1/l1/press'], raise: { severity: 'warning' } },
      },
    ],
    triggers: [
      {
        ...{ id: 'replace-in-time', on: 'heading', slot: 'next-gap', rearm: '2s', withdraw: true },
        request: { kind: 'replacement', priority: 'high', parts: [BEARING], duration: '2h' },
      },
    ],
    workflows,
  };
}

/** Press and mill are due for a service after 500 running hours: the press needs a bearing for it, the mill a seal. */
export function dueMachines(...workflows: readonly object[]): object {
  return {
    time: TIME,
    windows: [{ id: 'second', kind: 'tumbling', size: '1s' }],
    detectors: ['press', 'mill'].map((asset) => ({
      ...{ id: `due-${asset}`, kind: 'usage', signal: 'running_hours', window: 'second' },
      ...{ every: 500, assets: [`p1/l1/${asset}`], raise: { severity: 'alarm' } },
    })),
    triggers: [
      { id: 'service-press', on: 'due-press', parts: [BEARING] },
      { id: 'service-mill', on: 'due-mill', parts: [SEAL] },
    ].map(({ parts, ...trigger }) => ({
      ...{ ...trigger, slot: 'next-gap' },
      request: { kind: 'inspection', priority: 'medium', parts, duration: '2h' },
    })),
    workflows,
  };
}

/** An operator reports an incident: somebody has to come at once. */
export function incidents(...workflows: readonly object[]): object {
  return {
    time: TIME,
    detectors: [
      {
        ...{ id: 'incident', kind: 'event', type: 'incident' },
        ...{ clear: { type: 'incident-over' }, raise: { severity: 'danger' } },
      },
    ],
    triggers: [
      {
        ...{ id: 'come', on: 'incident' },
        request: { kind: 'repair', priority: 'urgent', duration: '2h' },
      },
    ],
    workflows,
  };
}

/** Somebody opens the guard of a machine: an inspection at once. */
export function openGuards(...workflows: readonly object[]): object {
  return {
    time: TIME,
    detectors: [
      {
        ...{ id: 'guard', kind: 'event', type: 'guard', data: { open: true } },
        clear: { type: 'guard', data: { open: false } },
      },
    ],
    triggers: [{ id: 'secure', on: 'guard', request: { kind: 'inspection', priority: 'urgent' } }],
    workflows,
  };
}

/** What is said now counts now: no disorder is waited for, and silent machines hold nobody up. */
const TIME = { disorder: '0s', idle: '1s', hold: '1s' };

export const MODEL = {
  id: 'p1',
  lines: [
    {
      id: 'l1',
      assets: ['press', 'mill', 'lathe'].map((id) => ({
        ...{ id, ids: { cost_center: `K-${id}` } },
        signals: { temperature: { unit: 'Cel' }, running_hours: { unit: 'h', kind: 'counter' } },
      })),
    },
  ],
};
