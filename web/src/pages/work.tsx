/** A technician's work, for a telephone: what is next, what was seen in one picture, whether it was right, and reports. */

import '../style/work.css';
import { useSignal } from '@preact/signals';
import { type Answer, call } from '../api/client.ts';
import { doAct } from '../parts/alarm-list.tsx';
import { Chart, type SignalPoints } from '../parts/chart.tsx';
import { Decisions } from '../parts/decisions.tsx';
import { Fact, RequestPriority } from '../parts/marks.tsx';
import { ReportButton } from '../parts/report-button.tsx';
import { Empty, Shown } from '../parts/shown.tsx';
import { CommentForm, Unsent } from '../parts/words.tsx';
import { assetName, lineName, type Machine, newestOf, type Plant } from '../state/plants.ts';
import { type Resource, useResource } from '../state/resource.ts';
import { linkTo, place, setQuery } from '../state/route.ts';
import { may } from '../state/session.ts';
import { say } from '../text/pages/work.ts';
import { clock, hours, onPlantClock, shortTitle, t, word } from '../text/text.ts';

type Listed = Answer<'getRequests'>['entries'][number];
type Detail = Answer<'getRequest'>;

/** Requests that are read: the newest. */
const MOST = 200;

export function WorkPage() {
  const plants = useResource('getPlants', { tables: ['assets'], pace: 10_000 });
  const requests = useResource('getRequests', {
    query: { open: 'true', limit: MOST },
    tables: ['requests', 'machine_events', 'workflow_steps'],
  });
  const known = plants.value.data?.plants ?? [];
  return (
    <>
      <div class="head">
        <h1>{t('myWork')}</h1>
      </div>
      <Unsent />
      <Shown resource={requests.value}>
        {({ entries, next }) => {
          const mine = entries.filter(({ plant, line }) => may('report', plant, line));
          if (mine.length === 0 && next === null) {
            return <Empty title={say('nothing')} why={say('nothingWhy')} />;
          }
          return (
            <>
              {next === null ? null : <p class="quiet">{t('newestOnly', { count: MOST })}</p>}
              <Group title={say('underWay')} of={mine} plants={known} takes={isUnderWay} />
              <Group title={say('accepted')} of={mine} plants={known} takes={isAccepted} />
              <Group
                title={say('waiting')}
                of={mine}
                plants={known}
                takes={(each) => !isUnderWay(each) && !isAccepted(each)}
              />
            </>
          );
        }}
      </Shown>
      <Report />
    </>
  );
}

function isUnderWay({ status }: Listed): boolean {
  return status === 'started';
}

function isAccepted({ status }: Listed): boolean {
  return status === 'accepted' || status === 'scheduled';
}

type GroupOptions = {
  readonly title: string;
  readonly of: readonly Listed[];
  readonly plants: readonly Plant[];
  readonly takes: (request: Listed) => boolean;
};

const HURRY = ['urgent', 'high', 'medium', 'low'];

function Group({ title, of, plants, takes }: GroupOptions) {
  const shown = of
    .filter(takes)
    .toSorted((a, b) => HURRY.indexOf(a.priority) - HURRY.indexOf(b.priority));
  if (shown.length === 0) return null;
  const { open = shown[0]?.id } = place.value.query;
  return (
    <section aria-label={title}>
      <h2>
        {title} <span class="quiet">{shown.length}</span>
      </h2>
      <ul class="plain">
        {shown.map((request) => (
          <Task
            key={request.id}
            request={request}
            plant={plants.find(({ id }) => id === request.plant)}
            isOpen={open === request.id}
          />
        ))}
      </ul>
    </section>
  );
}

type TaskOptions = {
  readonly request: Listed;
  readonly plant: Plant | undefined;
  readonly isOpen: boolean;
};

function Task({ request, plant, isOpen }: TaskOptions) {
  const { id, title, priority, line, asset, opened, status, asks } = request;
  const zone = plant?.time_zone ?? 'UTC';
  const now = plant === undefined ? undefined : newestOf(plant);
  return (
    <li class="card task">
      <button
        type="button"
        class="task-head"
        aria-expanded={isOpen}
        onClick={() => setQuery({ open: isOpen ? 'none' : id })}
      >
        <span>
          <strong>{shortTitle(title)}</strong> <RequestPriority priority={priority} />
        </span>
        <span class="quiet">
          {lineName(plant, line)} · {assetName(plant, line, asset)} ·{' '}
          {t('since', { time: clock(opened, zone, now) })} ·{' '}
          {word(status === '' ? 'requested' : status)}
          {asks ? ` · ${t('asksPerson')}` : null}
        </span>
      </button>
      {isOpen ? <TaskDetail id={id} zone={zone} /> : null}
    </li>
  );
}

function TaskDetail({ id, zone }: { readonly id: string; readonly zone: string }) {
  const detail = useResource('getRequest', {
    path: { id },
    tables: ['requests', 'anomalies', 'machine_events', 'workflow_steps'],
  });
  return (
    <Shown resource={detail.value}>
      {(found) => (
        <>
          {found.decisions.length === 0 ? null : <Decisions detail={found} zone={zone} />}
          <Evidence detail={found} zone={zone} />
          <Facts detail={found} zone={zone} />
          <WasItRight detail={found} />
          <CommentForm request={found.request} />
        </>
      )}
    </Shown>
  );
}

