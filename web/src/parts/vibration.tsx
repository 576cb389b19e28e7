/** The vibration of a machine's measuring points: a burst with its spectra, the diagnosis, and features over time. */

import '../style/vibration.css';
import { useMemo } from 'preact/hooks';
import type { Answer } from '../api/client.ts';
import { useResource } from '../state/resource.ts';
import { place, setQuery } from '../state/route.ts';
import { say } from '../text/pages/waveforms.ts';
import { moment, number, quantity, t } from '../text/text.ts';
import { Chart } from './chart.tsx';
import { saveText } from './save-text.ts';
import { Empty, Shown } from './shown.tsx';
import type { Stretch } from './signal-view.tsx';
import { SpectrumChart, type SpectrumPicture } from './spectrum-chart.tsx';
import { Table } from './table.tsx';

type Asset = { readonly plant: string; readonly line: string; readonly asset: string };
type Spectrum = Answer<'getSpectrum'>;
type Lines = NonNullable<Spectrum['velocity']>;

type VibrationOptions = {
  readonly asset: Asset;
  readonly points: readonly string[];
  readonly stretch: Stretch;
  readonly zone: string;
};

export function Vibration({ asset, points, stretch, zone }: VibrationOptions) {
  const [first = ''] = points;
  const point = points.find((each) => each === place.value.query.point) ?? first;
  return (
    <section class="vibration" aria-labelledby="vibration">
      <div class="head">
        <h2 id="vibration">{say('vibration')}</h2>
        <Select
          name={say('point')}
          value={point}
          options={points.map((each) => [each, each])}
          onChange={(value) => setQuery({ point: value, burst: undefined, other: undefined })}
        />
      </div>
      <Bursts key={point} {...{ asset, point, zone, stretch }} />
    </section>
  );
}

type SelectOptions = {
  readonly name: string;
  readonly value: string;
  readonly options: readonly (readonly [value: string, text: string])[];
  readonly onChange: (value: string) => void;
};

