/** The page: who is signed in sees the place that the address names. */

import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import './style/page.css';
import './style/parts.css';
import 'uplot/dist/uPlot.min.css';
import { call, RefusedByApi } from './api/client.ts';
import { MachinePage } from './pages/machine.tsx';
import { PlantPage } from './pages/plant.tsx';
import { RequestPage } from './pages/request.tsx';
import { RequestsPage } from './pages/requests.tsx';
import { SignInPage } from './pages/sign-in.tsx';
import { Shell } from './parts/shell.tsx';
import { NotFound } from './parts/shown.tsx';
import { follow } from './state/live.ts';
import { place } from './state/route.ts';
import { me, signedIn } from './state/session.ts';
import { t } from './text/text.ts';

/** Milliseconds until it is asked again who is signed in, when nobody answers. */
const AGAIN = 2_000;

async function whoAmI(): Promise<void> {
  try {
    signedIn(await call('getMe'));
  } catch (error) {
    const silent = error instanceof RefusedByApi && error.problem.status !== 401;
    if (silent) setTimeout(whoAmI, AGAIN);
    else signedIn(null);
  }
}

function Page() {
  const who = me.value;
  useEffect(() => (who ? follow() : undefined), [who?.id]);
  if (who === undefined) return <p class="quiet centre">{t('loading')}</p>;
  if (who === null) return <SignInPage />;
  return (
    <Shell>
      <Content />
    </Shell>
  );
}

function Content() {
  const [kind = 'plant', first = '', line = '', asset = ''] = place.value.path;
  switch (kind) {
    case 'plant':
      return <PlantPage plant={first} />;
    case 'machine':
      if (asset === '') return <NotFound />;
      return (
        <MachinePage key={`${first}/${line}/${asset}`} plant={first} line={line} asset={asset} />
      );
    case 'requests':
      return first === '' ? <RequestsPage /> : <RequestPage key={first} id={first} />;
    default:
      return <NotFound />;
  }
}

const root = document.getElementById('page');
if (root !== null) {
  render(<Page />, root);
  void whoAmI();
}
