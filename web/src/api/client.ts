/** The page's client of the API: typed by its description, with problems as values that can be shown. */

import { csrf } from '../state/session.ts';
import type { Operations } from './operations.ts';

export type OperationId = keyof Operations;
export type Answer<Id extends OperationId> = Operations[Id]['answer'];

/** What the API says when it does not do what was asked (RFC 9457). */
export type ProblemDetails = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly current?: unknown;
};

export class RefusedByApi extends Error {
  readonly problem: ProblemDetails;

  constructor(problem: ProblemDetails) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** Where each operation is; the types say what it takes and gives. */
const OPERATIONS: { readonly [Id in OperationId]: readonly [method: string, path: string] } = {
  signIn: ['POST', 'session'],
  signOut: ['DELETE', 'session'],
  getMe: ['GET', 'me'],
  getSignInWays: ['GET', 'session/ways'],
  beginSignOn: ['GET', 'session/provider'],
  finishSignOn: ['GET', 'session/provider/callback'],
  leaveProvider: ['POST', 'session/provider/end'],
  getPlants: ['GET', 'plants'],
  getAssets: ['GET', 'assets'],
  getSituation: ['GET', 'situation'],
  getSignal: ['GET', 'assets/{plant}/{line}/{asset}/signals/{signal}'],
  getTimeline: ['GET', 'assets/{plant}/{line}/{asset}/timeline'],
  getWaveforms: ['GET', 'assets/{plant}/{line}/{asset}/points/{point}/waveforms'],
  getSpectrum: ['GET', 'assets/{plant}/{line}/{asset}/points/{point}/waveforms/{time}'],
  getFeature: ['GET', 'assets/{plant}/{line}/{asset}/points/{point}/features/{feature}'],
  getAnomalies: ['GET', 'anomalies'],
  getAlarms: ['GET', 'alarms'],
  getSilenced: ['GET', 'silenced'],
  getAlarmNumbers: ['GET', 'alarm-numbers'],
  getIncidents: ['GET', 'incidents'],
  getRequests: ['GET', 'requests'],
  getRequest: ['GET', 'requests/{id}'],
  getSchedule: ['GET', 'schedule'],
  getDeadLetters: ['GET', 'dead-letters'],
  getFigures: ['GET', 'plants/{plant}/figures'],
  getStopCalendar: ['GET', 'plants/{plant}/stops.ics'],
  getMasterData: ['GET', 'plants/{plant}/master-data'],
  getObjectives: ['GET', 'plants/{plant}/objectives'],
  getRules: ['GET', 'plants/{plant}/rules'],
  getRuleTrace: ['GET', 'assets/{plant}/{line}/{asset}/rules/{rule}/trace'],
  getHealth: ['GET', 'health'],
  getExceptions: ['GET', 'exceptions'],
  handleException: ['POST', 'exceptions/{id}/states'],
  resendRequest: ['POST', 'requests/{id}/resends'],
  resendCommand: ['POST', 'commands/{id}/resends'],
  acknowledge: ['POST', 'assets/{plant}/{line}/{asset}/acknowledgements'],
  giveFeedback: ['POST', 'assets/{plant}/{line}/{asset}/feedback'],
  shelve: ['POST', 'assets/{plant}/{line}/{asset}/shelvings'],
  unshelve: ['POST', 'assets/{plant}/{line}/{asset}/shelvings/end'],
  takeOutOfService: ['POST', 'assets/{plant}/{line}/{asset}/outages'],
  putInService: ['POST', 'assets/{plant}/{line}/{asset}/outages/end'],
  report: ['POST', 'assets/{plant}/{line}/{asset}/reports'],
  pauseRule: ['POST', 'plants/{plant}/rules/{rule}/pauses'],
  resumeRule: ['POST', 'plants/{plant}/rules/{rule}/pauses/end'],
  comment: ['POST', 'assets/{plant}/{line}/{asset}/comments'],
  keepPhoto: ['POST', 'assets/{plant}/{line}/{asset}/photos'],
  getPhoto: ['GET', 'assets/{plant}/{line}/{asset}/photos/{photo}'],
  getAudit: ['GET', 'audit'],
  checkRules: ['POST', 'plants/{plant}/rules/checks'],
  decide: ['POST', 'assets/{plant}/{line}/{asset}/decisions'],
  getFeed: ['GET', 'feed'],
  followChanges: ['GET', 'live'],
  getDescription: ['GET', 'openapi.json'],
};

type Input<Id extends OperationId> = {
  readonly path?: Operations[Id]['path'];
  readonly query?: Operations[Id]['query'];
  readonly body?: Operations[Id]['body'];
  /** Of an act: the same key is the same act, however often it is sent. */
  readonly key?: string;
  readonly signal?: AbortSignal;
};

/** The address of an operation, relative to the page. */
export function addressOf<Id extends OperationId>(id: Id, input: Input<Id> = {}): string {
  const [, template] = OPERATIONS[id];
  const parts = (input.path ?? {}) as Readonly<Record<string, string>>;
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(parts[name] ?? ''),
  );
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(input.query ?? {})) {
    if (value !== undefined) query.set(name, String(value));
  }
  const text = query.toString();
  return `./api/v1/${path}${text === '' ? '' : `?${text}`}`;
}

/** Asks the API. Rejects with a `RefusedByApi`, also where no answer comes. */
export async function call<Id extends OperationId>(
  id: Id,
  input: Input<Id> = {},
): Promise<Answer<Id>> {
  const [method] = OPERATIONS[id];
  const headers: Record<string, string> = { Accept: 'application/json' };
  const bytes = input.body instanceof Blob ? input.body : undefined;
  if (input.body !== undefined) headers['Content-Type'] = bytes?.type ?? 'application/json';
  if (method !== 'GET' && csrf.value !== null) headers['X-Andon-CSRF'] = csrf.value;
  if (input.key !== undefined) headers['Idempotency-Key'] = input.key;
  const response = await fetch(addressOf(id, input), {
    method,
    headers,
    credentials: 'same-origin',
    ...(input.body === undefined ? {} : { body: bytes ?? JSON.stringify(input.body) }),
    ...(input.signal === undefined ? {} : { signal: input.signal }),
  }).catch((error: unknown) => {
    if (input.signal?.aborted === true) throw error;
    throw new RefusedByApi(silence());
  });
  if (response.ok) {
    return (response.status === 204 ? undefined : await response.json()) as Answer<Id>;
  }
  throw new RefusedByApi(await problemIn(response));
}

async function problemIn(response: Response): Promise<ProblemDetails> {
  const body: unknown = await response.json().catch(() => undefined);
  if (typeof body === 'object' && body !== null && 'detail' in body) return body as ProblemDetails;
  // A gateway in between, and not the console.
  const detail = `${response.status} ${response.statusText}`;
  return { type: '', title: '', status: response.status, detail, instance: '' };
}

/** Status 0: there was no answer. */
function silence(): ProblemDetails {
  return { type: '', title: '', status: 0, detail: '', instance: '' };
}
