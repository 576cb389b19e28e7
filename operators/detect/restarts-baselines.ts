import { type MachineEvent, requestStatusOf } from '../model/machine-event.ts';

/**
 * Which point's baselines start anew after a machine event: '' for all of the asset, undefined for none.
 * `repaired` and `sensor_changed` may name a `point`; a request does it when it is completed.
 */
export function restartsBaselines(event: MachineEvent): string | undefined {
  if (event.type === 'request') {
    return requestStatusOf(event)?.status === 'completed' ? '' : undefined;
  }
  if (event.type !== 'repaired' && event.type !== 'sensor_changed') return undefined;
  const { point } = event.data;
  return typeof point === 'string' ? point : '';
}
