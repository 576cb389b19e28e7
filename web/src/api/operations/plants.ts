// Made from docs/openapi.json (test/docs/openapi.test.ts). Do not edit.

export type PlantsOperations = {
  /** Plants and their lines, with the newest time of each line. */
  getPlants: {
    method: 'GET';
    url: '/api/v1/plants';
    path: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: {
      plants: Array<{
        id: string;
        name: string;
        /** IANA name: times of the plant are shown in it. */
        time_zone: string;
        currency: string | null;
        lines: Array<{
          id: string;
          name: string;
          /** Up to when anything is known of the line: its "now". Null before its first data. */
          newest: string | null;
          /** Of the assets that are called otherwise than by their id. */
          asset_names: Record<string, string>;
        }>;
      }>;
    };
  };
  /** Assets with their signals and measuring points, in the order of the plant model. */
  getAssets: {
    method: 'GET';
    url: '/api/v1/assets';
    path: Record<never, never>;
    query: {
      plant?: string;
      line?: string;
      asset?: string;
    };
    body: undefined;
    answer: {
      assets: Array<{
        plant: string;
        line: string;
        asset: string;
        name: string;
        class: string;
        criticality: 'A' | 'B' | 'C';
        /** Of an hour of standstill, in the currency of the plant. */
        stop_cost: number | null;
        components: Array<string>;
        signals: Array<{
          id: string;
          unit: string | null;
          description: string | null;
          /** Physical range of the sensor. */
          range: [number, number] | null;
        }>;
        points: Array<string>;
      }>;
    };
  };
  /** Stops, failures, repairs, work and money of a plant, month by month, the newest first. */
  getFigures: {
    method: 'GET';
    url: '/api/v1/plants/{plant}/figures';
    path: {
      plant: string;
    };
    query: {
      line?: string;
      months?: number;
    };
    body: undefined;
    answer: {
      months: Array<{
        /** By the clocks of the plant: 2026-03. */
        month: string;
        running_hours: number;
        /** Of stops that began in the month. */
        unplanned_hours: number;
        planned_hours: number;
        failures: number;
        /** Running hours for each failure; null without one. */
        mtbf_hours: number | null;
        /** Mean length of the failures that are over; null without one. */
        mttr_hours: number | null;
        alarms: number;
        /** Alarms that people called right. */
        confirmed: number;
        called_false: number;
        /** That were opened in the month. */
        requests: number;
        /** Of them. */
        completed: number;
        withdrawn: number;
        /** Median, to accepted or started; null where nobody did. */
        response_minutes: number | null;
        /** Median, to completed. */
        closeout_hours: number | null;
        /** Requests whose stop in production would have made an order late. */
        late_orders: number;
        /** Of stops in production for all requests, as they were worked out. */
        stop_cost: number;
        /** Requests whose work was completed within the proposed stop. */
        avoided_stops: number;
        /** What that cost less than a stop in production. */
        avoided_cost: number;
      }>;
      /** All others, each by its own definition. */
      figures: Array<{
        /** Its name, as in view `figures`. */
        figure: string;
        title: string;
        aggregate: string;
        unit: string;
        better: string;
        definition: string;
        standard: string;
        months: Array<{
          month: string;
          /** Null where nothing of it is known. */
          value: number | null;
          /** Stops, requests, parts … that it rests on. */
          cases: number;
          /** Share of the cases that are known; null without a case. */
          complete: number | null;
        }>;
        /** Of as many months before the first; a sum is a mean month of those with data, null where that is less than one. */
        before: {
          /** Null where nothing of it is known. */
          value: number | null;
          /** Stops, requests, parts … that it rests on. */
          cases: number;
          /** Share of the cases that are known; null without a case. */
          complete: number | null;
        } | null;
      }>;
      currency: string | null;
      /** The newest time in the data of the plant. */
      up_to: string | null;
    };
  };
  /** Stops as a calendar (iCalendar): slots of open requests, proposed (TENTATIVE) or agreed, and stops of the schedule; 30 days back, 90 ahead. */
  getStopCalendar: {
    method: 'GET';
    url: '/api/v1/plants/{plant}/stops.ics';
    path: {
      plant: string;
    };
    query: {
      line?: string;
      key?: string;
    };
    body: undefined;
    answer: undefined;
  };
  /** How the objectives of service were kept at a plant in the last 30 days. For whoever sees the whole plant. */
  getObjectives: {
    method: 'GET';
    url: '/api/v1/plants/{plant}/objectives';
    path: {
      plant: string;
    };
    query: Record<never, never>;
    body: undefined;
    answer: {
      objectives: Array<{
        /** File of sql/objectives. */
        objective: string;
        title: string;
        /** Percent of the time in which it is to be kept. */
        target: number;
        /** Of which anything is known of the plant. */
        minutes: number;
        /** Minutes in which it was not kept. */
        degraded: number;
        /** Minutes that may be so. */
        budget: number;
        /** Of the budget; above 1 it was missed. */
        spent: number;
        /** Requests that had to wait meanwhile. */
        held: number;
        /** The longest stretch that one cause took. */
        worst: {
          begun: string;
          ended: string;
          text: string;
        } | null;
      }>;
    };
  };
  /** Which systems hold what of a plant, what its things are called there, and what the last look found wrong. For whoever sees the whole plant; what is of no one plant, for whoever sees all of them. */
  getMasterData: {
    method: 'GET';
    url: '/api/v1/plants/{plant}/master-data';
    path: {
      plant: string;
    };
    query: Record<never, never>;
    body: undefined;
    answer: {
      held: Array<{
        system: string;
        entity: string;
        objects: number;
        /** The oldest copy is as of then. */
        as_of: string;
        /** The system is the one of record, at this plant. */
        is_record: boolean;
      }>;
      /** At most 1,000. */
      findings: Array<{
        /** File of sql/quality. */
        check: string;
        entity: string;
        system: string;
        objects: Array<string>;
        /** Who corrects it; empty for nobody. */
        owner: string;
        /** Every look has found it since. */
        since: string;
        text: string;
        proposal: string;
        /** False for what is of no one plant. */
        of_plant: boolean;
      }>;
      /** Of the last 60 looks, the newest first. */
      scores: Array<{
        time: string;
        objects: number;
        flagged: number;
        /** Share of the objects that nothing was found of. */
        score: number | null;
      }>;
      /** At most 1,000. */
      mappings: Array<{
        entity: string;
        id: string;
        system: string;
        remote: string;
        from: string;
        to: string | null;
        /** in force, waiting (not approved), to come, ended */
        state: string;
      }>;
    };
  };
  /** Schedule entries in force that touch a stretch of time. */
  getSchedule: {
    method: 'GET';
    url: '/api/v1/schedule';
    path: Record<never, never>;
    query: {
      plant?: string;
      line?: string;
      from: string;
      to: string;
    };
    body: undefined;
    answer: {
      entries: Array<{
        plant: string;
        line: string;
        id: string;
        /** order, operation, changeover, planned-stop or maintenance. */
        kind: string;
        start: string;
        end: string;
        order: string;
        product: string;
        due: string | null;
        quantity: number | null;
        /** Only these; all of the line if empty. */
        assets: Array<string>;
      }>;
    };
  };
};
