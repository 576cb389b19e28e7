import type { Stage, StageId } from '../flow/flow.ts';
import { keyed } from '../flow/keyed.ts';
import type { States } from '../flow/states.ts';
import type { Waveform } from '../model/decoded.ts';
import { locate } from '../model/key.ts';
import { assetOf } from '../model/knowledge.ts';
import type { Features } from '../model/observation.ts';
import type { Point } from '../model/plant-model.ts';
import type { FeaturesRow } from '../model/tables.ts';
import { type EventTime, eventTime, SECOND } from '../model/time.ts';
import { assemble } from './assemble.ts';
import { extract } from './extract.ts';

/**
 * Waveforms become features: an event of the asset at the end of the waveform, and a row in `features`. Unit and
 * speed come from the message, else from the point in the plant model. Every waveform gives one event, if need be
 * with all its features absent, each with the reason.
 */
export function spectrum(states: States): Stage<Waveform, Features> {
  const describe = keyed<null, Waveform, Features>(
    {
      id: 'spectrum' as StageId,
      version: 1,
      scope: 'source',
      open: () => null,
      onEvent(_, { value: waveform, late }, knowledge, out) {
        const point = assetOf(knowledge, waveform.asset)?.points.find(({ id }) => {
          return id === waveform.point;
        });
        const features = featuresOf(waveform, point);
        out.land('features', toFeaturesRow(features));
        out.emit(features, {
          key: waveform.asset,
          time: endOf(waveform),
          late: late === true,
        });
      },
    },
    states,
  );
  return (source) => source.pipe(assemble(states), describe);
}

function featuresOf(waveform: Waveform, point: Point | undefined): Features {
  const { asset, time, rate, samples } = waveform;
  const rpm = waveform.rpm ?? point?.rpm;
  const { values, absent } = extract(
    samples,
    rate,
    waveform.unit === '' ? (point?.unit ?? '') : waveform.unit,
    rpm,
    point?.bearing,
  );
  return {
    kind: 'features',
    asset,
    point: waveform.point,
    ...(point?.component === undefined ? {} : { component: point.component }),
    time,
    rate,
    samples: samples.length,
    ...(rpm === undefined ? {} : { rpm }),
    values,
    absent,
  };
}

function endOf({ time, rate, samples }: Waveform): EventTime {
  const duration = (samples.length / rate) * SECOND;
  return Number.isFinite(duration) ? eventTime(time + duration) : time;
}

/** The row of `features` for one waveform's features. */
function toFeaturesRow(features: Features): FeaturesRow {
  const { asset, point, component, time, rate, samples, rpm, values, absent } = features;
  return {
    ...locate(asset),
    point,
    component: component ?? '',
    time,
    rate,
    samples,
    rpm: rpm ?? null,
    values,
    absent,
  };
}
