/** What somebody saw, heard or smelt at a machine: it becomes a request of its own. */

import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { Machine } from '../state/plants.ts';
import { may } from '../state/session.ts';
import { t } from '../text/text.ts';
import { Dialog, Field } from './dialog.tsx';
import { doWrite, PhotoField, type TakenPhoto } from './photo-field.tsx';

export function ReportButton({
  machine: { plant, line, asset, name },
}: {
  readonly machine: Machine;
}) {
  const asking = useSignal(false);
  const problem = useSignal<string | undefined>(undefined);
  const told = useSignal<string | undefined>(undefined);
  const photo = useRef<TakenPhoto | undefined>(undefined);
  if (!may('report', plant, line)) return null;
  const ask = () => {
    photo.current = undefined;
    problem.value = undefined;
    asking.value = true;
  };
  const send = async (form: FormData) => {
    const component = String(form.get('component')).trim();
    const body = { text: String(form.get('text')), ...(component === '' ? {} : { component }) };
    const words = { path: { plant, line, asset }, body, photo: photo.current };
    const result = await doWrite({ kind: 'report', ...words });
    problem.value = result.bad ? result.text : undefined;
    if (result.bad) return;
    told.value = result.text;
    asking.value = false;
  };
  return (
    <div class="row">
      <button type="button" class="button" onClick={ask}>
        {t('report')}
      </button>
      <span class="note" role="status">
        {told.value}
      </span>
      {asking.value ? (
        <Dialog
          title={`${t('report')}: ${name}`}
          problem={problem.value}
          onClose={() => (asking.value = false)}
          onSend={(form) => void send(form)}
        >
          <Field name={t('reportWhat')} hint={t('reportHint')}>
            {(id) => (
              <textarea id={id} name="text" required minLength={3} maxLength={4000} rows={4} />
            )}
          </Field>
          <Field name={t('reportComponent')}>
            {(id) => <input id={id} name="component" maxLength={64} />}
          </Field>
          <PhotoField onPhoto={(taken) => (photo.current = taken)} />
        </Dialog>
      ) : null}
    </div>
  );
}
