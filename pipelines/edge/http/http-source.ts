/** A source that others push to over HTTP: their request is answered once the log beside the edge has it. */

import { createHash, timingSafeEqual } from 'node:crypto';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { reveal, type Secret } from '../../../sinks/remote/secret.ts';
import { secretOf } from '../../base/config.ts';
import { EXIT, messageOf, Problem } from '../../base/problem.ts';
import { within } from '../../base/within.ts';
import { tlsContents } from '../../nats/connection-options.ts';
import { boundConnections, cannotListen, MOST_CONNECTIONS, takeBytes } from '../../observe/http.ts';
import type { SourceOf } from '../edge-config.ts';
import { type EdgeReason, type Mapper, type MapRule, readingMachine, TAGGED } from '../mapping.ts';
import {
  mapperOf,
  type OpenSource,
  type SourceContext,
  storeAll,
  Unsettled,
  withReceipts,
} from '../source.ts';
import type { TagReading } from '../tag-reading.ts';
import { createTally, type Tally } from '../tally.ts';
import { decodePush } from './decode-push.ts';
import { decodeRemoteWrite, SERIES_TAG } from './decode-remote-write.ts';

/** Microseconds of a duration in a millisecond. */
const MILLISECOND = 1_000;
/** A key of one request: what a producer counts or makes up. */
const KEY = /^[\x21-\x7e]{1,128}$/;
const SHORTEST_TOKEN = 16;
/** Requests that whoever only listens tells from their repeats. */
const MOST_HEARD = 16_384;

type Sender = {
  readonly name: string;
  readonly token: Secret;
  readonly machines: ReadonlySet<string>;
  /** Requests of it that were not answered yet, or wait for their turn with their bodies. */
  open: number;
};
/** A request that may be read: it counts as open until it is left. */
type Admitted = {
  readonly sender: Sender;
  readonly key: string | undefined;
  /** Whoever answers it leaves it, and not the end of its connection. */
  isTaken: boolean;
  readonly leave: () => void;
};
type Answer = { readonly code: number; readonly body?: object; readonly retry?: number };
type Way = { readonly rule: MapRule; readonly read: (body: Uint8Array) => readonly TagReading[] };

/** Rejects with a `Problem` when the address cannot be listened on, or a file or secret cannot be read. */
export async function openHttpSource(
  source: SourceOf<'http'>,
  context: SourceContext,
): Promise<OpenSource> {
  const push = new PushSource(source, context);
  await push.listen();
  return push;
}

class PushSource implements OpenSource {
  readonly #source: SourceOf<'http'>;
  readonly #context: SourceContext;
  readonly #senders: readonly Sender[];
  readonly #waiting = new Unsettled<() => void>();
  readonly #mapper: Mapper;
  /** Counts for the source, and for the request that is taken in just now: its answer says what did not go up. */
  readonly #counting: Tally;
  #own: Tally | undefined;
  /** One request after the other goes into the log, so that what one of them brought is known. */
  #last: Promise<unknown> = Promise.resolve();
  #server: FastifyInstance | undefined;
  readonly #admitted = new WeakMap<FastifyRequest, Admitted>();
  /** Of those that came while somebody only listens: they come again and again. */
  readonly #heard = new Set<string>();

