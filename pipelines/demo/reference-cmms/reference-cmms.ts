import fastify from 'fastify';
import { z } from 'zod';
import { escapeXml } from '../../base/panel.ts';
import { addMisbehaviour, type MisbehaviourConfig } from './misbehaviour.ts';
import { addWorkRequests } from './routes.ts';
import { openStore } from './store.ts';
import type { WorkRequest } from './work-request.ts';

type ReferenceCmmsOptions = {
  /** File of JSON lines that holds everything. It survives a kill. */
  readonly journal: string;
  /** 0 (the default) takes a free one. */
  readonly port?: number;
  readonly host?: string;
  readonly token?: string;
  readonly misbehaviour?: MisbehaviourConfig;
};

export type ReferenceCmms = { readonly url: string; close(): Promise<void> };

/**
 * Starts a small real CMMS: work requests over HTTP, a search by external key, actions that change the status. It can
 * misbehave as real ones do: `PUT /admin/misbehaviour`. `GET /admin/received` lists every POST that came in. `GET /` is
 * a page for a browser.
 */
export async function startReferenceCmms(options: ReferenceCmmsOptions): Promise<ReferenceCmms> {
  const store = openStore(options.journal);
  const server = fastify({ forceCloseConnections: true });
  const token = options.token ?? 'reference';
  server.addHook('onRequest', async (request, reply) => {
    // Whoever may open a browser on this machine may look; to change anything takes the token.
    if (request.url === '/api/login' || request.url === '/') return;
    if (request.headers.authorization !== `Bearer ${token}`) {
      return reply.code(401).send({ error: 'expected Authorization: Bearer <token>' });
    }
  });
  server.setErrorHandler((error, _request, reply) => {
    const message = error instanceof Error ? error.message : String(error);
    return reply.code(statusOf(error)).send({ error: message });
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
  addMisbehaviour(server, store, options.misbehaviour);
  addWorkRequests(server, store);
  const url = await server.listen({ port: options.port ?? 0, host: options.host ?? '127.0.0.1' });
  return {
    url,
    async close() {
      await server.close();
      store.close();
    },
  };
}

/** Whose mistake it was: a body that is no JSON is not ours. */
function statusOf(error: unknown): number {
  if (error instanceof z.ZodError) return 422;
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  return status >= 400 ? status : 500;
}

export type ServeOptions = {
  readonly journal: string;
  readonly port: string;
  readonly token?: string | undefined;
};

/** Runs the reference CMMS until SIGTERM or Ctrl-C. Prints its address as one line of JSON once it answers. */
export async function serveReferenceCmms({ journal, port, token }: ServeOptions): Promise<void> {
  const cmms = await startReferenceCmms({
    journal,
    port: Number(port),
    ...(token === undefined ? {} : { token }),
  });
  console.log(JSON.stringify({ url: cmms.url }));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => void cmms.close());
  }
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
    work.revision === null ? '' : `revision ${work.revision}`,
  ].filter((fact) => fact !== '');
  return `<article class="${escapeXml(work.priority)}${OVER.has(work.status) ? ' over' : ''}">
<h2>${escapeXml(work.id)} ${escapeXml(work.title)}</h2>
<p>${escapeXml(facts.join(' · '))}</p>
<pre>${escapeXml(work.description)}</pre>
${work.comments.map((comment) => `<p>${escapeXml(comment)}</p>`).join('\n')}
</article>`;
}
