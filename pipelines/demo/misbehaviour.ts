import { setTimeout as pause } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { CallLog } from './journal.ts';

export const MISBEHAVIOURS = [
  /** Carried out, and the connection cut before the answer. */
  'commit-then-cut',
  /** The connection cut, nothing carried out. */
  'cut-before-commit',
  'too-many',
  'unavailable',
  /** An error after it was carried out, and one before. */
  'commit-then-error',
  'error',
  /** Waits `delay` milliseconds, then carries out; or carries out, then waits. */
  'slow-then-commit',
  'commit-then-slow',
  /** Carried out, and answered with something that is no JSON. */
  'garbage',
  /** A gateway answers in its place, and nothing is carried out: a way to a log-in, pages for people. */
  'redirect',
  'forbidden-page',
  'not-found-page',
  'welcome-page',
] as const;

const faultSchema = z.object({
  fault: z.enum(MISBEHAVIOURS),
  /** Only calls of this method; any without it. */
  method: z.enum(['GET', 'POST', 'PATCH', 'PUT', 'DELETE']).optional(),
  delay: z.number().nonnegative().default(0),
  /** Seconds, in `Retry-After`; no header without it. */
  retry_after: z.number().nonnegative().optional(),
});

/** The next calls fail as the script says, then a share of them at random, as the seed says. */
export const misbehaviourSchema = z.object({
  script: z.array(faultSchema.extend({ times: z.number().int().min(1).default(1) })).default([]),
  random: z
    .object({
      seed: z.number().int().default(1),
      probability: z.number().min(0).max(1),
      faults: z.array(faultSchema).min(1),
    })
    .optional(),
});

export type Misbehaviour = z.infer<typeof faultSchema>;
export type MisbehaviourConfig = z.infer<typeof misbehaviourSchema>;

/**
 * Lets calls below a path go wrong as the server is told: `initial` at first, then as `PUT /admin/misbehaviour` says. `GET
 * /admin/received` lists those that came to change something.
 */
export function addMisbehaviour(
  server: FastifyInstance,
  path: string,
  calls: CallLog,
  initial: MisbehaviourConfig = { script: [] },
): void {
  let next = createMisbehaviour(initial);

  server.put('/admin/misbehaviour', (request) => {
    next = createMisbehaviour(misbehaviourSchema.parse(request.body));
    return { ok: true };
  });
  server.get('/admin/received', () => ({ received: calls.received }));

  server.addHook('preHandler', async (request) => {
    if (!request.url.startsWith(path) || request.method !== 'POST') return;
    const { method, url, body } = request;
    calls.note({ method, url, body: body ?? null });
  });
  misbehave(server, ({ url, method }) => (url.startsWith(path) ? next(method) : undefined));
}

/** Has the calls to a server go wrong for which `next` says how. */
export function misbehave(
  server: FastifyInstance,
  next: (request: FastifyRequest) => Misbehaviour | undefined,
): void {
  const planned = new WeakMap<object, Misbehaviour>();
  server.addHook('preHandler', async (request, reply) => {
    const misbehaviour = next(request);
    if (misbehaviour === undefined) return;
    planned.set(request, misbehaviour);
    return beforeCommit(misbehaviour, request, reply);
  });
  server.addHook('onSend', (request, reply, payload) =>
    afterCommit(planned.get(request), payload, request, reply),
  );
}

/** What goes wrong before a call is carried out; an answer here means that it is not. */
async function beforeCommit(
  misbehaviour: Misbehaviour,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply | undefined> {
  const { fault, delay, retry_after } = misbehaviour;
  switch (fault) {
    case 'cut-before-commit':
      request.raw.socket.destroy();
      return reply.hijack();
    case 'too-many':
    case 'unavailable':
      if (retry_after !== undefined) void reply.header('Retry-After', retry_after);
      return reply.code(fault === 'too-many' ? 429 : 503).send({ error: 'come back later' });
    case 'error':
      return reply.code(500).send({ error: 'something went wrong' });
    case 'redirect':
      return reply.redirect('https://login.example.com/', 302);
    case 'forbidden-page':
      return reply.code(403).type('text/html').send('<!DOCTYPE html><p>Forbidden');
    case 'not-found-page':
      return reply.code(404).type('text/html').send('<html><p>No such place</html>');
    case 'welcome-page':
      return reply.type('text/html').send('<!doctype html><p>Welcome to the gateway');
    case 'slow-then-commit':
      await pause(delay);
      return undefined;
    default:
      return undefined;
  }
}

/** What becomes of the answer to a call that was carried out. */
async function afterCommit(
  misbehaviour: Misbehaviour | undefined,
  payload: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  switch (misbehaviour?.fault) {
    case 'commit-then-cut':
      request.raw.socket.destroy();
      return payload;
    case 'commit-then-slow':
      await pause(misbehaviour.delay);
      return payload;
    case 'commit-then-error':
      void reply.code(500);
      return JSON.stringify({ error: 'something went wrong' });
    case 'garbage':
      return '<html>Welcome!</html>';
    default:
      return payload;
  }
}

/** Says for each call whether and how it goes wrong. The same seed and calls give the same faults. */
export function createMisbehaviour(
  config: MisbehaviourConfig,
): (method: string) => Misbehaviour | undefined {
  const script = config.script.flatMap(({ times, ...fault }) =>
    Array.from({ length: times }, () => fault),
  );
  const random = generator(config.random?.seed ?? 1);
  const fits = (one: Misbehaviour, method: string) =>
    one.method === undefined || one.method === method;
  return (method) => {
    const index = script.findIndex((fault) => fits(fault, method));
    if (index >= 0) return script.splice(index, 1)[0];
    if (config.random === undefined || random() >= config.random.probability) return undefined;
    const fitting = config.random.faults.filter((fault) => fits(fault, method));
    return fitting[Math.floor(random() * fitting.length)];
  };
}

/** mulberry32: small, and the same on every machine. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
