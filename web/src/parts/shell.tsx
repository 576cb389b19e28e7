/** What stands around every view: where one can go, whether it is live, who is signed in. */

import type { ComponentChildren } from 'preact';
import { call } from '../api/client.ts';
import { connection } from '../state/live.ts';
import { linkTo, place } from '../state/route.ts';
import { mayAnywhere, me, signedIn } from '../state/session.ts';
import { type Language, language, type Theme, theme } from '../state/settings.ts';
import type { TextKey } from '../text/en.ts';
import { t } from '../text/text.ts';

/** Each with the act that it is for; without one it is for whoever sees anything. */
const PAGES: readonly (readonly [name: TextKey, path: string, act?: string])[] = [
  ['plant', 'plant'],
  ['alarms', 'alarms'],
  ['requests', 'requests'],
  ['myWork', 'work', 'report'],
  ['rules', 'rules'],
  ['figures', 'figures'],
  ['masterData', 'master-data'],
  ['health', 'health', 'view-exceptions'],
  ['audit', 'audit', 'read-audit'],
];

export function Shell({ children }: { readonly children: ComponentChildren }) {
  const [at = 'plant'] = place.value.path;
  return (
    <>
      <button type="button" class="skip" onClick={skip}>
        {t('skip')}
      </button>
      <header class="bar">
        <a class="brand" href={linkTo(['plant'])}>
          Andon
        </a>
        <nav aria-label="Andon">
          {PAGES.filter(([, , act]) => act === undefined || mayAnywhere(act)).map(
            ([name, path]) => (
              <a
                key={path}
                href={linkTo([path])}
                aria-current={
                  at === path || (at === 'machine' && path === 'plant') ? 'page' : undefined
                }
              >
                {t(name)}
              </a>
            ),
          )}
        </nav>
        <Connection />
        <Person />
      </header>
      <main id="content" tabIndex={-1}>
        {children}
      </main>
    </>
  );
}

function skip(): void {
  document.getElementById('content')?.focus();
}

function Connection() {
  const state = connection.value;
  const text = state === 'on' ? 'live' : state;
  return (
    <p class={`connection connection-${state}`} role="status">
      <span class="dot" aria-hidden="true" />
      {t(text)}
    </p>
  );
}

function Person() {
  const signOut = async () => {
    if (me.value?.by === 'provider') {
      const left = await call('leaveProvider').catch(() => undefined);
      // The session at the provider ends as well: the next person at this screen is somebody else.
      if (left?.next) return location.assign(left.next);
    } else await call('signOut').catch(() => undefined);
    signedIn(null);
  };
  return (
    <details class="person">
      <summary>{me.value?.name}</summary>
      <div class="menu">
        <p class="quiet">{me.value?.roles.map(({ role }) => role).join(', ')}</p>
        <Choices />
        <button type="button" class="button" onClick={() => void signOut()}>
          {t('signOut')}
        </button>
      </div>
    </details>
  );
}

/** Language and colours: also for whoever is not signed in yet. */
export function Choices() {
  return (
    <>
      <label class="field">
        <span>{t('language')}</span>
        <select
          value={language.value}
          onChange={(event) => {
            language.value = event.currentTarget.value as Language;
          }}
        >
          <option value="en">English</option>
          <option value="de">Deutsch</option>
        </select>
      </label>
      <label class="field">
        <span>{t('theme')}</span>
        <select
          value={theme.value}
          onChange={(event) => {
            theme.value = event.currentTarget.value as Theme;
          }}
        >
          <option value="system">{t('system')}</option>
          <option value="light">{t('light')}</option>
          <option value="dark">{t('dark')}</option>
        </select>
      </label>
    </>
  );
}
