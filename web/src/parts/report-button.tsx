/** What somebody saw, heard or smelt at a machine: it becomes a request of its own. */

import { useSignal } from '@preact/signals';
import { call } from '../api/client.ts';
import type { Machine } from '../state/plants.ts';
import { may } from '../state/session.ts';
import { t } from '../text/text.ts';
import { doAct } from './alarm-list.tsx';
import { Dialog, Field } from './dialog.tsx';

export function ReportButton({
  machine: { plant, line, asset, name },
}: {
  readonly machine: Machine;
}) {
  const asking = useSignal(false);
  const problem = useSignal<string | undefined>(undefined);
  const told = useSignal<string | undefined>(undefined);
  if (!may('report', plant, line)) return null;
  const send = async (form: FormData) => {
    const component = String(form.get('component')).trim();
    const body = { text: String(form.get('text')), ...(component === '' ? {} : { component }) };
    const path = { plant, line, asset };
    const result = await doAct((key) => call('report', { path, key, body }));
    problem.value = result?.bad === true ? result.text : undefined;
    if (result?.bad === true) return;
    told.value = result?.text;
    asking.value = false;
  };
  return (
    <div class="row">
      <button type="button" class="button" onClick={() => (asking.value = true)}>
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
        </Dialog>
      ) : null}
    </div>
  );
}
