/** The alarms of a machine, with what people may do about each. */

import { useSignal } from '@preact/signals';
import { call, RefusedByApi } from '../api/client.ts';
import type { Alarm } from '../state/plants.ts';
import { may } from '../state/session.ts';
import type { TextKey } from '../text/en.ts';
import { clock, quantity, shortReason, t } from '../text/text.ts';
import { Dialog, Field } from './dialog.tsx';
import { AlarmMark, alarmStateText, priorityOf } from './marks.tsx';
import { whatToDo } from './shown.tsx';

/** What was done, or why not; said aloud to whoever hears the page. */
export type Told = { readonly text: string; readonly bad: boolean };

type AlarmListOptions = {
  readonly alarms: readonly Alarm[];
  readonly zone: string;
  readonly now: string | undefined;
};

export function AlarmList({ alarms, zone, now }: AlarmListOptions) {
  return (
    <ul class="alarms">
      {alarms.map((alarm) => (
        <AlarmEntry
          key={`${alarm.rule}/${alarm.signal}/${alarm.point}`}
          {...{ alarm, zone, now }}
        />
      ))}
    </ul>
  );
}

function AlarmEntry({ alarm, zone, now }: Omit<AlarmListOptions, 'alarms'> & { alarm: Alarm }) {
  const told = useSignal<Told | undefined>(undefined);
  const { state, severity, reason, value, limit, unit, since, advice, note } = alarm;
  const seen = state !== 'unacknowledged' && state !== 'returned';
  return (
    <li class="alarm">
      <AlarmMark priority={priorityOf(severity)} seen={seen} />
      <div>
        <p title={reason}>{shortReason(reason)}</p>
        <p class="quiet">
          {value === null ? null : `${alarm.signal}: ${quantity(value, unit)}, `}
          {limit === null ? null : `${t('limit')} ${quantity(limit, unit)}, `}
          {t('since', { time: clock(since, zone, now) })} · {alarmStateText(state)}
          {/* What it says by itself is no note of somebody. */}
          {note === '' || note === reason ? null : ` (${note})`}
        </p>
        {advice === '' ? null : <p class="quiet">{advice}</p>}
        <AlarmActs alarm={alarm} onTold={(now) => (told.value = now)} />
        {told.value === undefined ? null : (
          <p class={told.value.bad ? 'note note-problem' : 'note'} role="status">
            {told.value.text}
          </p>
        )}
      </div>
    </li>
  );
}

/** A key of one's own for each press: a press that is sent twice is one act. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Does something, and says how it went. */
export async function doAct(act: (key: string) => Promise<unknown>): Promise<Told> {
  try {
    await act(newKey());
    return { text: t('sent'), bad: false };
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    const text = error instanceof RefusedByApi ? sentenceOf(error) : said;
    return { text: `${t('notDone')} ${text}`, bad: true };
  }
}

function sentenceOf({ problem }: RefusedByApi): string {
  return problem.status === 409 ? problem.detail : whatToDo(problem);
}

type ActsOptions = { readonly alarm: Alarm; readonly onTold: (told: Told) => void };

function AlarmActs({ alarm, onTold }: ActsOptions) {
  const asking = useSignal<'shelve' | 'takeOut' | undefined>(undefined);
  const { plant, line, asset, anomaly, revision, state, rule, signal, point } = alarm;
  const path = { plant, line, asset };
  const about = { rule, signal, ...(point === '' ? {} : { point }) };
  const run = async (act: (key: string) => Promise<unknown>) => onTold(await doAct(act));
  const answers = may('answer-alarms', plant, line);
  const shelves = may('shelve-alarms', plant, line);
  const serves = may('take-out-of-service', plant, line);
  const waits = state === 'unacknowledged' || state === 'returned';
  const feedback = (verdict: 'confirmed' | 'false') =>
    run((key) => call('giveFeedback', { path, key, body: { anomaly, verdict } }));
  const close = () => (asking.value = undefined);
  return (
    <div class="row">
      {answers && waits ? (
        <ActButton
          main
          name="acknowledge"
          act={() =>
            run((key) => call('acknowledge', { path, key, body: { anomaly, seen: revision } }))
          }
        />
      ) : null}
      {shelves && state !== 'shelved' ? (
        <ActButton name="shelve" act={() => (asking.value = 'shelve')} />
      ) : null}
      {shelves && state === 'shelved' ? (
        <ActButton
          name="unshelve"
          act={() => run((key) => call('unshelve', { path, key, body: about }))}
        />
      ) : null}
      {answers ? (
        <>
          <ActButton name="wasRight" act={() => feedback('confirmed')} />
          <ActButton name="wasWrong" act={() => feedback('false')} />
        </>
      ) : null}
      {serves && state !== 'out-of-service' ? (
        <ActButton name="takeOut" act={() => (asking.value = 'takeOut')} />
      ) : null}
      {serves && state === 'out-of-service' ? (
        <ActButton
          name="putBack"
          act={() => run((key) => call('putInService', { path, key, body: about }))}
        />
      ) : null}
      {asking.value === 'shelve' ? <ShelveDialog {...{ alarm, onTold }} onClose={close} /> : null}
      {asking.value === 'takeOut' ? <TakeOutDialog {...{ alarm, onTold }} onClose={close} /> : null}
    </div>
  );
}

