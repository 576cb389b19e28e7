/** The alarms of a machine, with what people may do about each. */

import { useSignal } from '@preact/signals';
import { call, RefusedByApi } from '../api/client.ts';
import type { Alarm } from '../state/plants.ts';
import { may } from '../state/session.ts';
import { clock, quantity, shortReason, t } from '../text/text.ts';
import { Dialog, Field } from './dialog.tsx';
import { AlarmMark, alarmStateText, priorityOf } from './marks.tsx';
import { whatToDo } from './shown.tsx';

/** What was done, or why not; said aloud to whoever hears the page. */
type Told = { readonly text: string; readonly bad: boolean } | undefined;

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
  const told = useSignal<Told>(undefined);
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
          {note === '' ? null : ` (${note})`}
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
    const text = error instanceof RefusedByApi ? sentenceOf(error) : String(error);
    return { text: `${t('notDone')} ${text}`, bad: true };
  }
}

function sentenceOf({ problem }: RefusedByApi): string {
  return problem.status === 409 ? problem.detail : whatToDo(problem);
}

type ActsOptions = { readonly alarm: Alarm; readonly onTold: (told: Told) => void };

function AlarmActs({ alarm, onTold }: ActsOptions) {
  const asking = useSignal(false);
  const { plant, line, asset, anomaly, revision, state, rule, signal } = alarm;
  const path = { plant, line, asset };
  const run = async (act: (key: string) => Promise<unknown>) => onTold(await doAct(act));
  const answers = may('answer-alarms', plant, line);
  const shelves = may('shelve-alarms', plant, line);
  const waits = state === 'unacknowledged' || state === 'returned';
  const feedback = (verdict: 'confirmed' | 'false') =>
    run((key) => call('giveFeedback', { path, key, body: { anomaly, verdict } }));
  return (
    <div class="row">
      {answers && waits ? (
        <button
          type="button"
          class="button button-main"
          onClick={() =>
            void run((key) => call('acknowledge', { path, key, body: { anomaly, seen: revision } }))
          }
        >
          {t('acknowledge')}
        </button>
      ) : null}
      {shelves && state !== 'shelved' ? (
        <button type="button" class="button" onClick={() => (asking.value = true)}>
          {t('shelve')}
        </button>
      ) : null}
      {shelves && state === 'shelved' ? (
        <button
          type="button"
          class="button"
          onClick={() => void run((key) => call('unshelve', { path, key, body: { rule, signal } }))}
        >
          {t('unshelve')}
        </button>
      ) : null}
      {answers ? (
        <>
          <button type="button" class="button" onClick={() => void feedback('confirmed')}>
            {t('wasRight')}
          </button>
          <button type="button" class="button" onClick={() => void feedback('false')}>
            {t('wasWrong')}
          </button>
        </>
      ) : null}
      {asking.value ? (
        <ShelveDialog alarm={alarm} onTold={onTold} onClose={() => (asking.value = false)} />
      ) : null}
    </div>
  );
}

const HOURS = [1, 4, 8, 24, 72];

function ShelveDialog({ alarm, onTold, onClose }: ActsOptions & { readonly onClose: () => void }) {
  const problem = useSignal<string | undefined>(undefined);
  const { plant, line, asset, rule, signal, time } = alarm;
  const send = async (form: FormData) => {
    // From what the plant calls now: its data may be older than this machine's clock.
    const begin = Math.min(Date.now(), Date.parse(time) + 60_000);
    const until = new Date(begin + Number(form.get('hours')) * 3_600_000).toISOString();
    const body = { rule, signal, until, reason: String(form.get('reason')) };
    const told = await doAct((key) => call('shelve', { path: { plant, line, asset }, key, body }));
    if (told?.bad === true) problem.value = told.text;
    else {
      onTold(told);
      onClose();
    }
  };
  return (
    <Dialog
      title={t('shelve')}
      problem={problem.value}
      onClose={onClose}
      onSend={(form) => void send(form)}
    >
      <p>{shortReason(alarm.reason)}</p>
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
      <Field name={t('reason')} hint={t('reasonNeeded')}>
        {(id) => <input id={id} name="reason" required minLength={3} maxLength={1000} />}
      </Field>
    </Dialog>
  );
}
