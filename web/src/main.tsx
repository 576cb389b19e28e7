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
import { lazy } from './parts/lazy.tsx';
import { Shell } from './parts/shell.tsx';
import { NotFound } from './parts/shown.tsx';
import { follow } from './state/live.ts';
import { place } from './state/route.ts';
import { me, signedIn } from './state/session.ts';
import { keepSending } from './state/unsent.ts';
import { t } from './text/text.ts';

const AlarmsPage = lazy(async () => (await import('./pages/alarms.tsx')).AlarmsPage);
const HealthPage = lazy(async () => (await import('./pages/health.tsx')).HealthPage);
const RulesPage = lazy(async () => (await import('./pages/rules.tsx')).RulesPage);
const FiguresPage = lazy(async () => (await import('./pages/figures.tsx')).FiguresPage);
const MasterDataPage = lazy(async () => (await import('./pages/master-data.tsx')).MasterDataPage);
const AuditPage = lazy(async () => (await import('./pages/audit.tsx')).AuditPage);
const PhotoPage = lazy(async () => (await import('./pages/photo.tsx')).PhotoPage);
const WorkPage = lazy(async () => (await import('./pages/work.tsx')).WorkPage);

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
  useEffect(() => (who ? keepSending() : undefined), [who?.id]);
  if (who === undefined) return <p class="quiet centre">{t('loading')}</p>;
  if (who === null) return <SignInPage />;
  // Within another page there is no room for what stands around.
  if (place.value.query.bare === 'yes') return <Bare />;
  return (
    <Shell>
      <Content />
    </Shell>
  );
}

function Bare() {
  return (
    <main id="content" class="bare" tabIndex={-1}>
      <Content />
    </main>
  );
}

function Content() {
  const [kind = 'plant', first = '', line = '', asset = '', last = ''] = place.value.path;
  switch (kind) {
    // Who comes back from the provider while somebody is signed in sees the start.
    case 'sign-in':
    case 'plant':
      return <PlantPage plant={kind === 'plant' ? first : ''} />;
    case 'machine':
      if (asset === '') return <NotFound />;
      return (
        <MachinePage key={`${first}/${line}/${asset}`} plant={first} line={line} asset={asset} />
      );
    case 'alarms':
      return first === '' ? <AlarmsPage /> : <NotFound />;
    case 'health':
      return first === '' ? <HealthPage /> : <NotFound />;
    case 'rules':
      return <RulesPage plant={first} />;
    case 'figures':
      return <FiguresPage plant={first} />;
    case 'master-data':
      return <MasterDataPage plant={first} />;
    case 'audit':
      return first === '' ? <AuditPage /> : <NotFound />;
    case 'photo':
      if (last === '') return <NotFound />;
      return <PhotoPage key={last} plant={first} line={line} asset={asset} photo={last} />;
    case 'work':
      return first === '' ? <WorkPage /> : <NotFound />;
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

// Only over TLS, or on this machine: without it the page is the same, but opens only where there is a network.
if ('serviceWorker' in navigator)
  navigator.serviceWorker.register('./worker.js').catch(() => undefined);
