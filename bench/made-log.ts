import { Packr } from 'msgpackr';
import { parse } from 'yaml';
import type { Message, Sequence } from '../operators/model/message.ts';
import { fromMilliseconds } from '../operators/model/time.ts';
import { assetNames, PLANT, plantModel } from './paced-plant.ts';

const packr = new Packr({ useRecords: false });

/** When the logs of benchmarks begin: epoch milliseconds. */
export const BEGIN = Date.UTC(2026, 0, 5);

/** Makes the messages of a log in memory, one after the other. */
export interface MadeLog {
  /** Model and rules of the benchmark plant, and word that every machine runs. */
  begin(assets: number, rules: string, signals?: readonly string[]): Message[];
  /** One frame of an asset, `milliseconds` after the beginning; appended 20 ms later. */
  frame(asset: number, milliseconds: number, values: Readonly<Record<string, number>>): Message;
}

export function createMadeLog(): MadeLog {
  let sequence = 0;
  let names: readonly string[] = [];
  const counts: number[] = [];

  function message(subject: string, after: number, body: unknown, headers = {}): Message {
    sequence += 1;
    return {
      sequence: sequence as Sequence,
      appended: fromMilliseconds(BEGIN + after + 20),
      subject,
      headers,
      payload: new Uint8Array(packr.pack(body)),
    };
  }

  return {
    begin(assets, rules, signals) {
      names = assetNames(assets).map(({ line, asset }) => `${PLANT}.${line}.${asset}`);
      return [
        message(`model.${PLANT}`, 0, plantModel(assets, signals), { 'Andon-Change': 'model' }),
        message(`rules.${PLANT}`, 0, parse(rules), { 'Andon-Change': 'rules' }),
        ...names.map((name) =>
          message(`event.${name}`, 0, { time: BEGIN, type: 'state', data: { state: 'EXECUTE' } }),
        ),
      ];
    },
    frame(asset, milliseconds, values) {
      const count = (counts[asset] ?? 0) + 1;
      counts[asset] = count;
      const headers = { 'Andon-Producer': 'bench/0', 'Andon-Sequence': String(count) };
      const body = { time: BEGIN + milliseconds, values };
      return message(`telemetry.${names[asset]}`, milliseconds, body, headers);
    },
  };
}
