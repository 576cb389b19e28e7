import { alarm } from '../operators/alarm/alarm.ts';
import { coordinate } from '../operators/coordinate/coordinate.ts';
import { correlate } from '../operators/correlate/correlate.ts';
import type { PatternWatch } from '../operators/correlate/matcher.ts';

import { decode } from '../operators/decode/decode.ts';
import { toMachineEventRow, toMachineStateRow } from '../operators/decode/machine-event.ts';
import { detect } from '../operators/detect/detect.ts';
import { enrich } from '../operators/enrich/enrich.ts';
import type { Stage, StageId } from '../operators/flow/flow.ts';
import { order } from '../operators/flow/order.ts';
import { fork, keyBy, land, only } from '../operators/flow/stage.ts';
import { type States, withView } from '../operators/flow/states.ts';
import { watermarks } from '../operators/flow/watermarks.ts';
import { evaluatedHere, findings } from '../operators/judge/judge.ts';
import { type Detected, isAnomaly } from '../operators/model/anomaly.ts';
import { type Decoded, type Frame, type Waveform, weightOf } from '../operators/model/decoded.ts';
import { CENTRE, type Knowledge, knownTo } from '../operators/model/knowledge.ts';
import { isInLogOrder, isNote, type MachineEvent } from '../operators/model/machine-event.ts';
import { compareOrigins, type Message } from '../operators/model/message.ts';
import type { Enriched, Observation, Observed } from '../operators/model/observation.ts';
import type { Request, WorkInput } from '../operators/model/request.ts';
import { spectrum } from '../operators/spectrum/spectrum.ts';
import { trigger } from '../operators/trigger/trigger.ts';
import { validate } from '../operators/validate/validate.ts';
import { window } from '../operators/window/window.ts';

/**
 * The plant pipeline: from the log of one partition to rows, requests and commands. The lines of its two halves are the stages of
 * `docs/architecture.md`, in the data's order. Deterministic: the same log gives the same rows and requests. `land` here and
 * inside of stages sends a row along the flow; the worker collects rows and drops the events that come out at the end. So a
 * request goes out by its row in `requests`, which holds its JSON. `watch` looks on while patterns move; `see`: the lines that
 * are judged here.
 */
export function plant(states: States, watch?: PatternWatch, see?: See): Stage<Message, Request> {
  return (log) => log.pipe(observe(states), evaluate(states, watch, see));
}

/** What was measured and what the machine was doing: of the rules, only time and windows count here. */
export function observe(states: States): Stage<Message, Enriched<Observation>> {
  return (log) =>
    log
      .pipe(
        decode(),
        validate(states),
        watermarks({ id: 'watermarks' as StageId, weigh: weightOf }, states),
        land('readings', (value) => (isFrame(value) ? value : undefined)),
        land('waveforms', (value) => (isWaveform(value) ? value : undefined)),
        land('machine_states', (value) => (isEvent(value) ? toMachineStateRow(value) : undefined)),
        land('machine_events', (value) => (isEvent(value) ? toMachineEventRow(value) : undefined)),
        fork<Measured, Observed>(
          (frames) => frames.pipe(only(isFrame), window(states)),
          (waveforms) => waveforms.pipe(only(isWaveform), spectrum(states)),
          (events) =>
            events.pipe(
              only(isObserved),
              keyBy(({ asset }) => asset),
            ),
        ),
      )
      .pipe(order<Observed>(OBSERVATION_ORDER, states), enrich(states));
}

/** What one judge says of its lines: `states` shows it those alone. */
function evaluateLines(
  states: States,
  watch?: PatternWatch,
): Stage<Enriched<Observation>, WorkInput> {
  return (observations) =>
    observations.pipe(
      evaluatedHere(states),
      detect(states),
      order<Detected>(DETECTED_ORDER, states),
      alarm(states),
      correlate(states, watch),
      trigger(states),
    );
}

/** What detectors, patterns and triggers say of it, here or at an edge, and what systems are asked to do then. */
export function evaluate(
  states: States,
  watch?: PatternWatch,
  see: See = knownTo(CENTRE),
): Stage<Enriched<Observation>, Request> {
  const seen = withView(states, see);
  return (observations) =>
    observations.pipe(
      fork<Enriched<Observation>, WorkInput>(
        (all) => all.pipe(evaluateLines(seen, watch)),
        (all) => all.pipe(findings(seen)),
      ),
      coordinate(states),
    );
}

type See = (knowledge: Knowledge) => Knowledge;

/** Where rules are tried, they are tried on all lines, whoever judges them. */
export const ALL_LINES: See = (knowledge) => knowledge;

/** The plant pipeline of an edge, for the lines that it judges: what it asks for is coordinated at the centre. */
export function plantAtEdge(
  edge: string,
  states: States,
  watch?: PatternWatch,
): Stage<Message, WorkInput> {
  return (log) => log.pipe(observe(states), evaluateLines(withView(states, knownTo(edge)), watch));
}

type Measured = Frame | Waveform | MachineEvent;

export function isFrame(value: Decoded): value is Frame {
  return value.kind === 'frame';
}

export function isWaveform(value: Decoded): value is Waveform {
  return value.kind === 'waveform';
}

export function isEvent(value: Decoded): value is MachineEvent {
  return value.kind === 'event';
}

/** Notes have landed; they are nothing that happened to the machine. */
export function isObserved(value: Decoded): value is MachineEvent {
  return isEvent(value) && !isNote(value);
}

/** How `order` puts observations, and then what detectors made of them, in order. */
export const OBSERVATION_ORDER = {
  id: 'order-observations' as StageId,
  compare: compareObservations,
  isInLogOrder: isActOrReply,
};
export const DETECTED_ORDER = {
  id: 'order-findings' as StageId,
  compare: compareDetected,
  isInLogOrder: isDetectedInLogOrder,
};

/** Of one machine and time: what ended and began in the schedule, what happened, then what was measured, by name. */
function compareObservations(a: Observation, b: Observation): number {
  if (a.kind === 'event' && b.kind === 'event') return compareOrigins(a.origin, b.origin);
  return compareTexts(rankOfObservation(a), rankOfObservation(b));
}

function rankOfObservation(value: Observation): string {
  switch (value.kind) {
    case 'schedule':
      return `0 ${value.type === 'ended' ? 0 : 1} ${value.type} ${value.entry.id}`;
    case 'event':
      return '1';
    case 'features':
      return `2 ${value.point}`;
    case 'window':
      return `3 ${value.signal} ${value.window} ${value.start}`;
  }
}

/** Observations first, so that a pattern sees a reading before what a detector found in it. */
function compareDetected(a: Detected, b: Detected): number {
  if (!isAnomaly(a) && !isAnomaly(b)) return compareObservations(a.observation, b.observation);
  return compareTexts(rankOfDetected(a), rankOfDetected(b));
}

function rankOfDetected(value: Detected): string {
  if (!isAnomaly(value)) return '0';
  return `1 ${value.rule} ${value.signal} ${value.point} ${value.revision}`;
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** What comes on `act.…` and `status.…` waits for no line time: what people and systems say holds from its message on. */
function isActOrReply(value: Observation): boolean {
  return value.kind === 'event' && isInLogOrder(value);
}

function isDetectedInLogOrder(value: Detected): boolean {
  return !isAnomaly(value) && isActOrReply(value.observation);
}
