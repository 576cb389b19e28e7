import { row, type Stage, type StageId } from '../flow/flow.ts';
import { type Keyed, keyed, type Out } from '../flow/keyed.ts';
import { only, stage } from '../flow/stage.ts';
import type { States } from '../flow/states.ts';
import { canonicalJson } from '../model/canonical.ts';
import { assetKey } from '../model/key.ts';
import { applyChange, assetOf, CENTRE, type Knowledge, textOfAbsence } from '../model/knowledge.ts';
import {
  isEdgeFinding,
  isSaidOfWork,
  type MachineEvent,
  requestStatusOf,
} from '../model/machine-event.ts';
import type { Enriched, Observation } from '../model/observation.ts';
import { type Request, requestRow, requestSchema, type WorkInput } from '../model/request.ts';
import { later } from '../model/time.ts';
import { type Found, readFound } from './found.ts';

const ID = 'findings' as StageId;

/**
 * Keeps what is observed of the lines that are judged here. `states` shows what this judge knows (`knownTo`). A finding of
 * a line that no edge judges now becomes a dead letter: its edge has not heard yet, or nobody asked it.
 */
export function evaluatedHere(states: States): Stage<Enriched<Observation>, Enriched<Observation>> {
  return stage((emit) => {
    const { see = (all: Knowledge) => all } = states;
    let known = states.knowledge;
    let elsewhere = see(known).elsewhere;
    return (item) => {
      if (item.kind === 'change') {
        known = applyChange(known, item.value);
        elsewhere = see(known).elsewhere;
      } else if (item.kind === 'event') {
        const { observation } = item.value;
        if (elsewhere?.has(observation.asset) === true) return;
        if (observation.kind === 'event' && isEdgeFinding(observation)) {
          const { asset: source, origin, data } = observation;
          const detail = `message ${origin.sequence} of ${origin.subject}: no edge judges ${source}`;
          const original = JSON.stringify(data);
          emit(
            row('dead_letters', {
              reason: 'refused',
              stage: ID,
              source,
              detail,
              count: 1,
              original,
            }),
          );
          return;
        }
      }
      emit(item);
    };
  });
}

/** What the edge that judges an asset has asked for. */
type EdgeRequests = {
  judge: string;
  /** Those that are open, in the order in which they were opened: ids come from outside, and name nothing of an object. */
  open: OpenRequest[];
  /** Ids of those that are over, the last ones. */
  over: string[];
};

/** `content`: the JSON of its last revision. */
type OpenRequest = { readonly id: string; content: string; answered: boolean };

/** Ids that are kept of an asset: an edge that was away for days has no more of those that it does not know to be over. */
const OVER_LIMIT = 1_000;

/**
 * What edges found of the lines that they judge: lands as what is found here does, and their request revisions go on to
 * whoever coordinates the work. So does what systems and people say of it. When a line gets another judge, what its edge has
 * open ends here, at the sequence number of the change: what the edge says of it after that is not taken.
 */
export function findings(states: States): Stage<Enriched<Observation>, WorkInput> {
  return (observations) => observations.pipe(only(isSaid), keyed(logic, states));
}

type Said = Enriched<MachineEvent>;

function isSaid(value: Enriched<Observation>): value is Said {
  const { observation } = value;
  return observation.kind === 'event' && observation.attested !== undefined;
}

const logic: Keyed<EdgeRequests, Said, WorkInput, string> = {
  id: ID,
  version: 2,
  scope: 'log',
  keyOf: ({ value }) => value.observation.asset,
  concerns: ({ elsewhere }) => elsewhere !== undefined,
  view: ({ elsewhere }, key) => elsewhere?.get(key),
  open: () => ({ judge: '', open: [], over: [] }),
  onEvent(state, { time, value: { observation: event } }, _knowledge, out, judge) {
    if (isEdgeFinding(event)) {
      const problem = takeFinding(event, state, judge, out);
      if (problem !== undefined) {
        const { sequence, subject } = event.origin;
        out.deadLetter('refused', `message ${sequence} of ${subject}: ${problem}`, event.data);
      }
    } else {
      noteAnswer(event, state);
      if (isSaidOfWork(event) || isAcknowledgement(event)) out.emit(event, { time });
    }
    closeIfEmpty(state, out);
  },
  onChange(state, knowledge, out, { value }) {
    if (value.kind !== 'model' || knowledge.elsewhere?.get(out.key) === state.judge) return;
    const because =
      assetOf(knowledge, out.key) === undefined
        ? textOfAbsence(knowledge, out.key)
        : `judge changed: the ${CENTRE} judges ${out.key} from now on`;
    endOpen(because, state, out);
    closeIfEmpty(state, out);
  },
};