  constructor(source: SourceOf<'http'>, context: SourceContext) {
    this.#source = source;
    this.#context = context;
    const { tally } = context;
    this.#counting = {
      ...{ took: () => undefined, flush: () => undefined, status: tally.status },
      refuse: (reason, detail) => {
        tally.refuse(reason, detail);
        this.#own?.refuse(reason, detail);
      },
      sent: (bytes) => {
        tally.sent(bytes);
        this.#own?.sent(bytes);
      },
    };
    this.#mapper = mapperOf({ ...context, tally: this.#counting });
    this.#senders = sendersOf(source);
  }

  async listen(): Promise<void> {
    const { name, http } = this.#source;
    const { host, port, body, tls } = http;
    const pair = tls === undefined ? null : await tlsContents(tls, `source ${name}`);
    const limits = { bodyLimit: body, requestTimeout: 30_000, connectionTimeout: 120_000 };
    const server = fastify({ forceCloseConnections: true, https: pair, ...limits });
    boundConnections(server.server, MOST_CONNECTIONS);
    this.#server = server as unknown as FastifyInstance;
    this.#serve(this.#server);
    try {
      await server.listen({ host, port });
    } catch (error) {
      // Whoever only listens is told, and goes on without: the edge itself has the address.
      if (this.#context.listener !== undefined) throw error;
      const remedy = 'Choose another host or port, or end who has it.';
      throw cannotListen(`source ${name}`, `${host}:${port}`, error, remedy);
    }
    this.#context.record({ kind: 'source-connected', source: name, kept: false });
  }

  acknowledge(): void {
    for (const answer of this.#waiting.settle(this.#context.memory.stored)) answer();
  }

  get details(): { readonly port: number } {
    const address = this.#server?.server.address();
    return { port: typeof address === 'object' && address !== null ? address.port : 0 };
  }

  async close(): Promise<void> {
    await this.#server?.close();
  }

  #serve(server: FastifyInstance): void {
    const { machine, tag = SERIES_TAG } = this.#source.http.prometheus;
    const apart = new Set(['job', ...labelsIn(machine)]);
    takeBytes(server);
    const ways: Readonly<Record<string, Way>> = {
      '/readings': { rule: TAGGED, read: decodePush },
      '/api/v1/write': {
        rule: { machine, tag, clock: 'source' },
        read: (body) => decodeRemoteWrite(body, apart),
      },
    };
    for (const [path, way] of Object.entries(ways)) {
      const isPrometheus = way.rule !== TAGGED;
      const onRequest = async (request: FastifyRequest, reply: FastifyReply) => {
        // Before the body is read: whoever may not speak, or not now, takes no memory.
        const refused = this.#admit(request, reply, isPrometheus);
        return refused === undefined ? undefined : send(reply, refused, isPrometheus);
      };
      server.post(path, { onRequest }, async (request, reply) =>
        send(reply, await this.#answer(request, way), isPrometheus),
      );
    }
    server.setErrorHandler(
      (error: { readonly statusCode?: number; readonly message: string }, _request, reply) =>
        reply.code(error.statusCode ?? 500).send({ error: error.message }),
    );
  }

  /** Gives the answer where a request is not to be read. */
  #admit(request: FastifyRequest, reply: FastifyReply, isPrometheus: boolean): Answer | undefined {
    const { headers, ip } = request;
    const sender = this.#senderOf(headers.authorization);
    if (sender === undefined) {
      this.#context.tally.refuse('unknown-sender', `no token of this source, from ${ip}`);
      return refusal(401, 'expected Authorization: Bearer with a token of this source');
    }
    const key = headers['idempotency-key'];
    if (key !== undefined && !(typeof key === 'string' && KEY.test(key))) {
      return refusal(400, 'expected an Idempotency-Key of 1 to 128 letters, digits and signs');
    }
    const refused = isPrometheus ? versionRefusal(request) : undefined;
    if (refused !== undefined) return refused;
    const { in_flight } = this.#source.http;
    if (sender.open >= in_flight) {
      return { ...refusal(503, `expected fewer than ${in_flight} requests at a time`), retry: 1 };
    }
    sender.open += 1;
    let isOpen = true;
    const leave = () => {
      if (isOpen) sender.open -= 1;
      isOpen = false;
    };
    const admitted: Admitted = { sender, key, isTaken: false, leave };
    this.#admitted.set(request, admitted);
    // Its body may be too long, or never come.
    reply.raw.once('close', () => {
      if (!admitted.isTaken) leave();
    });
    return undefined;
  }

  async #answer(request: FastifyRequest, way: Way): Promise<Answer> {
    const admitted = this.#admitted.get(request);
    if (admitted === undefined) throw new Error('expected a request that was admitted');
    admitted.isTaken = true;
    const { sender, key, leave } = admitted;
    const { answer } = this.#source.http;
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const done = this.#last.then(() => this.#take({ sender, key, body, way }));
    this.#last = done.catch(() => undefined);
    const answered = within(
      answer / MILLISECOND,
      done.then(({ wait }) => wait),
    );
    // One that is answered by 503 still waits for its turn, with its body.
    void Promise.allSettled([done, answered]).then(leave);
    try {
      return await answered;
    } catch (error) {
      // It may be stored later: the same bytes again, with a key or with times, do not double it.
      return { ...refusal(503, `the log did not take it: ${messageOf(error)}`), retry: 5 };
    }
  }

  #senderOf(header: string | undefined): Sender | undefined {
    const [, given = ''] = /^Bearer +(\S+)$/i.exec(header ?? '') ?? [];
    const hash = digest(given);
    // All of them, however soon one fits: how long it takes says nothing.
    const found = this.#senders.filter(({ token }) => {
      const now = tokenNow(token);
      return timingSafeEqual(hash, digest(now ?? '')) && now !== undefined;
    });
    return found[0];
  }

  /** `wait`: resolves when the log has it. */
  async #take({ sender, key, body, way }: Taking): Promise<{ readonly wait: Promise<Answer> }> {
    const { memory, tally, listener } = this.#context;
    tally.took(body.length);
    let readings: readonly TagReading[];
    try {
      readings = way.read(body);
    } catch (error) {
      // Whatever a body brings about is a matter of this body.
      tally.refuse('malformed', `${sender.name}: ${messageOf(error)}`);
      return at(refusal(400, messageOf(error)));
    }
    const foreign = readings
      .map((reading) => readingMachine(way.rule, reading, {}))
      .find((machine) => machine !== undefined && !sender.machines.has(machine));
    if (foreign !== undefined) {
      tally.refuse('unknown-machine', `${sender.name} may not speak for ${foreign}`);
      const text = `expected one of the machines of ${sender.name}, found ${foreign.slice(0, 64)}`;
      return at(refusal(403, text));
    }
    const timed = readings.every(({ time }) => time !== undefined);
    const id = createHash('sha256')
      .update(JSON.stringify([sender.name, key ?? '']))
      .update(body)
      .digest('base64url');
    const map = () => this.#mapper.map(way.rule, readings, {}, Date.now());
    if (listener !== undefined) {
      if (!this.#heard.has(id)) map();
      if (this.#heard.size < MOST_HEARD) this.#heard.add(id);
      return at({ ...refusal(503, 'somebody only listens here: nothing is stored'), retry: 5 });
    }
    const own = createTally(this.#source.name, () => undefined);
    this.#own = own;
    const number = await storeAll(
      withReceipts(map(), { id, lasting: timed || key !== undefined }),
      { memory, tally: this.#counting },
      { origin: sender.name },
    );
    const { up_messages: up, refused } = own.status;
    const answer: Answer = {
      // A repeat of what went up in part is answered as it was before.
      code: up + (refused.repeat ?? 0) === 0 && isRefusal(refused) ? 422 : 200,
      body: { values: readings.length, messages: up, refused },
    };
    const wait = new Promise<Answer>((resolve) => {
      this.#waiting.add(number, () => resolve(answer));
    });
    this.acknowledge();
    return { wait };
  }
}

type Taking = {
  readonly sender: Sender;
  readonly key: string | undefined;
  readonly body: Buffer;
  readonly way: Way;
};

/** What a template names. */
function labelsIn(template: string): readonly string[] {
  return [...template.matchAll(/\{([^{}]+)\}/g)].map(([, name = '']) => name);
}

function at(answer: Answer): { readonly wait: Promise<Answer> } {
  return { wait: Promise.resolve(answer) };
}

/** Whether something did not go up for another reason than that it is there already, says nothing, or was meant to stay. */
function isRefusal(refused: Readonly<Partial<Record<EdgeReason, number>>>): boolean {
  return Object.keys(refused).some((reason) => !AS_MEANT.has(reason as EdgeReason));
}

const AS_MEANT: ReadonlySet<EdgeReason> = new Set(['repeat', 'reduced', 'not-up', 'no-value']);

/** Prometheus sends again what is answered by 5xx, and drops what is answered by 4xx; it wants no content. */
function send(reply: FastifyReply, { code, body, retry }: Answer, isPrometheus: boolean) {
  if (retry !== undefined) reply.header('Retry-After', String(retry));
  if (isPrometheus && code === 200) return reply.code(204).send();
  return reply.code(code).send(body);
}

function versionRefusal({ headers }: FastifyRequest): Answer | undefined {
  const type = headers['content-type'] ?? '';
  const isOther = /proto=(?!prometheus\.WriteRequest)/.test(type);
  if (!isOther && headers['content-encoding'] === 'snappy') return undefined;
  return refusal(415, 'expected remote write 1.0: prometheus.WriteRequest, packed by snappy');
}

function refusal(code: number, error: string): Answer {
  return { code, body: { error } };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Throws a `Problem` for a token that cannot be one. */
function sendersOf({ name: source, http: { tokens } }: SourceOf<'http'>): readonly Sender[] {
  const known = new Map<string, string>();
  return tokens.map(({ name, token, machines }) => {
    const where = `source ${source}: token of ${name}`;
    const current = secretOf(where, token)();
    if (current.length < SHORTEST_TOKEN) {
      throw wrongToken(where, `a token of at least ${SHORTEST_TOKEN} letters`, current.length);
    }
    if (/\s/.test(current)) throw wrongToken(where, 'a token without blanks', 'one with blanks');
    const other = known.get(current);
    if (other !== undefined) {
      throw wrongToken(where, 'a token of its own', `that of ${other}`);
    }
    known.set(current, name);
    return { name, token, machines: new Set(machines), open: 0 };
  });
}

/** As it is just now: who has lost his token is nobody, whatever it was before. */
function tokenNow(token: Secret): string | undefined {
  try {
    const now = reveal(token, process.env);
    return now.length < SHORTEST_TOKEN ? undefined : now;
  } catch {
    return undefined;
  }
}

function wrongToken(where: string, expected: string, found: string | number): Problem {
  return new Problem({
    ...{ where, expected, found: `${found}` },
    remedy: 'Make one: openssl rand -base64 24',
    exit: EXIT.input,
  });
}
