import { z } from 'zod';
import { escapeXml } from '../../base/panel.ts';
import { openObjects } from '../journal.ts';
import { addMisbehaviour } from '../misbehaviour.ts';
import {
  addMasterData,
  createReferenceServer,
  listenFor,
  type ReferenceOptions,
  type ReferenceServer,
} from '../reference-server.ts';
import { addWorkRequests } from './routes.ts';
import { openStore } from './store.ts';
import type { WorkRequest } from './work-request.ts';

/**
 * Starts a small real CMMS: work requests over HTTP, a search by external key, actions that change the status. It can
 * misbehave as real ones do: `PUT /admin/misbehaviour`. `GET /admin/received` lists every POST that came in. `GET /` is
 * a page for a browser.
 */
export async function startReferenceCmms(options: ReferenceOptions): Promise<ReferenceServer> {
  const store = openStore(options.journal);
  const server = createReferenceServer();
  const token = options.token ?? 'reference';
  server.addHook('onRequest', async (request, reply) => {
    // Whoever may open a browser on this machine may look; to change anything takes the token.
    if (request.url === '/api/login' || request.url === '/') return;
    if (request.headers.authorization !== `Bearer ${token}`) {
      return reply.code(401).send({ error: 'expected Authorization: Bearer <token>' });
    }
  });
  server.post('/api/login', (request, reply) => {
    const { user, password } = z
      .object({ user: z.string(), password: z.string() })
      .parse(request.body);
    return user === 'andon' && password === token
      ? { access: { token } }
      : reply.code(401).send({ error: 'expected user andon and its password' });
  });
  server.get('/', (_request, reply) => reply.type('text/html').send(page(store.all())));
  addMisbehaviour(server, '/api/work-requests', store, options.misbehaviour);
  addWorkRequests(server, store);
  const master = openObjects(`${options.journal}.master`);
  addMasterData(server, master);
  return listenFor(server, options, () => {
    store.close();
    master.close();
  });
}

/** The work requests for a browser, the newest first. It loads itself again every few seconds. */
export function page(works: readonly WorkRequest[]): string {
  const cards = works.toReversed().map(card).join('\n');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="3">
<title>Work requests (${works.length})</title>
<style>
  body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 56rem; padding: 0 1rem; color: #1b1e25; background: #f3f4f7; }
  article { background: #fff; border-left: 6px solid #9aa3b2; border-radius: 6px; margin: 1rem 0; padding: .9rem 1.2rem; }
  article.MEDIUM { border-color: #f2bb3f; } article.HIGH { border-color: #e4572e; } article.EMERGENCY { border-color: #b3001b; }
  article.over { opacity: .55; }
  h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; margin: 0 0 .3rem; }
  p { margin: .2rem 0; color: #566074; } pre { font: inherit; white-space: pre-wrap; margin: .6rem 0 0; }
</style>
</head>
<body>
<h1>Reference CMMS: ${works.length === 1 ? '1 work request' : `${works.length} work requests`}</h1>
${cards === '' ? '<p>None so far.</p>' : cards}
</body>
</html>
`;
}

const OVER: ReadonlySet<string> = new Set(['CLOSED', 'REFUSED', 'WITHDRAWN', 'DONE']);

function card(work: WorkRequest): string {
  const facts = [
    work.status,
    work.priority,
    work.asset,
    work.failure_code,
    work.planned_start === null ? '' : `planned for ${work.planned_start} to ${work.planned_end}`,
    work.hours === null ? '' : `${work.hours} h`,
    work.stop_cost === null ? '' : `a stop costs ${work.stop_cost}`,
    work.parts.length === 0 ? '' : `parts ${work.parts.join(', ')}`,
    work.parts_note ?? '',
    work.revision === null ? '' : `revision ${work.revision}`,
  ].filter((fact) => fact !== '');
  return `<article class="${escapeXml(work.priority)}${OVER.has(work.status) ? ' over' : ''}">
<h2>${escapeXml(work.id)} ${escapeXml(work.title)}</h2>
<p>${escapeXml(facts.join(' · '))}</p>
<pre>${escapeXml(work.description)}</pre>
${work.comments.map((comment) => `<p>${escapeXml(comment)}</p>`).join('\n')}
</article>`;
}