/** Milliseconds around the first breach that are drawn. */
const BEFORE = 1_800_000;
const AFTER = 1_800_000;

function Evidence({ detail, zone }: { readonly detail: Detail; readonly zone: string }) {
  const { request, moments } = detail;
  const first = moments.find(
    ({ kind, signal, value }) => kind === 'anomaly' && signal !== '' && value !== null,
  );
  const Picture = first?.point === '' ? SignalEvidence : FeatureEvidence;
  return (
    <section aria-label={say('seen')}>
      <h3>{say('seen')}</h3>
      {first === undefined ? (
        <p class="quiet">{say('noEvidence')}</p>
      ) : (
        <Picture
          {...{ request, zone, signal: first.signal, point: first.point }}
          at={Date.parse(first.time)}
        />
      )}
      <p>{onPlantClock(request.because, zone)}</p>
    </section>
  );
}

type EvidenceOptions = {
  readonly request: Detail['request'];
  readonly signal: string;
  readonly point: string;
  readonly at: number;
  readonly zone: string;
};

function stretchAround(at: number) {
  return { from: String(at - BEFORE), to: String(at + AFTER), points: 300 };
}

function SignalEvidence({ request, signal, at, zone }: EvidenceOptions) {
  const { plant, line, asset } = request;
  const path = { plant, line, asset, signal };
  const points = useResource('getSignal', { path, query: stretchAround(at), tables: [] });
  return <EvidenceChart {...{ points, signal, zone }} />;
}

/** A feature of bursts has no readings. */
function FeatureEvidence({ request, signal, point, at, zone }: EvidenceOptions) {
  const { plant, line, asset } = request;
  const path = { plant, line, asset, point, feature: signal.replace(/^vibration_/, '') };
  const points = useResource('getFeature', { path, query: stretchAround(at), tables: [] });
  return <EvidenceChart {...{ points, signal, zone }} />;
}

type EvidenceChartOptions = Pick<EvidenceOptions, 'signal' | 'zone'> & {
  readonly points: { readonly value: Resource<SignalPoints> };
};

function EvidenceChart({ points, signal, zone }: EvidenceChartOptions) {
  return (
    <Shown resource={points.value}>
      {(found) =>
        found.times.length === 0 ? (
          <p class="quiet">{t('noData')}</p>
        ) : (
          <Chart points={found} zone={zone} title={`${say('seen')}: ${signal}`} />
        )
      }
    </Shown>
  );
}

function Facts({
  detail: { request, delivery },
  zone,
}: {
  readonly detail: Detail;
  readonly zone: string;
}) {
  const { parts, duration, slot_start: from, slot_end: to, id } = request;
  const remote = delivery?.remote ?? null;
  return (
    <>
      <dl>
        <Fact name={say('parts')}>{parts.length === 0 ? t('none') : parts.join(', ')}</Fact>
        {duration === null ? null : <Fact name={say('takes')}>{hours(duration)}</Fact>}
        {from === null || to === null ? null : (
          <Fact name={say('until')}>
            {clock(from, zone)} – {clock(to, zone, from)}
          </Fact>
        )}
      </dl>
      <p class="quiet">{remote === null ? say('where') : say('whereAs', { remote })}</p>
      <p>
        <a href={linkTo(['requests', id])}>{say('story')}</a>
      </p>
    </>
  );
}

function WasItRight({ detail: { request, moments } }: { readonly detail: Detail }) {
  const told = useSignal<string | undefined>(undefined);
  const { plant, line, asset } = request;
  const anomaly = moments.find(({ kind }) => kind === 'anomaly')?.about;
  if (anomaly === undefined || !may('answer-alarms', plant, line)) return null;
  const answer = async (verdict: 'confirmed' | 'false') => {
    const path = { plant, line, asset };
    const result = await doAct((key) =>
      call('giveFeedback', { path, key, body: { anomaly, verdict } }),
    );
    told.value = result?.bad === true ? result.text : say('thanks');
  };
  return (
    <fieldset class="answer">
      <legend>{say('rightQuestion')}</legend>
      <button type="button" class="button button-big" onClick={() => void answer('confirmed')}>
        {say('right')}
      </button>
      <button type="button" class="button button-big" onClick={() => void answer('false')}>
        {say('wrong')}
      </button>
      <p class="note" role="status">
        {told.value}
      </p>
    </fieldset>
  );
}

function Report() {
  const situation = useResource('getSituation', { tables: ['assets'], pace: 60_000 });
  const machines = (situation.value.data?.machines ?? []).filter(({ plant, line }) =>
    may('report', plant, line),
  );
  const keyOf = ({ plant, line, asset }: Machine) => `${plant}/${line}/${asset}`;
  const chosen = machines.find((each) => keyOf(each) === place.value.query.at) ?? machines[0];
  if (chosen === undefined) return null;
  return (
    <section class="card" aria-label={t('report')}>
      <label class="field">
        <span>{say('reportAt')}</span>
        <select
          value={keyOf(chosen)}
          onChange={(event) => setQuery({ at: event.currentTarget.value })}
        >
          {machines.map((each) => (
            <option key={keyOf(each)} value={keyOf(each)}>
              {each.name}
            </option>
          ))}
        </select>
      </label>
      <ReportButton key={keyOf(chosen)} machine={chosen} />
    </section>
  );
}
