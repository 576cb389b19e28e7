import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askCmms, type CmmsWork } from '../../../pipelines/demo/ask-cmms.ts';
import type { LandedRevision } from '../../../pipelines/demo/ask-warehouse.ts';
import { startMechanic } from '../../../pipelines/demo/mechanic.ts';
import { startReferenceCmms } from '../../../pipelines/demo/reference-cmms/reference-cmms.ts';
import type { ReferenceServer } from '../../../pipelines/demo/reference-server.ts';
import { until } from '../../stand/stand.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

let server: ReferenceServer;
const cmms = () => ({ url: server.url, token: 'reference' });

beforeAll(async () => {
  server = await startReferenceCmms({ journal: join(temporaryDirectory(), 'cmms.ndjson') });
});
afterAll(() => server?.close());

async function request(id: string, part: string): Promise<void> {
  const body = { title: id, external_key: id, asset: 'p/l/a', parts: [part], hours: 2 };
  const answer = await fetch(`${server.url}/api/work-requests`, {
    ...{ method: 'POST', body: JSON.stringify(body) },
    headers: { Authorization: 'Bearer reference', 'Content-Type': 'application/json' },
  });
  expect(answer.status).toBe(201);
}

function revision(id: string, action: LandedRevision['action'], because: string): LandedRevision {
  const request = JSON.stringify({ parts: [id === 'his' ? 'SEAL-KIT-80' : 'FILTER-F7'], because });
  return { id, action, request } as LandedRevision;
}

test('a request of his is accepted, waited for, and done when its problem is over and its part is there', async () => {
  await request('other', 'FILTER-F7');
  await request('his', 'SEAL-KIT-80');
  const seen = {
    works: [] as readonly CmmsWork[],
    revisions: [revision('other', 'open', 'clogged'), revision('his', 'open', 'burst')],
    counts: { accepted: [] as string[] },
  };
  const asked: string[] = [];
  const troubles: unknown[] = [];
  const mechanic = startMechanic({
    ...{ cmms: cmms(), seen: () => seen, ending: new AbortController().signal },
    storekeeper: async (part) => asked.push(part) > 1,
    onTrouble: (error) => void troubles.push(error),
  });
  const isAt = (status: string) => async () => {
    seen.works = await askCmms(cmms());
    return seen.works.find(({ external_key }) => external_key === 'his')?.status === status;
  };
  try {
    await until('the request to be accepted', 60_000, isAt('ACCEPTED'));
    // What he says counts when it is in the log.
    expect(mechanic.isAwaited).toBe(true);
    seen.counts.accepted.push('his');
    expect([mechanic.isAwaited, mechanic.idle, asked]).toEqual([false, true, []]);
    seen.revisions.push(revision('his', 'update', 'all its anomalies are clear since 06:18'));
    expect(mechanic.idle).toBe(false);
    await until('the work to be begun', 60_000, isAt('IN_PROGRESS'));
  } finally {
    await mechanic.stop();
  }
  expect(await isAt('CLOSED')()).toBe(true);
  expect([asked, mechanic.closed, mechanic.idle, troubles]).toEqual([
    ['SEAL-KIT-80', 'SEAL-KIT-80'],
    ...[1, true, []],
  ]);
  expect(seen.works.find(({ external_key }) => external_key === 'other')?.status).toBe('NEW');
});

test('what a visitor has taken on is done all the same, and what was withdrawn is not waited for', async () => {
  await request('taken', 'SEAL-KIT-80');
  const worksOf = async () => {
    return (await askCmms(cmms())).filter(({ external_key }) => external_key === 'taken');
  };
  const [work] = await worksOf();
  const taken = await fetch(`${server.url}/api/work-requests/${work?.id}/accept`, {
    ...{ method: 'POST', body: '{}' },
    headers: { Authorization: 'Bearer reference', 'Content-Type': 'application/json' },
  });
  expect(taken.status).toBe(200);
  const parts = JSON.stringify({ parts: ['SEAL-KIT-80'], because: '' });
  const gone = (action: 'open' | 'withdraw') =>
    ({ id: 'gone', action, request: parts }) as LandedRevision;
  const seen = {
    works: await worksOf(),
    revisions: [gone('open')],
    counts: { accepted: ['another'] },
  };
  const troubles: unknown[] = [];
  const mechanic = startMechanic({
    ...{ cmms: cmms(), seen: () => seen, ending: new AbortController().signal },
    storekeeper: async () => true,
    onTrouble: (error) => void troubles.push(error),
  });
  try {
    expect(mechanic.isAwaited).toBe(true);
    seen.revisions.push(gone('withdraw'));
    expect(mechanic.isAwaited).toBe(false);
    const clear = { parts: ['SEAL-KIT-80'], because: 'all its anomalies are clear since 06:18' };
    const request = JSON.stringify(clear);
    seen.revisions.push({ id: 'taken', action: 'update', request } as LandedRevision);
    await until('it to be done', 60_000, async () => (await worksOf())[0]?.status === 'CLOSED');
  } finally {
    await mechanic.stop();
  }
  expect([mechanic.closed, mechanic.idle, troubles]).toEqual([1, true, []]);
});
