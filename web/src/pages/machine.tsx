/** One machine: what it does, what is wrong, its signals against their limits, and its requests. */

import { AlarmList } from '../parts/alarm-list.tsx';
import { lazy } from '../parts/lazy.tsx';
import { doingText, RequestPriority } from '../parts/marks.tsx';
import { Empty, NotFound, Shown } from '../parts/shown.tsx';
import { type DeclaredSignal, SignalView, type Stretch } from '../parts/signal-view.tsx';
import { StateStrip } from '../parts/state-strip.tsx';
import { lineName, type Machine, type Plant } from '../state/plants.ts';
import { useResource } from '../state/resource.ts';
import { linkTo, place, setQuery } from '../state/route.ts';
import type { TextKey } from '../text/en.ts';
import { clock, shortTitle, t, word } from '../text/text.ts';

const ReportButton = lazy(async () => (await import('../parts/report-button.tsx')).ReportButton);
const Vibration = lazy(async () => (await import('../parts/vibration.tsx')).Vibration);

type Asset = { readonly plant: string; readonly line: string; readonly asset: string };

/** Hours that one may look back. */
const STRETCHES: readonly (readonly [TextKey, number])[] = [
  ['hour1', 1],
  ['hour8', 8],
  ['day1', 24],
  ['day7', 168],
];
const HOUR = 3_600_000;

export function MachinePage(asset: Asset) {
  const query = { plant: asset.plant, line: asset.line, asset: asset.asset };
  const plants = useResource('getPlants', { tables: ['epochs', 'assets'], pace: 3_000 });
  const situation = useResource('getSituation', {
    query,
    tables: ['machine_states', 'anomalies', 'alarms', 'requests', 'machine_events'],
    about: query,
  });
  const assets = useResource('getAssets', { query, tables: ['assets'] });
  const plant = plants.value.data?.plants.find(({ id }) => id === asset.plant);
  return (
    <Shown resource={situation.value}>
      {({ machines: [machine] }) =>
        machine === undefined ? (
          <NotFound />
        ) : (
          <Found
            machine={machine}
            plant={plant}
            signals={assets.value.data?.assets[0]?.signals ?? []}
            points={assets.value.data?.assets[0]?.points ?? []}
          />
        )
      }
    </Shown>
  );
}

type FoundOptions = {
  readonly machine: Machine;
  readonly plant: Plant | undefined;
  readonly signals: readonly DeclaredSignal[];
  readonly points: readonly string[];
};

function Found({ machine, plant, signals, points }: FoundOptions) {
  const asset = { plant: machine.plant, line: machine.line, asset: machine.asset };
  const zone = plant?.time_zone ?? 'UTC';
  const newest = plant?.lines.find(({ id }) => id === machine.line)?.newest ?? undefined;
  return (
    <>
      <nav class="crumbs" aria-label={t('back')}>
        <a href={linkTo(['plant', machine.plant])}>{plant?.name ?? machine.plant}</a>
        <span>{lineName(plant, machine.line)}</span>
      </nav>
      <Head machine={machine} zone={zone} now={newest} />
      <div class="two">
        <Alarms asset={asset} zone={zone} now={newest} />
        <Requests asset={asset} zone={zone} now={newest} />
      </div>
      {newest === undefined ? (
        <Empty title={t('noData')} />
      ) : (
        <Signals {...{ asset, signals, points, zone, newest }} />
      )}
    </>
  );
}

type HeadOptions = {
  readonly machine: Machine;
  readonly zone: string;
  readonly now: string | undefined;
};

function Head({ machine, zone, now }: HeadOptions) {
  const { doing, name } = machine;
  return (
    <div class="head">
      <h1>{name}</h1>
      <p>
        {doingText(doing?.kind)}{' '}
        {doing === null ? null : (
          <span class="quiet">
            {t('since', { time: clock(doing.since, zone, now) })} · {doing.state}
            {doing.mode === '' ? '' : ` · ${doing.mode}`}
            {doing.order === '' ? ` · ${t('noOrder')}` : ` · ${doing.order} ${doing.product}`}
          </span>
        )}
      </p>
      <ReportButton machine={machine} />
    </div>
  );
}

