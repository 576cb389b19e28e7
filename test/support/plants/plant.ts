/**
 * A plant as plants are, for the laws. `plantWith` composes it of arbitraries, each of which shrinks by itself:
 * what machines measure (machines.ts), what happens and is done (occurrences.ts), what systems answer (workflows.ts), the schedule (schedules.ts), how each
 * source reaches the log (links.ts), edits of rules and model (edits.ts), answers to requests, stretches in which the
 * broker was away. `logOf` makes the log of it. census.ts counts what occurs in one; a test holds that all of it does.
 */
import fc from 'fast-check';
import { pack } from 'msgpackr';
import { REQUEST_STATUSES, type RequestStatus } from '../../../operators/model/machine-event.ts';
import type { Message, Sequence } from '../../../operators/model/message.ts';
import type { RequestRow } from '../../../operators/model/tables.ts';
import type { EventTime } from '../../../operators/model/time.ts';
import { plant as pipeline } from '../../../pipelines/plant.ts';
import { createPipelineEngine } from '../../../pipelines/worker/epochs/engine.ts';
import { NO_STATES } from '../../../pipelines/worker/epochs/state-image.ts';
import type { Span } from '../deliveries.ts';
import { type Applied, EDIT_NAMES, type Edit, edited } from './edits.ts';
import { type Arrival, type Link, linkOf, sent } from './links.ts';
import { epochMs, type Machine, machineOf, measured } from './machines.ts';
import { MACHINES, MODEL, RULES } from './model.ts';
import { happened, type Occurrence, occurrencesOf } from './occurrences.ts';
import { type ScheduleMessage, scheduled, schedulesOf } from './schedules.ts';
import { decisionOn, type Handling, handling, repliesTo } from './workflows.ts';

export type Plant = {
  readonly seconds: number;
  readonly time: Partial<typeof RULES.time> & { readonly correction: string };
  /** Which of the machines are there. */
  readonly present: readonly number[];
  readonly machines: readonly Machine[];
  /** One for each machine: the way of its telemetry, waveforms and events. */
  readonly links: readonly Link[];
  readonly occurrences: readonly Occurrence[];
  readonly schedules: readonly ScheduleMessage[];
  readonly edits: readonly { readonly at: number; readonly edit: Edit }[];
  /** What becomes of each request in turn: its statuses, and how long each takes. */
  readonly answers: readonly Answer[];
  /** How the systems around take each command in turn. */
  readonly handlings: readonly Handling[];
  /** The broker was away: what was sent meanwhile comes at the end, and no tick. */
  readonly blind: readonly Span[];
  /** The detector that the rules do not have. */
  readonly without?: string;
};

type Answer = {
  readonly statuses: readonly (RequestStatus | 'acknowledged')[];
  readonly delay: number;
  /** Polled by Andon, or reported by the system itself. */
  readonly polled: boolean;
};

/** Which plants: all of them without it. */
type Kind = {
  readonly seconds?: number;
  readonly link?: fc.Arbitrary<Link>;
  readonly edits?: false;
  /** Without them the log is made without asking the pipeline. */
  readonly answers?: false;
  readonly correction?: string;
  /** Only what takes effect by its own time: no acts, answers, edits and schedules, which do where they stand in the log. */
  readonly timely?: true;
};

