/** A plant file and a rules file are tried: what is wrong with them, and which rules would be others. Nothing is applied. */

import { useSignal } from '@preact/signals';
import { type Answer, call, RefusedByApi } from '../api/client.ts';
import { say } from '../text/pages/rule-check.ts';
import { t } from '../text/text.ts';
import { Field } from './dialog.tsx';
import { whatToDo } from './shown.tsx';

type Checked = Answer<'checkRules'>;
type Finding = Checked['mistakes'][number];

export function RuleCheck({ plant }: { readonly plant: string }) {
  const checked = useSignal<Checked | undefined>(undefined);
  const problem = useSignal<string | undefined>(undefined);
  const busy = useSignal(false);
  const check = async (form: FormData) => {
    busy.value = true;
    checked.value = undefined;
    problem.value = undefined;
    try {
      const body = { ...(await textOf(form, 'plant')), ...(await textOf(form, 'rules')) };
      if (Object.keys(body).length === 0) problem.value = say('nothing');
      else checked.value = await call('checkRules', { path: { plant }, body });
    } catch (error) {
      problem.value = error instanceof RefusedByApi ? whatToDo(error.problem) : String(error);
    }
    busy.value = false;
  };
  return (
    <section class="card" aria-labelledby="check">
      <h2 id="check">{say('title')}</h2>
      <p class="quiet">{say('why')}</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void check(new FormData(event.currentTarget));
        }}
      >
        <Field name={say('rules')}>
          {(id) => <input id={id} name="rules-file" type="file" accept=".yaml,.yml" />}
        </Field>
        <details>
          <summary>{say('paste')}</summary>
          <Field name={say('rulesText')}>
            {(id) => <textarea id={id} name="rules" rows={8} spellcheck={false} />}
          </Field>
        </details>
        <Field name={say('plant')} hint={say('plantHint')}>
          {(id) => <input id={id} name="plant-file" type="file" accept=".yaml,.yml" />}
        </Field>
        <div class="row">
          <button type="submit" class="button button-main" disabled={busy.value}>
            {busy.value ? t('loading') : say('check')}
          </button>
        </div>
      </form>
      <div role="status">
        {problem.value === undefined ? null : <p class="note note-problem">{problem.value}</p>}
        {checked.value === undefined ? null : <Result checked={checked.value} />}
      </div>
    </section>
  );
}

/** What was pasted; else the file. */
async function textOf(form: FormData, name: 'plant' | 'rules') {
  const pasted = form.get(name);
  if (typeof pasted === 'string' && pasted.trim() !== '') return { [name]: pasted };
  const file = form.get(`${name}-file`);
  return file instanceof File && file.size > 0 ? { [name]: await file.text() } : {};
}

function Result({ checked: { mistakes, warnings, changes } }: { readonly checked: Checked }) {
  return (
    <>
      <p>
        <strong>
          {mistakes.length === 0 ? say('right') : say('wrong', { count: mistakes.length })}
        </strong>
      </p>
      <Findings of={mistakes} />
      {warnings.length === 0 ? null : <h3>{say('warnings')}</h3>}
      <Findings of={warnings} />
      {changes === null ? null : (
        <>
          <h3>{say('changes')}</h3>
          {changes.length === 0 ? <p>{say('noChanges')}</p> : null}
          <ul class="plain">
            {changes.map(({ family, id, change }) => (
              <li key={`${family} ${id}`}>
                {say(change)}: <strong>{id}</strong> <span class="quiet">{family}</span>
              </li>
            ))}
          </ul>
          <p class="quiet">{say('apply')}</p>
        </>
      )}
    </>
  );
}

function Findings({ of }: { readonly of: readonly Finding[] }) {
  return (
    <ul class="plain">
      {of.map(({ file, line, column, text }) => (
        <li key={`${file} ${line} ${column} ${text}`}>
          <span class="quiet">
            {file === '' ? '' : `${file}, ${say('line', { line, column })}`}
          </span>{' '}
          <span class="break">{text}</span>
        </li>
      ))}
    </ul>
  );
}
