/** All alarms: a list to filter and work through, all that is silenced, and how good the alarm system itself is. */

import '../style/alarms.css';
import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { call } from '../api/client.ts';
import { AlarmList, doAct } from '../parts/alarm-list.tsx';
import { AlarmNumbers } from '../parts/alarm-numbers.tsx';
import { Field } from '../parts/dialog.tsx';
import { LineFilter } from '../parts/line-filter.tsx';
import { MachineLink } from '../parts/machine-link.tsx';
import { AlarmMark, alarmStateText, priorityOf } from '../parts/marks.tsx';
import { Empty, Shown } from '../parts/shown.tsx';
import { SilencedList } from '../parts/silenced-list.tsx';
import { VirtualList } from '../parts/virtual-list.tsx';
import { type AlarmItem, alarmItems, alarmKeyOf, indexAlarms } from '../state/alarm-view.ts';
import { type Alarm, assetName, lineName, newestOf, type Plant } from '../state/plants.ts';
import { useResource } from '../state/resource.ts';
import { linkTo, place, setQuery } from '../state/route.ts';
import { may } from '../state/session.ts';
import { say } from '../text/pages/alarms.ts';
import { clock, quantity, shortReason, t } from '../text/text.ts';

const VIEWS = ['list', 'silenced', 'numbers'] as const;

export function AlarmsPage() {
  const plants = useResource('getPlants', { tables: ['epochs', 'assets'], pace: 5_000 });
  const { view = 'list', line = '' } = place.value.query;
  return (
    <>
      <div class="head">
        <h1>{t('alarms')}</h1>
        <nav class="tabs" aria-label={say('view')}>
          {VIEWS.map((each) => (
            <a
              key={each}
              href={linkTo(['alarms'], { view: each === 'list' ? undefined : each, line })}
              aria-current={each === view ? 'page' : undefined}
            >
              {say(each)}
            </a>
          ))}
        </nav>
      </div>
      <Shown resource={plants.value}>
        {({ plants: all }) => {
          if (all.length === 0) return <Empty title={t('noPlant')} why={t('noPlantWhy')} />;
          if (view === 'silenced') return <SilencedList plants={all} line={line} />;
          if (view === 'numbers') return <AlarmNumbers plants={all} line={line} />;
          return <Standing plants={all} />;
        }}
      </Shown>
    </>
  );
}

/** So many are read again less often: nobody reads ten thousand lines a second. */
const MANY = 1_000;

function Standing({ plants }: { readonly plants: readonly Plant[] }) {
  const many = useSignal(false);
  const resource = useResource('getAlarms', {
    query: { limit: 10_000 },
    tables: ['alarms', 'anomalies'],
    pace: many.value ? 10_000 : 1_500,
  });
  return (
    <Shown resource={resource.value}>
      {({ entries }) => {
        many.value = entries.length > MANY;
        if (entries.length === 0) return <Empty title={t('noAlarms')} why={t('noAlarmsWhy')} />;
        return <Filtered alarms={entries} plants={plants} />;
      }}
    </Shown>
  );
}

type ListedAlarms = { readonly alarms: readonly Alarm[]; readonly plants: readonly Plant[] };

const ROW = 56;

function Filtered({ alarms, plants }: ListedAlarms) {
  const marked = useSignal<ReadonlySet<string>>(new Set());
  const { q = '', line = '', priority = '', state = '', open = '', alarm = '' } = place.value.query;
  const indexed = useMemo(() => indexAlarms(alarms, plants), [alarms]);
  const items = useMemo(
    () => alarmItems(indexed, { text: q, line, priority, state, open: new Set(open.split(',')) }),
    [indexed, q, line, priority, state, open],
  );
  const chosen = indexed.find(({ key }) => key === alarm)?.alarm;
  const toggleFold = (key: string) => {
    const folds = new Set(open.split(',').filter((each) => each !== ''));
    if (!folds.delete(key)) folds.add(key);
    setQuery({ open: [...folds].join(',') });
  };
  const mark = (item: AlarmItem) => {
    if (item.kind === 'fold') return toggleFold(item.key);
    const now = new Set(marked.value);
    if (!now.delete(item.key)) now.add(item.key);
    marked.value = now;
  };
  return (
    <>
      <Filters plants={plants} shown={items.length} all={alarms.length} />
      <MarkedActs
        alarms={indexed.flatMap(({ key, alarm: one }) => (marked.value.has(key) ? [one] : []))}
        onDone={() => (marked.value = new Set())}
      />
      <div class="two alarm-work">
        {items.length === 0 ? (
          <Empty title={say('none')} why={say('noneWhy')} />
        ) : (
          <VirtualList
            items={items}
            keyOf={({ key }) => key}
            height={ROW}
            name={`${t('alarms')}. ${say('keys')}`}
            chosen={alarm}
            marked={marked.value}
            onMark={mark}
            onChoose={({ key, kind }) => {
              if (kind === 'fold' && key === alarm) toggleFold(key);
              setQuery({ alarm: key });
            }}
          >
            {(item) => <Row item={item} plants={plants} isMarked={marked.value.has(item.key)} />}
          </VirtualList>
        )}
        <Details alarm={chosen} plants={plants} />
      </div>
    </>
  );
}

const STATES = [
  'unacknowledged',
  'acknowledged',
  'returned',
  'shelved',
  'suppressed',
  'out-of-service',
];

type FiltersOptions = {
  readonly plants: readonly Plant[];
  readonly shown: number;
  readonly all: number;
};