function ActButton({
  name,
  act,
  main = false,
}: {
  readonly name: TextKey;
  readonly act: () => unknown;
  readonly main?: boolean;
}) {
  return (
    <button type="button" class={main ? 'button button-main' : 'button'} onClick={() => void act()}>
      {t(name)}
    </button>
  );
}

type AskOptions = ActsOptions & { readonly onClose: () => void };

/** What became of an act that a dialog sent: it closes, or stays and says what is wrong. */
function useAnswer({ onTold, onClose }: AskOptions) {
  const problem = useSignal<string | undefined>(undefined);
  const closeOrSay = (told: Told) => {
    if (told?.bad === true) problem.value = told.text;
    else {
      onTold(told);
      onClose();
    }
  };
  return { problem, closeOrSay };
}

function TakeOutDialog(options: AskOptions) {
  const { alarm, onClose } = options;
  const { problem, closeOrSay } = useAnswer(options);
  const { plant, line, asset, rule, signal } = alarm;
  const send = async (form: FormData) => {
    const body = { rule, signal, reason: String(form.get('reason')) };
    const path = { plant, line, asset };
    closeOrSay(await doAct((key) => call('takeOutOfService', { path, key, body })));
  };
  return (
    <Dialog
      title={t('takeOut')}
      problem={problem.value}
      onClose={onClose}
      onSend={(form) => void send(form)}
    >
      <p>{shortReason(alarm.reason)}</p>
      <ReasonField />
    </Dialog>
  );
}

export function ReasonField() {
  return (
    <Field name={t('reason')} hint={t('reasonNeeded')}>
      {(id) => <input id={id} name="reason" required minLength={3} maxLength={1000} />}
    </Field>
  );
}

const HOURS = [1, 4, 8, 24, 72];

/** For how long something is silenced. */
export function HoursField() {
  return (
    <Field name={t('shelveFor')}>
      {(id) => (
        <select id={id} name="hours">
          {HOURS.map((count) => (
            <option key={count} value={count}>
              {t('hours', { count })}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** From what the plant calls now: its data may be older than this machine's clock. `newest`: the latest that is known of it. */
export function endOfShelving(form: FormData, newest: string): string {
  const begin = Math.min(Date.now(), Date.parse(newest) + 60_000);
  return new Date(begin + Number(form.get('hours')) * 3_600_000).toISOString();
}

function ShelveDialog(options: AskOptions) {
  const { alarm, onClose } = options;
  const { problem, closeOrSay } = useAnswer(options);
  const { plant, line, asset, rule, signal, time } = alarm;
  const send = async (form: FormData) => {
    const until = endOfShelving(form, time);
    const body = { rule, signal, until, reason: String(form.get('reason')) };
    const path = { plant, line, asset };
    closeOrSay(await doAct((key) => call('shelve', { path, key, body })));
  };
  return (
    <Dialog
      title={t('shelve')}
      problem={problem.value}
      onClose={onClose}
      onSend={(form) => void send(form)}
    >
      <p>{shortReason(alarm.reason)}</p>
      <HoursField />
      <ReasonField />
    </Dialog>
  );
}