type PartOptions = {
  readonly asset: Asset;
  readonly zone: string;
  readonly now: string | undefined;
};

function Alarms({ asset, zone, now }: PartOptions) {
  const alarms = useResource('getAlarms', {
    query: { ...asset, limit: 100 },
    tables: ['alarms', 'anomalies'],
    about: asset,
  });
  return (
    <section aria-labelledby="alarms">
      <h2 id="alarms">{t('alarms')}</h2>
      <Shown resource={alarms.value}>
        {({ entries }) =>
          entries.length === 0 ? (
            <Empty title={t('noAlarms')} why={t('noAlarmsWhy')} />
          ) : (
            <AlarmList alarms={entries} zone={zone} now={now} />
          )
        }
      </Shown>
    </section>
  );
}

function Requests({ asset, zone, now }: PartOptions) {
  const requests = useResource('getRequests', {
    query: { ...asset, limit: 10 },
    tables: ['requests', 'machine_events'],
    about: asset,
  });
  return (
    <section aria-labelledby="requests">
      <h2 id="requests">{t('openRequests')}</h2>
      <Shown resource={requests.value}>
        {({ entries }) =>
          entries.length === 0 ? (
            <Empty title={t('noRequests')} why={t('noRequestsWhy')} />
          ) : (
            <ul class="plain">
              {entries.map(({ id, title, priority, status, opened, open }) => (
                <li key={id} class={open ? '' : 'quiet'}>
                  <a href={linkTo(['requests', id])}>{shortTitle(title)}</a>{' '}
                  <RequestPriority priority={priority} />{' '}
                  <span class="quiet">
                    {t('since', { time: clock(opened, zone, now) })} ·{' '}
                    {open ? word(status === '' ? 'requested' : status) : t('columnOver')}
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </Shown>
    </section>
  );
}

type SignalsOptions = {
  readonly asset: Asset;
  readonly signals: readonly DeclaredSignal[];
  readonly zone: string;
  readonly points: readonly string[];
  readonly newest: string;
};

function Signals({ asset, signals, points, zone, newest }: SignalsOptions) {
  const hours = Number(place.value.query.hours ?? '1');
  const stretch = stretchOf(newest, STRETCHES.some(([, known]) => known === hours) ? hours : 1);
  return (
    <section aria-labelledby="signals">
      <div class="head">
        <h2 id="signals">{t('signals')}</h2>
        <fieldset class="choice">
          <legend class="unseen">{t('stretch')}</legend>
          {STRETCHES.map(([name, count]) => (
            <label key={name}>
              <input
                type="radio"
                name="hours"
                checked={count === hours}
                onChange={() => setQuery({ hours: count === 1 ? undefined : String(count) })}
              />
              {t(name)}
            </label>
          ))}
        </fieldset>
      </div>
      <StateStrip asset={asset} stretch={stretch} zone={zone} />
      {signals.length === 0 ? (
        <Empty title={t('noSignals')} />
      ) : (
        <div class="signals">
          {signals.map((signal) => (
            <SignalView key={signal.id} {...{ asset, signal, stretch, zone }} />
          ))}
        </div>
      )}
      {points.length === 0 ? null : <Vibration {...{ asset, points, stretch, zone }} />}
    </section>
  );
}

/** Up to the newest, in steps: a stretch that moved with each second would be a question of its own each time. */
function stretchOf(newest: string, hours: number): Stretch {
  const step = Math.max(2_000, (hours * HOUR) / 1_000);
  const to = Math.ceil(Date.parse(newest) / step) * step;
  return { from: new Date(to - hours * HOUR).toISOString(), to: new Date(to).toISOString() };
}
