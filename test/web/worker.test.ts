import { createContext, runInContext } from 'node:vm';
import { expect, test } from 'vitest';
import { textOf } from '../support/architecture.ts';

type Handler = (event: object) => void;
type Kept = { match(): Promise<Response | undefined>; put(): Promise<void>; keys(): Promise<[]> };

/** The service worker of the page, with storage and a network of the test: its answer, and what it keeps itself alive for. */
function requested(kept: Kept, fetch: () => Promise<Response>) {
  const handlers = new Map<string, Handler>();
  const origin = 'https://andon.example';
  const self = {
    location: { origin },
    addEventListener: (name: string, handler: Handler) => handlers.set(name, handler),
  };
  const caches = { open: async () => kept };
  runInContext(textOf('web/public/worker.js'), createContext({ self, caches, fetch, URL }));
  const waited: Promise<unknown>[] = [];
  let answer: Promise<Response> | undefined;
  handlers.get('fetch')?.({
    request: { method: 'GET', url: `${origin}/index.html` },
    respondWith: (given: Promise<Response>) => {
      answer = given;
    },
    waitUntil: (given: Promise<unknown>) => waited.push(given),
  });
  return { answer, waited };
}

test('a browser whose storage is full shows the page that came, and an older one without a network', async () => {
  const full: Kept = {
    match: async () => new Response('old'),
    put: () => Promise.reject(new Error('QuotaExceededError')),
    keys: async () => [],
  };
  const { answer, waited } = requested(full, async () => new Response('new'));
  expect(await (await answer)?.text()).toBe('new');
  expect(waited).toHaveLength(1);
  await Promise.all(waited);
  const away = requested(full, () => Promise.reject(new TypeError('Failed to fetch')));
  expect(await (await away.answer)?.text()).toBe('old');
});
