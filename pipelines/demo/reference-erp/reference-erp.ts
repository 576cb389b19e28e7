/**
 * A small real ERP: stock with reservations, requisitions with lead time and approval, postings of works and downtimes. It asks of its callers what large ones
 * do: a token by OAuth 2, a CSRF token for each write, the ETag of what is changed. And as they, it knows no idempotency:
 * two POSTs with one key make two objects.
 */

import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type ObjectStore, openObjects } from '../journal.ts';
import { addMisbehaviour } from '../misbehaviour.ts';
import {
  addMasterData,
  createReferenceServer,
  listenFor,
  type ReferenceOptions,
  type ReferenceServer,
} from '../reference-server.ts';
import { addInquiries } from './inquiries.ts';
import { addLots } from './lots.ts';
import { addPostings } from './postings.ts';
import { addRequisitions } from './requisitions.ts';
import { addServices } from './services.ts';
import { addStock, seedParts } from './stock.ts';

/** Who may ask for a token; the secret is the token of the options. */
const CLIENT = 'andon';
/** Seconds. */
const LIFETIME = 300;

export async function startReferenceErp(options: ReferenceOptions): Promise<ReferenceServer> {
  const store = openObjects(options.journal);
  const server = createReferenceServer();
  const secret = options.token ?? 'reference';
  addAuthorization(server, secret);
  addMisbehaviour(server, '/api/', store, options.misbehaviour);
  addCsrf(server);
  seedParts(store);
  addStock(server, store);
  addRequisitions(server, store);
  addPostings(server, store);
  addInquiries(server, store);
  addServices(server, store);
  addLots(server, store);
  addMasterData(server, store);
  addOverview(server, store);
  return listenFor(server, options, () => store.close());
}

/** Client credentials (RFC 6749, chapter 4.4). Persons at this machine show the secret itself. */
function addAuthorization(server: FastifyInstance, secret: string): void {
  const tokens = new Map<string, number>();
  server.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  );
  server.post('/oauth/token', (request, reply) => {
    const { grant_type } = request.body as { readonly grant_type?: string };
    const basic = Buffer.from(`${CLIENT}:${encodeURIComponent(secret)}`).toString('base64');
    const known = request.headers.authorization === `Basic ${basic}`;
    if (!known) return reply.code(401).send({ error: 'invalid_client' });
    if (grant_type !== 'client_credentials') {
      return reply.code(400).send({ error: 'unsupported_grant_type' });
    }
    const token = randomUUID();
    tokens.set(token, Date.now() + LIFETIME * 1_000);
    return { access_token: token, token_type: 'Bearer', expires_in: LIFETIME };
  });
  server.addHook('onRequest', async (request, reply) => {
    if (request.url === '/' || /^\/(oauth|supplier)\//.test(request.url)) return;
    const shown = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
    if (shown === secret || (tokens.get(shown) ?? 0) > Date.now()) return;
    return reply.code(401).send({ error: 'expected Authorization: Bearer <token>' });
  });
}

/** A write shows a token that a read of the same session gave. Persons with the secret need none. */
function addCsrf(server: FastifyInstance): void {
  const sessions = new Map<string, string>();
  server.addHook('preHandler', async (request, reply) => {
    if (!request.url.startsWith('/api/')) return;
    if (request.method === 'GET') return offer(request, reply);
    const session = /session=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1] ?? '';
    const token = sessions.get(session);
    if (token !== undefined && request.headers['x-csrf-token'] === token) return;
    void reply.header('x-csrf-token', 'Required');
    return reply.code(403).send({ error: 'CSRF token validation failed' });
  });

  async function offer(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (request.headers['x-csrf-token'] !== 'Fetch') return;
    const [session, token] = [randomUUID(), randomUUID()];
    sessions.set(session, token);
    void reply.header('x-csrf-token', token).header('set-cookie', `session=${session}; HttpOnly`);
  }
  // As an ERP that was restarted: nobody's session is known any more.
  server.post('/admin/forget-sessions', () => {
    sessions.clear();
    return { ok: true };
  });
}

/** All that there is, for whoever wants to see what came of a trial. */
function addOverview(server: FastifyInstance, store: ObjectStore): void {
  server.get('/', () => ({ name: 'reference ERP' }));
  server.delete('/admin/objects/:kind/:id', (request) => {
    const { kind, id } = request.params as { readonly kind: string; readonly id: string };
    store.remove(kind, id);
    return { ok: true };
  });
  server.get('/admin/objects', () => ({
    parts: store.all('part'),
    reservations: store.all('reservation'),
    requisitions: store.all('requisition'),
    works: store.all('work'),
    consumptions: store.all('consumption'),
    labour: store.all('labour'),
    downtimes: store.all('downtime'),
    inquiries: store.all('inquiry'),
    vendors: store.all('vendor'),
    services: store.all('service-order'),
    holds: store.all('lot-hold'),
  }));
}
