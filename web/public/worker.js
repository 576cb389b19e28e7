/**
 * Keeps the files of the page, so that it opens where there is no network and says so itself. Data are never kept: an alarm
 * of an hour ago would look like one of now.
 */
const KEPT = 'andon-page';

self.addEventListener('install', () => self.skipWaiting());

self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  const isData = pathname.includes('/api/') || pathname.endsWith('/healthz');
  if (request.method !== 'GET' || origin !== self.location.origin || isData) return;
  event.respondWith(answer(event, pathname.includes('/assets/')));
});

/** Files whose names change with their content come from what is kept; the others from the console, as long as it answers. */
async function answer(event, isForEver) {
  const { request } = event;
  const kept = await caches.open(KEPT);
  const known = await kept.match(request);
  if (isForEver && known !== undefined) return known;
  try {
    const response = await fetch(request);
    if (response.ok && !response.redirected) {
      // Whether or not there is room for it, it has come.
      event.waitUntil(keep(kept, request, response.clone()).catch(() => undefined));
    }
    return response;
  } catch (error) {
    if (known !== undefined) return known;
    throw error;
  }
}

/** Of so many files the oldest go: each version of the page has some of its own. */
const MOST = 60;

async function keep(kept, request, response) {
  await kept.put(request, response);
  const all = await kept.keys();
  for (const old of all.slice(0, Math.max(0, all.length - MOST))) await kept.delete(old);
}
