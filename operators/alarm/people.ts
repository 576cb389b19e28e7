import { locate } from '../model/key.ts';
import { rulesOf } from '../model/knowledge.ts';
import type { MachineEvent } from '../model/machine-event.ts';
import { fromMilliseconds, plus } from '../model/time.ts';
import { fits } from '../model/wildcard.ts';
import { alarmState } from './alarm-state.ts';
import { type Alarm, alarmKey, type Hold } from './line-alarms.ts';
import { cause, type Moment, record } from './tell.ts';

export const SHELF = 'shelf';

type Named = Pick<Alarm, 'asset' | 'rule' | 'signal' | 'point'>;

/** What people say of alarms: acknowledged, shelved, out of service, right or wrong. Other events are none of this. */
export function takeEvent(event: MachineEvent, moment: Moment): void {
  switch (event.type) {
    case 'acknowledged':
      acknowledge(event, moment);
      return;
    case 'shelved':
    case 'out_of_service':
      hold(event, moment);
      return;
    case 'unshelved':
      letGo(moment, 'shelved', selectorOf(event), sayOf(event));
      return;
    case 'in_service':
      letGo(moment, 'taken-out', selectorOf(event), sayOf(event));
      return;
    case 'feedback':
      takeFeedback(event, moment);
      return;
  }
}

/** Which alarms an event is about: those of its asset, or fewer by `rule`, `signal`, `point` (with `*`) or `anomaly`. */
type Selector = Named & { readonly anomaly: string };

function selectorOf({ asset, data }: MachineEvent): Selector {
  const text = (name: string) => (typeof data[name] === 'string' ? data[name] : '');
  const [rule, signal, point] = [text('rule'), text('signal'), text('point')];
  return { asset, rule, signal, point, anomaly: text('anomaly') };
}

function sayOf({ data }: MachineEvent): { readonly who: string; readonly reason: string } {
  const text = (name: string) => (typeof data[name] === 'string' ? data[name] : '');
  return { who: text('by'), reason: text('reason') };
}

function isAbout(selector: Named, alarm: Named): boolean {
  if (selector.asset !== alarm.asset) return false;
  const agrees = (pattern: string, name: string) => pattern === '' || fits(pattern, name);
  return (
    agrees(selector.rule, alarm.rule) &&
    agrees(selector.signal, alarm.signal) &&
    agrees(selector.point, alarm.point)
  );
}

function selected({ state }: Moment, selector: Selector): Alarm[] {
  return Object.keys(state.alarms)
    .sort()
    .flatMap((key) => state.alarms[key] ?? [])
    .filter((alarm) => {
      const isIt = selector.anomaly === '' || alarm.anomaly?.id === selector.anomaly;
      return isIt && isAbout(selector, alarm);
    });
}

function acknowledge(event: MachineEvent, moment: Moment): void {
  const { state, shared, time, out } = moment;
  const realarm = rulesOf(shared, out.key)?.alarms.realarm;
  for (const alarm of selected(moment, selectorOf(event))) {
    if (alarm.acknowledged) continue;
    cause(alarm, 'acknowledged', moment, sayOf(event));
    if (!alarm.active) delete state.alarms[alarmKey(alarm)];
    else if (realarm !== undefined) out.wakeAt(plus(time, realarm), `realarm ${alarmKey(alarm)}`);
  }
}

/** Shelving ends by itself, at `until` (epoch milliseconds): without an end it is no shelving. */
function hold(event: MachineEvent, moment: Moment): void {
  const { state, time, out } = moment;
  const isShelf = event.type === 'shelved';
  const { until } = event.data;
  const end = typeof until === 'number' ? fromMilliseconds(until) : null;
  if (isShelf && (end === null || end <= time)) {
    const detail = 'expected until, in epoch milliseconds and behind the event, in a shelved event';
    out.deadLetter('refused', `${detail}; found ${String(until)}`, event.data);
    return;
  }
  const { anomaly: _, ...selector } = selectorOf(event);
  const holding: Hold = {
    ...{ ...selector, ...sayOf(event), cause: isShelf ? 'shelved' : 'taken-out' },
    until: isShelf ? end : null,
  };
  state.holds = [...state.holds.filter((other) => !isSame(other, holding)), holding];
  wakeAtNextEnd(moment);
  const { who, reason } = holding;
  const about = { ...selector, anomaly: null };
  record(about, holding.cause, moment, { before: '', after: '', who, reason });
  for (const alarm of selected(moment, { ...selector, anomaly: '' })) {
    cause(alarm, holding.cause, moment, { who, reason });
  }
}

/** Shelving whose time is over ends. */
export function endShelving(moment: Moment): void {
  const { state, time } = moment;
  for (const holding of state.holds.filter(({ until }) => until !== null && until <= time)) {
    letGo(moment, 'shelved', holding, { who: '', reason: 'its time is over' });
  }
  wakeAtNextEnd(moment);
}

function letGo(
  moment: Moment,
  what: Hold['cause'],
  selector: Named,
  say: { readonly who: string; readonly reason: string },
): void {
  const { state } = moment;
  const isMeant = (holding: Hold) => holding.cause === what && isAbout(selector, holding);
  const ended = state.holds.filter(
    (holding) => isMeant(holding) || (holding.cause === what && isSame(holding, selector)),
  );
  state.holds = state.holds.filter((holding) => !ended.includes(holding));
  const by = what === 'shelved' ? 'unshelved' : 'put-back';
  for (const { asset, rule, signal, point } of ended) {
    const about = { asset, rule, signal, point, anomaly: null };
    record(about, by, moment, { before: '', after: '', ...say });
  }
  for (const alarm of Object.values(state.alarms)) {
    const isHidden = what === 'shelved' ? alarm.shelved : alarm.out;
    if (isHidden && !isHeld(state.holds, what, alarm)) cause(alarm, by, moment, say);
  }
}

function isSame(a: Named, b: Named): boolean {
  return alarmKey(a) === alarmKey(b);
}

/** Whether people asked not to be told of an alarm. */
export function isHeld(holds: readonly Hold[], what: Hold['cause'], alarm: Named): boolean {
  return holds.some((holding) => holding.cause === what && isAbout(holding, alarm));
}

function wakeAtNextEnd({ state, out }: Moment): void {
  const [next] = state.holds.flatMap(({ until }) => until ?? []).sort((a, b) => a - b);
  if (next === undefined) out.sleep(SHELF);
  else out.wakeAt(next, SHELF);
}

/** Right or wrong, and why: a row for each alarm that it is about, so that views can count them. */
function takeFeedback(event: MachineEvent, moment: Moment): void {
  const { verdict } = event.data;
  if (verdict !== 'confirmed' && verdict !== 'false') {
    const detail = `expected verdict confirmed or false in a feedback event, found ${String(verdict)}`;
    moment.out.deadLetter('refused', detail, event.data);
    return;
  }
  const selector = selectorOf(event);
  const about = selected(moment, selector);
  for (const alarm of about) {
    const state = alarmState(alarm);
    record(alarm, verdict, moment, { before: state, after: state, ...sayOf(event) });
  }
  if (about.length > 0) return;
  // What has cleared and was acknowledged is not remembered here; the anomaly that the event names is in the table.
  const { anomaly, ...named } = selector;
  const { who, reason } = sayOf(event);
  const { time, out } = moment;
  const said = { rule: named.rule, signal: named.signal, point: named.point, anomaly, time };
  out.land('alarms', {
    ...locate(event.asset),
    ...said,
    cause: verdict,
    before: '',
    after: '',
    who,
    reason,
  });
}
