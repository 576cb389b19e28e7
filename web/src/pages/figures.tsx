/** Figures for managers: stops, failures, repairs, work and money of a plant, month by month, and as a table to take away. */

import type { Answer } from '../api/client.ts';
import { ChosenPlant, type ChosenPlantProps, OtherPlants } from '../parts/chosen-plant.tsx';
import { saveBytes, saveText } from '../parts/save-text.ts';
import { Empty, Shown } from '../parts/shown.tsx';
import { Table, type TableColumn } from '../parts/table.tsx';
import type { Sheet } from '../parts/workbook.ts';
import { useResource } from '../state/resource.ts';
import { place, setQuery } from '../state/route.ts';
import { nameOfFigure, say } from '../text/pages/figures.ts';
import { money, number, quantity, t } from '../text/text.ts';

type Figures = Answer<'getFigures'>;
type Month = Figures['months'][number];
type Defined = Figures['figures'][number];
type Value = NonNullable<Defined['before']>;
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

function Months({ figures: { months, figures, currency, up_to }, plant, line }: MonthsOptions) {
  const text = (name: Name, value: number | null) => {
    if (value === null) return '–';
    return MONEY.has(name) ? money(value, currency) : number(value);
  };
  const file = ['andon', plant, ...(line === '' ? [] : [line])].join('-');
  const save = () => {
    const names = GROUPS.flatMap(([, of]) => of);
    const rows = months.map((each) =>
      [each.month, ...names.map((name) => each[name] ?? '')].join(','),
    );
    saveText(`${file}.csv`, [['month', ...names].join(','), ...rows].join('\r\n'));
  };
  const saveSheets = async () => {
    const { workbookOf, WORKBOOK_TYPE } = await import('../parts/workbook.ts');
    saveBytes(`${file}.xlsx`, workbookOf(sheetsOf(months, figures, currency)), WORKBOOK_TYPE);
  };
  return (
    <>
      <div class="row">
        <button type="button" class="button button-main" onClick={save}>
          {say('table')}
        </button>
        <button type="button" class="button" onClick={() => void saveSheets()}>
          {say('sheets')}
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
      <Definitions figures={figures} months={months.slice(0, SHOWN).map(({ month }) => month)} />
      <p class="quiet">
        {say('explained')} {say('upTo')} {up_to}.
      </p>
    </>
  );
}

/** What stands on the page, with every month and all digits, under the same names. */
function sheetsOf(
  months: readonly Month[],
  figures: readonly Defined[],
  currency: string | null,
): readonly Sheet[] {
  const names = GROUPS.flatMap(([, of]) => of);
  const titleOf = (name: Name) =>
    MONEY.has(name) && currency !== null ? `${say(name)}, ${currency}` : say(name);
  const all = months.map(({ month }) => month);
  return [
    {
      name: t('figures'),
      rows: [
        [say('month'), ...names.map(titleOf)],
        ...months.map((each) => [each.month, ...names.map((name) => each[name])]),
      ],
    },
    {
      name: say('defined'),
      rows: [
        [say('figure'), say('unit'), say('before'), ...all, say('definition')],
        ...figures.map(({ figure, title, unit, before, months: of, definition }) => [
          nameOfFigure(figure, title),
          unit,
          before?.value ?? null,
          ...all.map((month) => of.find((each) => each.month === month)?.value ?? null),
          definition,
        ]),
      ],
    },
  ];
}

/** So many months of figures by definition stand beside each other. */
const SHOWN = 4;

type DefinitionsOptions = {
  readonly figures: readonly Defined[];
  readonly months: readonly string[];
};

/** A row for each figure: its months, what it was before, and how much of what it rests on is known. */
function Definitions({ figures, months }: DefinitionsOptions) {
  const of = (figure: Defined, month: string) => figure.months.find((each) => each.month === month);
  const known = ({ months: all }: Defined) => {
    const cases = all.reduce((sum, each) => sum + each.cases, 0);
    const told = all.reduce((sum, each) => sum + each.cases * (each.complete ?? 0), 0);
    return cases === 0 ? '–' : percent(told / cases);
  };
  return (
    <section aria-labelledby="defined">
      <h2 id="defined">{say('defined')}</h2>
      <Table
        rows={figures}
        keyOf={({ figure }) => figure}
        columns={[
          {
            name: say('figure'),
            cell: ({ figure, title, definition }) => (
              <span title={definition}>{nameOfFigure(figure, title)}</span>
            ),
          },
          ...months.map(
            (month): TableColumn<Defined> => ({
              name: month,
              cell: (each) => textOfValue(each, of(each, month)),
            }),
          ),
          { name: say('before'), cell: (each) => textOfValue(each, each.before) },
          { name: say('known'), cell: known },
        ]}
      />
    </section>
  );
}

/** A figure without a unit is a share. */
function textOfValue({ aggregate, unit }: Defined, found: Value | null | undefined): string {
  const value = found?.value ?? null;
  if (value === null) return '–';
  if (aggregate === 'ratio') return percent(value);
  return unit === 'count' ? number(value) : quantity(value, unit);
}

function percent(share: number): string {
  return `${number(share * 100)} %`;
}
