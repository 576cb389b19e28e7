/** Signing in: by a provider, by name and password, or by what of both there is. */

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { type Answer, call, RefusedByApi } from '../api/client.ts';
import { Field } from '../parts/dialog.tsx';
import { Choices } from '../parts/shell.tsx';
import { whatToDo } from '../parts/shown.tsx';
import { linkTo, place } from '../state/route.ts';
import { signedIn } from '../state/session.ts';
import type { TextKey } from '../text/en.ts';
import { t } from '../text/text.ts';

type Ways = Answer<'getSignInWays'>;
type Provider = NonNullable<Ways['provider']>;

/** What may have come of a try by the provider. Nothing else of the address is ever shown. */
const OUTCOMES: Readonly<Record<string, TextKey>> = {
  away: 'sign-in-away',
  denied: 'sign-in-denied',
  refused: 'sign-in-refused',
  stale: 'sign-in-stale',
  'no-role': 'sign-in-no-role',
};

export function SignInPage() {
  const ways = useSignal<Ways | undefined>(undefined);
  useEffect(() => {
    call('getSignInWays').then(
      (found) => {
        ways.value = found;
      },
      () => {
        // Whether there is a provider is not known: a local account says itself whether the console answers.
        ways.value = { local: true, provider: null };
      },
    );
  }, []);
  const { local = false, provider = null } = ways.value ?? {};
  return (
    <main class="sign-in" id="content">
      <h1>Andon</h1>
      {provider === null ? null : <ByProvider {...provider} />}
      {local ? <ByPassword beside={provider !== null} /> : null}
      <div class="row">
        <Choices />
      </div>
    </main>
  );
}

function ByProvider({ name, begin, claims }: Provider) {
  const [kind, outcome = ''] = place.value.path;
  const text = kind === 'sign-in' ? OUTCOMES[outcome] : undefined;
  const wanted = kind === undefined || kind === 'sign-in' ? '' : location.hash.slice(1);
  const query = wanted === '' ? '' : `place=${encodeURIComponent(wanted)}`;
  return (
    <section class="card by-provider">
      <h2>{t('signIn')}</h2>
      {text === undefined ? null : (
        <p class="note note-problem" role="alert">
          {t(text, { name, claims: claims.join(', ') })}
        </p>
      )}
      <a class="button button-main" href={`${begin}?${query}`}>
        {t('signInBy', { name })}
      </a>
      <a href={`${begin}?again=true&${query}`}>{t('signInAgain')}</a>
    </section>
  );
}

function ByPassword({ beside }: { readonly beside: boolean }) {
  const problem = useSignal<string | undefined>(undefined);
  const busy = useSignal(false);
  const signIn = async (form: HTMLFormElement) => {
    const data = new FormData(form);
    busy.value = true;
    try {
      const body = { name: String(data.get('name')), password: String(data.get('password')) };
      const now = await call('signIn', { body });
      if (place.value.path[0] === 'sign-in') location.hash = linkTo(['plant']);
      signedIn(now);
    } catch (error) {
      problem.value = error instanceof RefusedByApi ? sentenceOf(error) : String(error);
    } finally {
      busy.value = false;
    }
  };
  return (
    <form
      class="card"
      onSubmit={(event) => {
        event.preventDefault();
        void signIn(event.currentTarget);
      }}
    >
      <h2>{t(beside ? 'orLocal' : 'signIn')}</h2>
      <Field name={t('name')}>
        {(id) => <input id={id} name="name" autocomplete="username" required maxLength={64} />}
      </Field>
      <Field name={t('password')}>
        {(id) => (
          <input id={id} name="password" type="password" autocomplete="current-password" required />
        )}
      </Field>
      {problem.value === undefined ? null : (
        <p class="note note-problem" role="alert">
          {problem.value}
        </p>
      )}
      <button type="submit" class={beside ? 'button' : 'button button-main'} disabled={busy.value}>
        {t('signIn')}
      </button>
      {beside ? null : <p class="quiet">{t('signInWhy')}</p>}
    </form>
  );
}

function sentenceOf({ problem }: RefusedByApi): string {
  return problem.status === 401 ? t('wrongLogin') : whatToDo(problem);
}
