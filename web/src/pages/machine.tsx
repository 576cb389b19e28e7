/** One machine: what it does, what is wrong, its signals against their limits, and its requests. */

import { useSignal } from '@preact/signals';
import { call } from '../api/client.ts';
import { AlarmList, doAct } from '../parts/alarm-list.tsx';
import { Dialog, Field } from '../parts/dialog.tsx';
import { doingText, RequestPriority } from '../parts/marks.tsx';
import { Empty, NotFound, Shown } from '../parts/shown.tsx';
import { type DeclaredSignal, SignalView, type Stretch } from '../parts/signal-view.tsx';
import { StateStrip } from '../parts/state-strip.tsx';
import { lineName, type Machine, type Plant } from '../state/plants.ts';
import { useResource } from '../state/resource.ts';
import { linkTo, place, setQuery } from '../state/route.ts';
import { may } from '../state/session.ts';
import type { TextKey } from '../text/en.ts';
import { clock, shortTitle, t, word } from '../text/text.ts';

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
};

function Found({ machine, plant, signals }: FoundOptions) {
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
        <Signals asset={asset} signals={signals} zone={zone} newest={newest} />
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

function ReportButton({ machine: { plant, line, asset, name } }: { readonly machine: Machine }) {
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
  readonly newest: string;
};

function Signals({ asset, signals, zone, newest }: SignalsOptions) {
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
    </section>
  );
}

/** Up to the newest, in steps: a stretch that moved with each second would be a question of its own each time. */
function stretchOf(newest: string, hours: number): Stretch {
  const step = Math.max(2_000, (hours * HOUR) / 1_000);
  const to = Math.ceil(Date.parse(newest) / step) * step;
  return { from: new Date(to - hours * HOUR).toISOString(), to: new Date(to).toISOString() };
}