function closeIfEmpty({ open, over }: EdgeRequests, out: Out<WorkInput>): void {
  if (over.length === 0 && open.length === 0) out.close();
}

/** Which problem an acknowledgement is about that names no request is found where the problem is judged. */
function isAcknowledgement({ type, data, attested }: MachineEvent): boolean {
  return attested?.kind === 'act' && type === 'acknowledged' && typeof data.id === 'string';
}

/** Gives what is wrong with a finding. */
function takeFinding(
  event: MachineEvent,
  state: EdgeRequests,
  judge: string,
  out: Out<WorkInput>,
): string | undefined {
  const found = readFound(event.data);
  if ('problem' in found) return found.problem;
  if (found.judge !== judge) return `expected findings of ${judge}, found one of ${found.judge}`;
  const asset = assetOfFound(found);
  if (asset !== event.asset) return `expected a row of ${event.asset}, found one of ${asset}`;
  switch (found.table) {
    case 'anomalies':
      out.land('anomalies', found.row);
      return undefined;
    case 'alarms':
      out.land('alarms', found.row);
      return undefined;
    case 'incidents':
      out.land('incidents', found.row);
      return undefined;
    case 'requests':
      state.judge = judge;
      return takeRevision(found.row, state, out);
  }
}

function assetOfFound({ table, row: found }: Found): string {
  return table === 'requests' ? found.asset : assetKey(found.plant, found.line, found.asset);
}

/** Each revision has all that is known, so one that is missing is no reason to wait. */
function takeRevision(
  request: Request,
  state: EdgeRequests,
  out: Out<WorkInput>,
): string | undefined {
  const { id, revision } = request;
  if (state.over.includes(id)) return `request ${id} is over`;
  const last = openRequest(state, id);
  const known = last === undefined ? 0 : revisionOf(last.content).revision;
  if (revision > known) sendRevision(request, state, out);
  else out.deadLetter('duplicate', `revision ${revision} of request ${id} is known`, id);
  return undefined;
}

function openRequest({ open }: EdgeRequests, id: string): OpenRequest | undefined {
  return open.find((each) => each.id === id);
}

function revisionOf(content: string): Request {
  return requestSchema.parse(JSON.parse(content));
}

function sendRevision(request: Request, state: EdgeRequests, out: Out<WorkInput>): void {
  const { id, action } = request;
  if (action === 'withdraw' || action === 'close') {
    state.open = state.open.filter((each) => each.id !== id);
    state.over = [...state.over, id].slice(-OVER_LIMIT);
  } else {
    const content = canonicalJson(request);
    const known = openRequest(state, id);
    if (known === undefined) state.open.push({ id, content, answered: false });
    else known.content = content;
  }
  out.land('requests', requestRow(request));
  out.emit(request, { time: request.time });
}

/** Whether somebody has answered a request decides how it ends. */
function noteAnswer(event: MachineEvent, state: EdgeRequests): void {
  const said = requestStatusOf(event);
  const request = said === undefined ? undefined : openRequest(state, said.id);
  if (request !== undefined) request.answered = said?.status !== 'requested';
}

/** What the edge has open is over, in the order in which it was opened. */
function endOpen(because: string, state: EdgeRequests, out: Out<WorkInput>): void {
  for (const { content, answered } of state.open) {
    const request = revisionOf(content);
    const action = answered ? 'close' : 'withdraw';
    const time = later(request.time, out.now);
    const revision = request.revision + 1;
    sendRevision({ ...request, revision, action, time, because }, state, out);
  }
}
