import { expect, test } from 'vitest';
import { alarmSystemRoutes } from '../../../pipelines/console/routes/alarm-system.ts';
import type { Services } from '../../../pipelines/console/routes/services.ts';
import { DAYS } from '../../../sinks/messages/message-config.ts';

/** Both together are the whole day, at whatever time of it this runs. */
const ALL_DAY = [
  { days: [...DAYS], from: '00:00', to: '12:30' },
  { days: [...DAYS], from: '12:00', to: '00:30' },
];

async function quietOf(people: Readonly<Record<string, object>>, role = 'engineer') {
  const services = {
    questions: { ask: async () => [] },
    models: { plants: async () => new Map() },
    accounts: { find: async (id: string) => (id === 'u1' ? { name: 'Mia' } : undefined) },
    flow: { nameOf: async (id: string) => (id === 'u2' ? 'Tom' : undefined) },
    people: { people, roles: {}, holidays: [], time_zone: 'Europe/Vienna' },
  } as unknown as Services;
  const route = alarmSystemRoutes(services).find(({ id }) => id === 'getSilenced');
  const reach = { everywhere: true, plants: new Set(), lines: new Set() };
  const visitor = { id: 'u9', roles: [{ role }] };
  const asked = { query: {}, path: {}, reach, visitor } as never;
  const answer = (await route?.handle?.(asked)) as { quiet: object[] } | undefined;
  return answer?.quiet;
}

test('who sleeps is listed, with their name, until when, and what wakes them', async () => {
  const quiet = { hours: ALL_DAY, except: 'danger', holidays: false };
  const found = await quietOf({ u1: { quiet }, u2: { quiet }, u3: {}, u4: { quiet } });
  expect(found).toMatchObject([
    { person: 'u1', name: 'Mia', except: 'danger' },
    { person: 'u2', name: 'Tom', except: 'danger' },
    { person: 'u4', name: '', except: 'danger' },
  ]);
  for (const { until } of found as { until: string }[]) {
    expect(Date.parse(until)).toBeGreaterThan(Date.now());
  }
});

test('who wants to hear of everything is not', async () => {
  const quiet = { hours: ALL_DAY, except: 'notice', holidays: false };
  expect(await quietOf({ u1: { quiet } })).toEqual([]);
});

test('who may not see exceptions is not told when people sleep', async () => {
  const quiet = { hours: ALL_DAY, except: 'danger', holidays: false };
  expect(await quietOf({ u1: { quiet } }, 'viewer')).toEqual([]);
});