function Filters({ plants, shown, all }: FiltersOptions) {
  const { q = '', priority = '', state = '' } = place.value.query;
  return (
    <div class="row filters">
      <Field name={say('search')}>
        {(id) => (
          <input
            id={id}
            type="search"
            value={q}
            placeholder={say('searchHint')}
            onInput={(event) => setQuery({ q: event.currentTarget.value })}
          />
        )}
      </Field>
      <LineFilter plants={plants} />
      <Field name={say('priority')}>
        {(id) => (
          <select
            id={id}
            value={priority}
            onChange={(event) => setQuery({ priority: event.currentTarget.value })}
          >
            <option value="">{t('everything')}</option>
            {(['1', '2', '3'] as const).map((each) => (
              <option key={each} value={each}>
                {t(`priority${each}`)}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field name={say('state')}>
        {(id) => (
          <select
            id={id}
            value={state}
            onChange={(event) => setQuery({ state: event.currentTarget.value })}
          >
            <option value="">{say('wanting')}</option>
            {STATES.map((each) => (
              <option key={each} value={each}>
                {alarmStateText(each)}
              </option>
            ))}
            <option value="all">{t('everything')}</option>
          </select>
        )}
      </Field>
      <span class="quiet" role="status">
        {say('count', { shown, all })}
      </span>
    </div>
  );
}

/** What is done to many at once is done to each where it applies; what did not, and why, is said. */
function MarkedActs({
  alarms,
  onDone,
}: {
  readonly alarms: readonly Alarm[];
  readonly onDone: () => void;
}) {
  const told = useSignal('');
  const acknowledge = async () => {
    let [done, refused, why] = [0, 0, ''];
    const waiting = alarms.filter(
      ({ state, plant, line }) =>
        (state === 'unacknowledged' || state === 'returned') && may('answer-alarms', plant, line),
    );
    for (const { plant, line, asset, anomaly, revision } of waiting) {
      const path = { plant, line, asset };
      const result = await doAct((key) =>
        call('acknowledge', { path, key, body: { anomaly, seen: revision } }),
      );
      if (result?.bad === true) {
        refused += 1;
        why = result.text;
      } else done += 1;
    }
    const left = alarms.length - waiting.length;
    told.value = [
      say('bulkDone', { done, left }),
      refused === 0 ? '' : say('bulkRefused', { count: refused, why }),
    ].join(' ');
    onDone();
  };
  if (alarms.length === 0) {
    return (
      <p class="note bulk-note" role="status">
        {told.value}
      </p>
    );
  }
  return (
    <div class="row bulk">
      <strong>{say('marked', { count: alarms.length })}</strong>
      <button type="button" class="button button-main" onClick={() => void acknowledge()}>
        {say('acknowledgeMarked')}
      </button>
      <button type="button" class="button" onClick={onDone}>
        {say('unmark')}
      </button>
    </div>
  );
}

type RowOptions = {
  readonly item: AlarmItem;
  readonly plants: readonly Plant[];
  readonly isMarked: boolean;
};

function Row({ item, plants, isMarked }: RowOptions) {
  if (item.kind === 'fold') {
    const { plant, line, why, count, worst, isOpen } = item;
    const name = why === 'flood' || why === 'regime change' ? say(why) : why;
    return (
      <div class="alarm-row alarm-fold">
        <span class="virtual-box" aria-hidden="true">
          {isOpen ? '▾' : '▸'}
        </span>
        <AlarmMark priority={worst} seen />
        <div>
          <p>{say('fold', { count, why: name })}</p>
          <p class="quiet">
            {lineName(
              plants.find(({ id }) => id === plant),
              line,
            )}{' '}
            · {say(isOpen ? 'foldUp' : 'unfold')}
          </p>
        </div>
      </div>
    );
  }
  const { alarm } = item;
  const { plant: of, asset, line, severity, state, since, reason, signal, value, unit } = alarm;
  const plant = plants.find(({ id }) => id === of);
  const near = plant === undefined ? undefined : newestOf(plant);
  const seen = state !== 'unacknowledged' && state !== 'returned';
  return (
    <div class="alarm-row">
      <span class={`virtual-box${isMarked ? ' virtual-marked' : ''}`} aria-hidden="true">
        {isMarked ? '✓' : ''}
      </span>
      <AlarmMark priority={priorityOf(severity)} seen={seen} />
      <div>
        <p>{shortReason(reason)}</p>
        <p class="quiet">
          {/* The state before the value: what is too long for the row is cut off behind. */}
          {lineName(plant, line)} · {assetName(plant, line, asset)} · {alarmStateText(state)} ·{' '}
          {t('since', { time: clock(since, plant?.time_zone ?? 'UTC', near) })}
          {value === null ? null : ` · ${signal} ${quantity(value, unit)}`}
        </p>
      </div>
    </div>
  );
}

function Details({
  alarm,
  plants,
}: {
  readonly alarm: Alarm | undefined;
  readonly plants: readonly Plant[];
}) {
  if (alarm === undefined) return <p class="empty quiet">{say('choose')}</p>;
  const plant = plants.find(({ id }) => id === alarm.plant);
  const name = assetName(plant, alarm.line, alarm.asset);
  return (
    <section class="alarm-details" aria-label={name}>
      <p>
        <MachineLink of={alarm} plants={plants} />{' '}
        <span class="quiet">{lineName(plant, alarm.line)}</span>
      </p>
      <AlarmList
        key={alarmKeyOf(alarm)}
        alarms={[alarm]}
        zone={plant?.time_zone ?? 'UTC'}
        now={plant === undefined ? undefined : newestOf(plant)}
      />
    </section>
  );
}
