/** Figures for managers: stops, failures, repairs, work and money of a plant, month by month, and as a table to take away. */

import type { Answer } from '../api/client.ts';
import { ChosenPlant, type ChosenPlantProps, OtherPlants } from '../parts/chosen-plant.tsx';
import { saveText } from '../parts/save-text.ts';
import { Empty, Shown } from '../parts/shown.tsx';
import { Table, type TableColumn } from '../parts/table.tsx';
import { useResource } from '../state/resource.ts';
import { place, setQuery } from '../state/route.ts';
import { say } from '../text/pages/figures.ts';
import { money, number, t } from '../text/text.ts';

type Figures = Answer<'getFigures'>;
type Month = Figures['months'][number];
type Name = Exclude<keyof Month, 'month'>;

export function FiguresPage({ plant }: { readonly plant: string }) {
  return (
    <ChosenPlant id={plant}>
      {(chosen) => <OfPlant key={chosen.plant.id} {...chosen} />}
    </ChosenPlant>
  );
}

function OfPlant({ plant, all }: ChosenPlantProps) {
  const { line = '' } = place.value.query;
  const figures = useResource('getFigures', {
    path: { plant: plant.id },
    query: line === '' ? {} : { line },
    tables: ['requests'],
    pace: 60_000,
  });
  return (
    <>
      <div class="head">
        <h1>{t('figures')}</h1>
        <OtherPlants page="figures" chosen={{ plant, all }} />
        <label class="field field-row">
          <span>{t('filterLine')}</span>
          <select value={line} onChange={(event) => setQuery({ line: event.currentTarget.value })}>
            <option value="">{t('everything')}</option>
            {plant.lines.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </div>
      <Shown resource={figures.value}>
        {(found) =>
          found.months.length === 0 ? (
            <Empty title={say('none')} why={say('noneWhy')} />
          ) : (
            <Months figures={found} plant={plant.id} line={line} />
          )
        }
      </Shown>
    </>
  );
}

/** Which figures stand beside each other. */
const GROUPS: readonly (readonly [
  title: 'machines' | 'alarmsAndWork' | 'money',
  names: readonly Name[],
])[] = [
  [
    'machines',
    ['running_hours', 'unplanned_hours', 'planned_hours', 'failures', 'mtbf_hours', 'mttr_hours'],
  ],
  [
    'alarmsAndWork',
    [
      ...(['alarms', 'confirmed', 'called_false', 'requests', 'completed', 'withdrawn'] as const),
      ...(['response_minutes', 'closeout_hours'] as const),
    ],
  ],
  ['money', ['late_orders', 'stop_cost', 'avoided_stops', 'avoided_cost']],
];
const MONEY: ReadonlySet<Name> = new Set(['stop_cost', 'avoided_cost']);

type MonthsOptions = { readonly figures: Figures; readonly plant: string; readonly line: string };

function Months({ figures: { months, currency }, plant, line }: MonthsOptions) {
  const text = (name: Name, value: number | null) => {
    if (value === null) return '–';
    return MONEY.has(name) ? money(value, currency) : number(value);
  };
  const save = () => {
    const names = GROUPS.flatMap(([, of]) => of);
    const rows = months.map((each) =>
      [each.month, ...names.map((name) => each[name] ?? '')].join(','),
    );
    const file = ['andon', plant, ...(line === '' ? [] : [line])].join('-');
    saveText(`${file}.csv`, [['month', ...names].join(','), ...rows].join('\r\n'));
  };
  return (
    <>
      <div class="row">
        <button type="button" class="button button-main" onClick={save}>
          {say('table')}
        </button>
      </div>
      {GROUPS.map(([title, names]) => (
        <section key={title} aria-labelledby={title}>
          <h2 id={title}>{say(title)}</h2>
          <Table
            rows={months}
            keyOf={({ month }) => month}
            columns={[
              { name: say('month'), cell: ({ month }) => month },
              ...names.map(
                (name): TableColumn<Month> => ({
                  name: say(name),
                  cell: (each) => text(name, each[name]),
                }),
              ),
            ]}
          />
        </section>
      ))}
      <p class="quiet">{say('explained')}</p>
    </>
  );
}
