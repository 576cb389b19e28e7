/** Pausing a detector: its alarms are shelved at all its machines, with a reason and an end. */

import { useSignal } from '@preact/signals';
import { type Answer, call } from '../api/client.ts';
import { newestOf, type Plant } from '../state/plants.ts';
import { mayAnywhere } from '../state/session.ts';
import { say } from '../text/pages/rules.ts';
import { clock } from '../text/text.ts';
import { doAct, endOfShelving, HoursField, ReasonField } from './alarm-list.tsx';
import { Dialog } from './dialog.tsx';

type Silenced = Answer<'getSilenced'>['silenced'];
type PauseOptions = {
  readonly plant: Plant;
  readonly rule: string;
  readonly silenced: Silenced;
};

/** At how many machines a rule is paused as a whole, and until when. */
function pauseOf({ plant, rule, silenced }: PauseOptions) {
  const paused = silenced.filter(
    (each) =>
      each.kind === 'shelved' &&
      each.plant === plant.id &&
      each.rule === rule &&
      each.signal === '' &&
      each.point === '',
  );
  const until = paused.flatMap((each) => each.until ?? []).toSorted();
  return { count: paused.length, until: until.at(-1) };
}

export function RulePause(options: PauseOptions) {
  const { plant, rule } = options;
  const told = useSignal<string | undefined>(undefined);
  const problem = useSignal<string | undefined>(undefined);
  const asking = useSignal(false);
  const { count, until } = pauseOf(options);
  const path = { plant: plant.id, rule };
  const resume = async () => {
    told.value = (await doAct((key) => call('resumeRule', { path, key, body: {} })))?.text;
  };
  const pause = async (form: FormData) => {
    const end = endOfShelving(form, newestOf(plant) ?? new Date().toISOString());
    const body = { until: end, reason: String(form.get('reason')) };
    const result = await doAct((key) => call('pauseRule', { path, key, body }));
    problem.value = result?.bad === true ? result.text : undefined;
    if (result?.bad === true) return;
    told.value = result?.text;
    asking.value = false;
  };
  return (
    <>
      {count === 0 || until === undefined ? null : (
        <p>
          <strong>{say('paused', { count, time: clock(until, plant.time_zone) })}</strong>
        </p>
      )}
      {!mayAnywhere('shelve-alarms') ? null : count === 0 ? (
        <button type="button" class="button" onClick={() => (asking.value = true)}>
          {say('pause')}
        </button>
      ) : (
        <button type="button" class="button" onClick={() => void resume()}>
          {say('resume')}
        </button>
      )}
      <span class="note" role="status">
        {told.value}
      </span>
      {asking.value ? (
        <Dialog
          title={`${say('pause')}: ${rule}`}
          problem={problem.value}
          onClose={() => (asking.value = false)}
          onSend={(form) => void pause(form)}
        >
          <p>{say('pauseWhy')}</p>
          <HoursField />
          <ReasonField />
        </Dialog>
      ) : null}
    </>
  );
}
