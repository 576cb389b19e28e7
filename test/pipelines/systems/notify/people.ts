/** A people file for tests: two on call in turn, a head behind them, and a fallback. */

import type { Notice } from '../../../../pipelines/systems/notify/book.ts';
import { type NotifyConfig, systemConfigSchema } from '../../../../sinks/remote/system-config.ts';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

const channel = (name: string) => ({ kind: 'slack', url: `http://127.0.0.1/${name}` });

/** A Monday, 12:00 in Vienna. */
export const NOON = Date.parse('2026-06-01T10:00:00Z');

/** As it is written. */
export const WRITTEN = {
  ...{ kind: 'notify', name: 'notify', time_zone: 'Europe/Vienna', fallback: 'plant' },
  channels: { mail: channel('mail'), chat: channel('chat'), siren: channel('siren') },
  people: {
    ann: { channels: [{ channel: 'mail', to: 'ann' }, { channel: 'chat' }] },
    bob: { channels: [{ channel: 'mail', to: 'bob' }] },
    eve: { channels: [{ channel: 'chat', to: 'eve' }] },
    zoe: { channels: [{ channel: 'siren', to: 'zoe' }] },
  },
  roles: {
    shift: { layers: [{ people: ['ann'] }, { people: ['bob'] }], escalate: ['head'] },
    head: { layers: [{ people: ['eve'] }] },
    plant: { layers: [{ people: ['zoe'] }] },
  },
};

export function people(changes: object = {}): NotifyConfig {
  return systemConfigSchema.parse({ ...WRITTEN, ...changes }) as NotifyConfig;
}

export function notice(more: Partial<Notice> = {}): Notice {
  const request = more.request ?? 'req1';
  return {
    ...{ key: request, step: 'notify:shift', request, asset: 'p1/l1/press', asset_name: 'Press' },
    ...{ role: 'shift', title: 'Press: hot', because: 'hot spoke', since: '2026-06-01T10:00:00Z' },
    ...{ severity: 'alarm', failure_mode: 'BRG', component: 'bearing', word: 1, once: false },
    ...{ state: 'open', answered: null },
    ...more,
  };
}