export function plantWith(kind: Kind = {}): fc.Arbitrary<Plant> {
  const { seconds = 120, link = linkOf(seconds) } = kind;
  const at = fc.nat(seconds - 1).map((second) => second * 1_000 + 250);
  const edit = fc.record({ at, edit: fc.constantFrom(...EDIT_NAMES) });
  const answer = fc.record({
    statuses: fc.array(fc.constantFrom(...REQUEST_STATUSES, 'acknowledged' as const), {
      minLength: 1,
      maxLength: 3,
    }),
    delay: fc.integer({ min: 100, max: 20_000 }),
    polled: fc.boolean(),
  });
  const none = kind.timely === true ? fc.constant([]) : undefined;
  const blind = fc
    .tuple(at, fc.integer({ min: 2_000, max: 15_000 }))
    .map(([from, length]): Span => [from, from + length]);
  return fc.record({
    seconds: fc.constant(seconds),
    time: fc.record({
      hold: fc.constantFrom('30s', '20s', '5s'),
      idle: fc.constantFrom('10s', '4s'),
      correction:
        kind.correction === undefined ? fc.constantFrom('1h', '10s') : fc.constant(kind.correction),
    }),
    present: fc.subarray([...MACHINES.keys()], { minLength: 1 }),
    machines: fc.tuple(...MACHINES.map((path) => machineOf(path, seconds))),
    links: fc.tuple(...MACHINES.map(() => link)),
    occurrences: occurrencesOf(seconds).map((all) =>
      kind.timely === true ? all.filter(isTimely) : all,
    ),
    schedules: none ?? schedulesOf(seconds),
    edits: none ?? (kind.edits === false ? fc.constant([]) : fc.array(edit, { maxLength: 4 })),
    answers:
      none ?? (kind.answers === false ? fc.constant([]) : fc.array(answer, { maxLength: 4 })),
    handlings:
      none ?? (kind.answers === false ? fc.constant([]) : fc.array(handling, { maxLength: 5 })),
    blind: none ?? fc.array(blind, { maxLength: 1 }),
  });
}

function isTimely(occurrence: Occurrence): boolean {
  return happened(occurrence).subject.startsWith('event');
}

/** The log: the same for the same plant. */
export function logOfPlant(plant: Plant): Message[] {
  const arrivals = [...fromMachines(plant), ...fromOffices(plant)];
  const stored = throughBroker(arrivals, plant);
  const isAsked = plant.answers.length > 0 || plant.handlings.length > 0;
  return isAsked ? withAnswers(stored, plant) : numbered(stored);
}

/** In the order in which it was said, machine by machine. */
function fromMachines({ present, machines, links, occurrences, seconds }: Plant): Arrival[] {
  return present.flatMap((index) => {
    const [machine, link] = [machines[index], links[index]];
    if (machine === undefined || link === undefined) return [];
    const events = occurrences.filter((one) => one.machine === machine.path).map(happened);
    const said = [...measured(machine, seconds), ...events].sort((a, b) => a.at - b.at);
    return sent(said, machine.path.replace('.', '-'), link);
  });
}

/** Model, rules and what is changed of them; the schedule. */
function fromOffices({ schedules, edits, time, without }: Plant): Arrival[] {
  const json = (at: number, subject: string, content: object, change: number): Arrival => ({
    ...{ appended: at, subject, payload: Buffer.from(JSON.stringify(content)) },
    headers: { 'Content-Type': 'application/json', 'Andon-Change': `c${change}` },
  });
  const detectors = RULES.detectors.filter(({ id }) => id !== without);
  const rules = { ...RULES, detectors, time: { ...RULES.time, ...time } };
  let now: Applied = { rules, model: MODEL };
  const first = [json(0, 'model.p1', now.model, 0), json(0, 'rules.p1', now.rules, 0)];
  const changes = [...edits]
    .sort((a, b) => a.at - b.at)
    .flatMap(({ at, edit }, index) => {
      const before = now;
      now = edited(now, edit);
      return [
        ...(now.model === before.model ? [] : [json(at, 'model.p1', now.model, index + 1)]),
        ...(now.rules === before.rules
          ? []
          : [migrating(edit, json(at, 'rules.p1', now.rules, index + 1))]),
      ];
    });
  const plans = schedules.map((message) => {
    const { at, subject, content } = scheduled(message);
    const payload = typeof content === 'function' ? pack(content(at)) : content;
    return { appended: at, subject, payload, headers: {} };
  });
  return [...first, ...changes, ...plans];
}

