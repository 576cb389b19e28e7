/** Requests as a board: from what was asked for to what is over. */

import type { Answer } from '../api/client.ts';
import { LineFilter } from '../parts/line-filter.tsx';
import { RequestPriority } from '../parts/marks.tsx';
import { Empty, Shown } from '../parts/shown.tsx';
import { assetName, lineName, newestOf, type Plant } from '../state/plants.ts';
import { useResource } from '../state/resource.ts';
import { linkTo, place } from '../state/route.ts';
import type { TextKey } from '../text/en.ts';
import { clock, money, shortTitle, t } from '../text/text.ts';

export type RequestEntry = Answer<'getRequests'>['entries'][number];

type Column = {
  readonly title: TextKey;
  readonly takes: (request: RequestEntry) => boolean;
};

/** The first column that takes a request has it. */
const COLUMNS: readonly Column[] = [
  { title: 'columnOver', takes: ({ open }) => !open },
  {
    title: 'columnRejected',
    takes: ({ status }) => status === 'rejected' || status === 'cancelled',
  },
  { title: 'columnDone', takes: ({ status }) => status === 'completed' || status === 'closed' },
  { title: 'columnStarted', takes: ({ status }) => status === 'started' },
  {
    title: 'columnPlanned',
    takes: ({ status }) => status === 'accepted' || status === 'scheduled',
  },
  { title: 'columnNew', takes: () => true },
];
const SHOWN: readonly TextKey[] = [
  ...(['columnNew', 'columnPlanned', 'columnStarted', 'columnDone', 'columnRejected'] as const),
  'columnOver',
];
/** Requests that are read: the newest. */
const MOST = 500;
/** Cards of a column; what is over has many. */
const MOST_CARDS = 30;

const HURRY = ['urgent', 'high', 'medium', 'low'];

export function RequestsPage() {
  const plants = useResource('getPlants', { tables: ['assets'], pace: 10_000 });
  const requests = useResource('getRequests', {
    query: { limit: MOST },
    tables: ['requests', 'machine_events', 'workflow_steps'],
  });
  const wanted = place.value.query.line ?? '';
  return (
    <>
      <div class="head">
        <h1>{t('requests')}</h1>
        <LineFilter plants={plants.value.data?.plants ?? []} />
      </div>
      <Shown resource={requests.value}>
        {({ entries, next }) => {
          const shown = entries.filter(
            ({ plant, line }) => wanted === '' || `${plant}/${line}` === wanted,
          );
          if (shown.length === 0 && next === null) {
            return <Empty title={t('noRequests')} why={t('noRequestsWhy')} />;
          }
          return (
            <>
              {next === null ? null : <p class="quiet">{t('newestOnly', { count: MOST })}</p>}
              <BoardOfRequests requests={shown} plants={plants.value.data?.plants ?? []} />
            </>
          );
        }}
      </Shown>
    </>
  );
}

type BoardOptions = {
  readonly requests: readonly RequestEntry[];
  readonly plants: readonly Plant[];
};

function BoardOfRequests({ requests, plants }: BoardOptions) {
  const columnOf = (request: RequestEntry) => COLUMNS.find(({ takes }) => takes(request))?.title;
  return (
    <div class="board">
      {SHOWN.map((title) => {
        const cards = requests.filter((request) => columnOf(request) === title);
        if (title === 'columnRejected' && cards.length === 0) return null;
        if (title !== 'columnOver') {
          cards.sort((a, b) => HURRY.indexOf(a.priority) - HURRY.indexOf(b.priority));
        }
        return (
          <section key={title} class="column" aria-label={t(title)}>
            <h2>
              {t(title)} <span class="quiet">{cards.length}</span>
            </h2>
            {cards.length === 0 ? <p class="quiet">{t('emptyColumn')}</p> : null}
            <ul>
              {cards.slice(0, MOST_CARDS).map((request) => (
                <Card
                  key={request.id}
                  request={request}
                  plant={plants.find(({ id }) => id === request.plant)}
                />
              ))}
            </ul>
          </section>
        );
      })}
    </div>
  );
}

function Card({
  request,
  plant,
}: {
  readonly request: RequestEntry;
  readonly plant: Plant | undefined;
}) {
  const { id, title, priority, opened, slot_start: slot, stop_cost: cost, line, asset } = request;
  const zone = plant?.time_zone ?? 'UTC';
  const now = plant === undefined ? undefined : newestOf(plant);
  return (
    <li class="card">
      <a href={linkTo(['requests', id])}>{shortTitle(title)}</a>
      <p class="quiet">
        {lineName(plant, line)} · {assetName(plant, line, asset)}
      </p>
      <p>
        <RequestPriority priority={priority} />{' '}
        <span class="quiet">{t('since', { time: clock(opened, zone, now) })}</span>
      </p>
      {request.asks ? (
        <p>
          <strong>{t('asksPerson')}</strong>
        </p>
      ) : null}
      {slot === null || !request.open ? null : (
        <p class="quiet">
          {t('slot')}: {clock(slot, zone, now)}
        </p>
      )}
      {cost === null || !request.open ? null : (
        <p class="quiet">{t('forWork', { cost: money(cost, plant?.currency ?? null) })}</p>
      )}
    </li>
  );
}