function Select({ name, value, options, onChange }: SelectOptions) {
  return (
    <label class="field field-row">
      <span>{name}</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {options.map(([each, text]) => (
          <option key={each} value={each}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

type PointOptions = Omit<VibrationOptions, 'points'> & { readonly point: string };

function Bursts({ asset, point, zone, stretch }: PointOptions) {
  const bursts = useResource('getWaveforms', {
    path: { ...asset, point },
    query: { limit: 60 },
    tables: [],
    pace: 30_000,
  });
  return (
    <Shown resource={bursts.value}>
      {({ entries }) => {
        const [newest] = entries;
        if (newest === undefined) return <Empty title={say('noBursts')} why={say('noBurstsWhy')} />;
        const { burst = '', other = '' } = place.value.query;
        const times = entries.map(({ time, velocity_rms: velocity }): readonly [string, string] => [
          time,
          `${moment(time, zone)}${velocity === null ? '' : ` · ${quantity(velocity, 'mm/s')}`}`,
        ]);
        const time = burst === '' ? newest.time : burst;
        return (
          <>
            <div class="row filters">
              <Select
                name={say('burst')}
                value={burst}
                options={[['', say('newest')], ...times]}
                onChange={(value) => setQuery({ burst: value })}
              />
              <Select
                name={say('compare')}
                value={other}
                options={[['', say('nothing')], ...times]}
                onChange={(value) => setQuery({ other: value })}
              />
              <AxisChoice />
            </div>
            <Burst key={time} {...{ asset, point, zone, stretch, time, other }} />
          </>
        );
      }}
    </Shown>
  );
}

type Axis = 'hz' | 'cpm' | 'orders';
const AXES: readonly Axis[] = ['hz', 'cpm', 'orders'];

function axisNow(): Axis {
  return AXES.find((each) => each === place.value.query.axis) ?? 'hz';
}

function AxisChoice() {
  return (
    <Select
      name={say('axis')}
      value={axisNow()}
      options={AXES.map((each) => [each, say(each)])}
      onChange={(value) => setQuery({ axis: value === 'hz' ? undefined : value })}
    />
  );
}

/** Points of a picture: as wide as a desk shows them. */
const POINTS = 800;

type BurstOptions = PointOptions & { readonly time: string; readonly other: string };

function Burst({ asset, point, zone, stretch, time, other }: BurstOptions) {
  const found = useResource('getSpectrum', {
    path: { ...asset, point, time },
    query: { points: POINTS },
    tables: [],
  });
  return (
    <Shown resource={found.value}>
      {(spectrum) => (
        <>
          <Verdict spectrum={spectrum} />
          {other === '' || other === time ? (
            <Pictures spectrum={spectrum} other={undefined} zone={zone} />
          ) : (
            <Compared key={other} {...{ asset, point, other, spectrum, zone }} />
          )}
          <Trend {...{ asset, point, zone, stretch }} features={Object.keys(spectrum.values)} />
        </>
      )}
    </Shown>
  );
}

type ComparedOptions = {
  readonly asset: Asset;
  readonly point: string;
  readonly other: string;
  readonly spectrum: Spectrum;
  readonly zone: string;
};

function Compared({ asset, point, other, spectrum, zone }: ComparedOptions) {
  const found = useResource('getSpectrum', {
    path: { ...asset, point, time: other },
    query: { points: POINTS },
    tables: [],
  });
  return <Pictures spectrum={spectrum} other={found.value.data} zone={zone} />;
}

function Verdict({
  spectrum: { diagnosis, shaft, zone, samples, rate },
}: {
  readonly spectrum: Spectrum;
}) {
  const { verdict, confidence, reasons, action } = diagnosis;
  return (
    <div class="card">
      <p>
        <strong>
          {say('verdict')}: {verdictText(verdict)}
        </strong>
        {verdict === 'none' || verdict === 'not_determined'
          ? null
          : `, ${say('certainty', { share: number(confidence * 100) })}`}
        {zone === null ? null : ` · ${say('zone', { zone })}`}
      </p>
      <p class="quiet">
        {shaft === null ? say('noShaft') : say('shaft', { rpm: number(shaft * 60) })} ·{' '}
        {say('samples', { count: number(samples), rate: number(rate) })}
      </p>
      <ul class="plain">
        {reasons.map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
        {action === '' ? null : <li>{action}</li>}
      </ul>
    </div>
  );
}

const VERDICTS = [
  ...(['none', 'not_determined', 'outer_race', 'inner_race', 'rolling_element', 'cage'] as const),
  ...(['unbalance', 'misalignment', 'looseness'] as const),
];

function verdictText(verdict: string): string {
  const known = VERDICTS.find((each) => each === verdict);
  return known === undefined ? verdict : say(known);
}

type PicturesOptions = {
  readonly spectrum: Spectrum;
  readonly other: Spectrum | undefined;
  readonly zone: string;
};

function Pictures({ spectrum, other, zone }: PicturesOptions) {
  const { wave, unit, velocity, envelope, absent, time } = spectrum;
  const wavePicture = useMemo(
    (): SpectrumPicture => ({
      ...{ step: wave.step, unitX: 's', unitY: unit, values: wave.greatest, least: wave.least },
      marks: [],
    }),
    [spectrum],
  );
  const why = absent.velocity_rms ?? absent.acceleration_rms ?? '';
  return (
    <div class="signals">
      <section class="signal" aria-label={say('wave')}>
        <h3>
          {say('wave')} <span class="quiet">{moment(time, zone)}</span>
        </h3>
        <SpectrumChart picture={wavePicture} title={say('wave')} />
      </section>
      {velocity === null ? (
        <Empty title={say('notReadable', { why })} />
      ) : (
        <SpectrumView
          name="velocity"
          unit="mm/s"
          {...{ lines: velocity, other: other?.velocity ?? null, shaft: spectrum.shaft }}
        />
      )}
      {envelope === null ? (
        <Empty title={velocity === null ? say('notReadable', { why }) : say('notAcceleration')} />
      ) : (
        <SpectrumView
          name="envelope"
          unit=""
          {...{ lines: envelope, other: other?.envelope ?? null, shaft: spectrum.shaft }}
        />
      )}
    </div>
  );
}

/** As analysts call them, in every language. */
const PART_NAMES = {
  outer_race: 'BPFO',
  inner_race: 'BPFI',
  rolling_element: 'BSF',
  cage: 'FTF',
} as const;

type SpectrumViewOptions = {
  readonly name: 'velocity' | 'envelope';
  readonly unit: string;
  readonly lines: Lines;
  readonly other: Lines | null;
  readonly shaft: number | null;
};

function SpectrumView({ name, unit, lines, other, shaft }: SpectrumViewOptions) {
  const asked = axisNow();
  const axis = asked === 'orders' && shaft === null ? 'hz' : asked;
  const factor = axis === 'cpm' ? 60 : axis === 'orders' ? 1 / (shaft ?? 1) : 1;
  const unitX = axis === 'orders' ? '×' : say(axis);
  const marks = lines.marks.map(({ kind, n, at }) => ({
    text: kind === 'order' ? `${n}×` : n === 1 ? PART_NAMES[kind] : `${n} ${PART_NAMES[kind]}`,
    at: at * factor,
    hertz: at,
  }));
  const picture = useMemo((): SpectrumPicture => {
    const { step, values } = lines;
    // Other rates and lengths have other lines: they cannot lie over these.
    const fits = other !== null && Math.abs(other.step - step) < step * 1e-6;
    return {
      ...{ step: step * factor, unitX, unitY: unit, values, marks },
      ...(fits ? { other: values.map((_, at) => other.values[at] ?? 0) } : {}),
    };
  }, [lines, other, factor, unitX]);
  const title = say(name);
  const save = () =>
    saveText(
      `${name}.csv`,
      [
        `Hz,${unit === '' ? name : unit}`,
        ...lines.values.map((value, at) => `${at * lines.step},${value}`),
      ].join('\n'),
    );
  return (
    <section class="signal" aria-label={title}>
      <div class="head">
        <h3>
          {title} <span class="quiet">{unit === '' ? say('share') : `${unit} rms`}</span>
        </h3>
        <button type="button" class="button" onClick={save}>
          {say('table')}
        </button>
      </div>
      <SpectrumChart
        picture={picture}
        title={`${title}: ${marks.map(({ text }) => text).join(', ')}`}
      />
      {marks.length === 0 ? null : (
        <details>
          <summary>{say('markedLines')}</summary>
          <Table
            rows={marks}
            keyOf={({ text }) => text}
            columns={[
              { name: say('line'), cell: ({ text }) => text },
              { name: say('frequency'), cell: ({ at }) => quantity(at, unitX) },
              {
                name: say('amplitude'),
                cell: ({ hertz }) => quantity(greatestNear(lines, hertz), unit),
              },
            ]}
          />
        </details>
      )}
    </section>
  );
}

/** A line may stand beside its place by slip: one part in a hundred. */
function greatestNear({ step, values }: Lines, hertz: number): number {
  const from = Math.max(0, Math.floor((hertz * 0.99) / step));
  return Math.max(0, ...values.slice(from, Math.ceil((hertz * 1.01) / step) + 1));
}

type TrendOptions = PointOptions & { readonly features: readonly string[] };

function Trend({ asset, point, zone, stretch, features }: TrendOptions) {
  const [first = 'velocity_rms'] = features;
  const wanted = place.value.query.feature ?? 'velocity_rms';
  const feature = features.find((each) => each === wanted) ?? first;
  const found = useResource('getFeature', {
    path: { ...asset, point, feature },
    query: { ...stretch, points: POINTS },
    tables: [],
  });
  return (
    <section class="signal" aria-label={say('trend')}>
      <div class="head">
        <h3>{say('trend')}</h3>
        <Select
          name={say('feature')}
          value={feature}
          options={features.map((each) => [each, each])}
          onChange={(value) => setQuery({ feature: value })}
        />
      </div>
      <Shown resource={found.value}>
        {(points) =>
          points.times.length === 0 ? (
            <Empty title={t('noData')} />
          ) : (
            <Chart points={points} zone={zone} title={`${say('trend')}: ${feature}`} />
          )
        }
      </Shown>
    </section>
  );
}
