// Made from docs/openapi.json (test/docs/openapi.test.ts). Do not edit.

import type { ActsOperations } from './operations/acts.ts';
import type { AlarmsOperations } from './operations/alarms.ts';
import type { ChangesOperations } from './operations/changes.ts';
import type { DataOperations } from './operations/data.ts';
import type { MachinesOperations } from './operations/machines.ts';
import type { PlantsOperations } from './operations/plants.ts';
import type { RequestsOperations } from './operations/requests.ts';
import type { RulesOperations } from './operations/rules.ts';
import type { SessionOperations } from './operations/session.ts';

export type Operations = ActsOperations &
  AlarmsOperations &
  ChangesOperations &
  DataOperations &
  MachinesOperations &
  PlantsOperations &
  RequestsOperations &
  RulesOperations &
  SessionOperations;