/** What reshapes workflows is for those under way, too. */
function migrating(edit: Edit, arrival: Arrival): Arrival {
  if (edit !== 'workflows reshaped') return arrival;
  return { ...arrival, headers: { ...arrival.headers, 'Andon-Migrate': '1' } };
}

/** In order of arrival; a tick for each second without a message, as the worker publishes them. */
function throughBroker(arrivals: readonly Arrival[], { blind, seconds }: Plant): Arrival[] {
  const isBlind = (at: number) => blind.find(([from, to]) => at >= from && at < to);
  const stored = arrivals
    .map((one) => ({ ...one, appended: isBlind(one.appended)?.[1] ?? one.appended }))
    .sort((a, b) => a.appended - b.appended);
  // So long that what clocks ahead by `skew` (60 s) have measured comes out: the longest window (20 s), `idle` (15 s),
  // `disorder` (2 s) and a step of the watermark.
  const end = Math.max(stored.at(-1)?.appended ?? 0, seconds * 1_000) + 100_000;
  const ticks: Arrival[] = [];
  let last = 0;
  for (const next of [...stored.map(({ appended }) => appended), end]) {
    for (let at = last + 1_000; at < next; at += 1_000) {
      if (isBlind(at) !== undefined) continue;
      ticks.push({ appended: at, subject: 'tick', payload: new Uint8Array(0), headers: {} });
    }
    last = next;
  }
  return [...stored, ...ticks].sort((a, b) => a.appended - b.appended);
}

function numbered(arrivals: readonly Arrival[]): Message[] {
  return arrivals.map(({ appended, subject, headers, payload }, position) => ({
    sequence: (position + 1) as Sequence,
    appended: (Math.round(epochMs(appended)) * 1_000) as EventTime,
    ...{ subject, headers, payload },
  }));
}

/** The pipeline is asked what it requests and commands, and is answered in the log. */
function withAnswers(stored: readonly Arrival[], { answers, handlings }: Plant): Message[] {
  const waiting: Arrival[] = [];
  const known = new Set<string>();
  let asked = 0;
  const log: Arrival[] = [];
  let now = 0;
  const engine = createPipelineEngine(pipeline, NO_STATES, {
    row(row) {
      if (row.table === 'requests') onRequest(row.row);
      const how = handlings[asked % handlings.length];
      if (how === undefined) return;
      if (row.table === 'workflow_steps') waiting.push(...decisionOn(row.row, now, how));
      if (row.table === 'commands' && row.row.mode === 'on') {
        asked += 1;
        waiting.push(...repliesTo(row.row, now, how));
      }
      waiting.sort((a, b) => a.appended - b.appended);
    },
  });
  for (const next of stored) {
    while ((waiting[0]?.appended ?? Number.POSITIVE_INFINITY) <= next.appended)
      push(waiting.shift());
    push(next);
  }
  return numbered(log);

  function onRequest({ id, line, asset }: RequestRow): void {
    if (known.has(id)) return;
    const answer = answers[known.size % answers.length];
    known.add(id);
    if (answer === undefined) return;
    waiting.push(...answersTo(id, `p1.${line}.${asset}`, now, answer));
    waiting.sort((a, b) => a.appended - b.appended);
  }

  function push(arrival: Arrival | undefined): void {
    if (arrival === undefined) return;
    log.push(arrival);
    now = arrival.appended;
    const [message] = numbered([arrival]);
    if (message !== undefined) engine.push({ ...message, sequence: log.length as Sequence });
  }
}

function answersTo(
  id: string,
  path: string,
  now: number,
  { statuses, delay, polled }: Answer,
): Arrival[] {
  return statuses.map((status, index) => {
    const at = now + delay * (index + 1);
    const data = status === 'acknowledged' ? { id } : { id, status };
    const type = status === 'acknowledged' ? status : 'request';
    const payload = pack({ time: epochMs(Math.floor(at)), type, data });
    const subject = polled ? `event.${path}` : `status.cmms.${path}`;
    return { appended: at + 20, subject, payload, headers: {} };
  });
}
