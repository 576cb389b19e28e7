/** One request as a story: from the first breach of a limit to what became of it. */

import type { Answer } from '../api/client.ts';
import { lazy } from '../parts/lazy.tsx';
import { Fact, RequestPriority } from '../parts/marks.tsx';
import { NotFound, Shown } from '../parts/shown.tsx';
import { lineName, type Plant } from '../state/plants.ts';
import { useResource } from '../state/resource.ts';
import { linkTo } from '../state/route.ts';
import { stepText } from '../text/pages/steps.ts';
import {
  clock,
  hours,
  moment,
  money,
  onPlantClock,
  quantity,
  shortReason,
  shortTitle,
  t,
  word,
} from '../text/text.ts';

const CommentForm = lazy(async () => (await import('../parts/words.tsx')).CommentForm);
const PhotoOf = lazy(async () => (await import('../parts/words.tsx')).PhotoOf);
const PatternDiagrams = lazy(
  async () => (await import('../parts/pattern-diagram.tsx')).PatternDiagrams,
);
const Decisions = lazy(async () => (await import('../parts/decisions.tsx')).Decisions);

type Detail = Answer<'getRequest'>;
type Moment = Detail['moments'][number];

export function RequestPage({ id }: { readonly id: string }) {
  const plants = useResource('getPlants', { tables: ['assets'], pace: 10_000 });
  const detail = useResource('getRequest', {
    path: { id },
    tables: ['requests', 'anomalies', 'machine_events', 'workflow_steps'],
  });
  if (detail.value.problem?.status === 404) return <NotFound />;
  return (
    <Shown resource={detail.value}>
      {(found) => {
        const all = plants.value.data?.plants ?? [];
        return <Story detail={found} plant={all.find((each) => each.id === found.request.plant)} />;
      }}
    </Shown>
  );
}

function Story({ detail, plant }: { readonly detail: Detail; readonly plant: Plant | undefined }) {
  const { request, moments } = detail;
  const zone = plant?.time_zone ?? 'UTC';
  return (
    <>
      <nav class="crumbs" aria-label={t('back')}>
        <a href={linkTo(['requests'])}>{t('requests')}</a>
      </nav>
      <div class="head">
        <h1>{shortTitle(request.title)}</h1>
        <p>
          <RequestPriority priority={request.priority} />{' '}
          <a href={linkTo(['machine', request.plant, request.line, request.asset])}>
            {request.asset_name}
          </a>{' '}
          <span class="quiet">{lineName(plant, request.line)}</span>
        </p>
      </div>
      {detail.decisions.length === 0 ? null : <Decisions detail={detail} zone={zone} />}
      <div class="two">
        <section aria-labelledby="story">
          <h2 id="story">{t('story')}</h2>
          <p class="quiet">{t('storyWhy')}</p>
          <ol class="story">
            {moments.map((each, at) => (
              <MomentEntry
                key={`${each.time} ${each.kind} ${each.about} ${at}`}
                {...{ moment: each, zone, request, before: moments[at - 1]?.time }}
              />
            ))}
          </ol>
          <CommentForm request={request} />
        </section>
        <Facts detail={detail} zone={zone} />
      </div>
      {detail.matches.length === 0 ? null : (
        <PatternDiagrams matches={detail.matches} zone={zone} />
      )}
    </>
  );
}

const TITLES = {
  anomaly: 'momentAnomaly',
  event: 'momentAnomaly',
  revision: 'momentRevision',
  status: 'momentStatus',
  act: 'momentAct',
  step: 'momentStep',
} as const;

type MomentOptions = {
  readonly moment: Moment;
  readonly zone: string;
  readonly request: Detail['request'];
  readonly before: string | undefined;
};

function MomentEntry({ moment: each, zone, request, before }: MomentOptions) {
  const { kind, title, text, value, limit, unit, time, signal, state, system, photo } = each;
  const over = kind === 'anomaly' && title === 'cleared';
  const name = over ? t('momentCleared') : t(TITLES[kind]);
  // A step is called what the rules call it, also where that is a word of ours.
  const called = kind === 'step' ? title : word(title === 'report' ? 'reported' : title);
  const person = each.name === '' ? name : each.name;
  return (
    <li class={`moment moment-${over ? 'cleared' : kind}`}>
      <time dateTime={time} title={moment(time, zone)}>
        {clock(time, zone, before)}
      </time>
      <div>
        <strong>{person}</strong> {kind === 'anomaly' ? null : <span>{called}</span>}
        {state === '' ? null : (
          <span class="quiet">
            {' '}
            {stepText(state)}
            {system === '' ? '' : ` (${system})`}
          </span>
        )}
        {text === '' ? null : (
          <p>{onPlantClock(kind === 'anomaly' ? shortReason(text) : text, zone)}</p>
        )}
        {photo === '' ? null : <PhotoOf of={request} name={request.asset_name} photo={photo} />}
        {kind !== 'anomaly' || value === null || limit === null ? null : (
          <p class="quiet">
            {signal}: {quantity(value, unit)}, {t('limit')} {quantity(limit, unit)}
          </p>
        )}
      </div>
    </li>
  );
}

function Facts({ detail, zone }: { readonly detail: Detail; readonly zone: string }) {
  const { request, delivery } = detail;
  const { slot_start: from, slot_end: to, currency } = request;
  return (
    <aside class="card" aria-label={t('requests')}>
      <dl>
        <Fact name={t('status')}>
          {request.status === '' ? t('noStatus') : word(request.status)}
        </Fact>
        <Fact name={t('because')}>{onPlantClock(request.because, zone)}</Fact>
        <Fact name={t('slot')}>
          {from === null || to === null
            ? t('noSlot')
            : `${word(request.slot_kind)}, ${clock(from, zone)} – ${clock(to, zone, from)}`}
          {request.cost_in_slot === null || from === null
            ? null
            : ` (${t('costInSlot', { cost: money(request.cost_in_slot, currency) })})`}
        </Fact>
        <Fact name={t('cost')}>
          {request.stop_cost === null
            ? t('noCost')
            : t('forWork', { cost: money(request.stop_cost, currency) })}
          {request.order_late === true ? <p>{t('lateOrder')}</p> : null}
        </Fact>
        <Fact name={t('order')}>
          {request.order === '' ? t('noOrder') : `${request.order} ${request.product}`}
        </Fact>
        {request.due === null ? null : <Fact name={t('due')}>{clock(request.due, zone)}</Fact>}
        <Fact name={t('work')}>{word(request.work)}</Fact>
        {request.duration === null ? null : (
          <Fact name={t('duration')}>{hours(request.duration)}</Fact>
        )}
        <Fact name={t('parts')}>
          {request.parts.length === 0 ? t('none') : request.parts.join(', ')}
        </Fact>
        <Fact name={t('inCmms')}>{deliveryText(delivery)}</Fact>
      </dl>
      <details>
        <summary>ID {request.id}</summary>
        <pre>{request.description}</pre>
      </details>
    </aside>
  );
}

function deliveryText(delivery: Detail['delivery']): string {
  if (delivery === null) return t('notInCmms');
  const { state, remote, note } = delivery;
  if (state === 'rejected') return t('deliveryRejected', { note });
  if (remote === null) return t('deliveryWaiting');
  return t('deliverySent', { remote });
}
