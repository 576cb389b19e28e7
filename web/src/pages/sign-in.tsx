/** Signing in by name and password. */

import { useSignal } from '@preact/signals';
import { call, RefusedByApi } from '../api/client.ts';
import { Field } from '../parts/dialog.tsx';
import { Choices } from '../parts/shell.tsx';
import { whatToDo } from '../parts/shown.tsx';
import { signedIn } from '../state/session.ts';
import { t } from '../text/text.ts';

export function SignInPage() {
  const problem = useSignal<string | undefined>(undefined);
  const busy = useSignal(false);
  const signIn = async (form: HTMLFormElement) => {
    const data = new FormData(form);
    busy.value = true;
    try {
      const body = { name: String(data.get('name')), password: String(data.get('password')) };
      signedIn(await call('signIn', { body }));
    } catch (error) {
      problem.value = error instanceof RefusedByApi ? sentenceOf(error) : String(error);
    } finally {
      busy.value = false;
    }
  };
  return (
    <main class="sign-in" id="content">
      <h1>Andon</h1>
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault();
          void signIn(event.currentTarget);
        }}
      >
        <h2>{t('signIn')}</h2>
        <Field name={t('name')}>
          {(id) => <input id={id} name="name" autocomplete="username" required maxLength={64} />}
        </Field>
        <Field name={t('password')}>
          {(id) => (
            <input
              id={id}
              name="password"
              type="password"
              autocomplete="current-password"
              required
            />
          )}
        </Field>
        {problem.value === undefined ? null : (
          <p class="note note-problem" role="alert">
            {problem.value}
          </p>
        )}
        <button type="submit" class="button button-main" disabled={busy.value}>
          {t('signIn')}
        </button>
        <p class="quiet">{t('signInWhy')}</p>
      </form>
      <div class="row">
        <Choices />
      </div>
    </main>
  );
}

function sentenceOf({ problem }: RefusedByApi): string {
  return problem.status === 401 ? t('wrongLogin') : whatToDo(problem);
}
