/** What the page of figures says. */

import { language } from '../../state/settings.ts';
import { textsOf } from '../text.ts';

export const say = textsOf({
  en: {
    none: 'There are no figures yet.',
    noneWhy:
      'They come from states of machines, alarms and requests; the first month has them after its first day.',
    table: 'As a table (CSV)',
    month: 'Month',
    running_hours: 'Running, h',
    unplanned_hours: 'Unplanned stops, h',
    planned_hours: 'Planned stops, h',
    failures: 'Failures',
    mtbf_hours: 'MTBF, h',
    mttr_hours: 'MTTR, h',
    alarms: 'Alarms',
    confirmed: 'called right',
    called_false: 'called false',
    requests: 'Requests',
    completed: 'completed',
    withdrawn: 'withdrawn',
    response_minutes: 'Response, min',
    closeout_hours: 'Close-out, h',
    late_orders: 'Orders at risk',
    stop_cost: 'Stops in production would cost',
    avoided_stops: 'Stops avoided',
    avoided_cost: 'Saved by it',
    machines: 'Machines',
    alarmsAndWork: 'Alarms and work',
    money: 'Schedule and money',
    defined: 'By definition',
    figure: 'Figure',
    before: 'Before',
    known: 'Known',
    upTo: 'Data up to',
    explained:
      'By the clocks of the plant. MTBF is running hours for each failure, MTTR the mean length of those that are over; response and close-out are medians. A stop is avoided when the work was completed within the proposed stop.',
  },
  de: {
    none: 'Es gibt noch keine Kennzahlen.',
    noneWhy:
      'Sie kommen aus Zuständen, Alarmen und Aufträgen; der erste Monat hat sie nach seinem ersten Tag.',
    table: 'Als Tabelle (CSV)',
    month: 'Monat',
    running_hours: 'Läuft, h',
    unplanned_hours: 'Ungeplante Stillstände, h',
    planned_hours: 'Geplante Stillstände, h',
    failures: 'Ausfälle',
    mtbf_hours: 'MTBF, h',
    mttr_hours: 'MTTR, h',
    alarms: 'Alarme',
    confirmed: 'richtig',
    called_false: 'falsch',
    requests: 'Aufträge',
    completed: 'erledigt',
    withdrawn: 'zurückgezogen',
    response_minutes: 'Reaktion, min',
    closeout_hours: 'Erledigung, h',
    late_orders: 'Gefährdete Fertigungsaufträge',
    stop_cost: 'Stillstände in der Produktion würden kosten',
    avoided_stops: 'Vermiedene Stillstände',
    avoided_cost: 'Damit gespart',
    machines: 'Maschinen',
    alarmsAndWork: 'Alarme und Arbeit',
    money: 'Plan und Geld',
    defined: 'Nach Definition',
    figure: 'Kennzahl',
    before: 'Davor',
    known: 'Bekannt',
    upTo: 'Daten bis',
    explained:
      'Nach den Uhren des Werks. MTBF sind Laufstunden je Ausfall, MTTR die mittlere Dauer der behobenen; Reaktion und Erledigung sind Mediane. Ein Stillstand ist vermieden, wenn die Arbeit im vorgeschlagenen erledigt wurde.',
  },
});

/** What German calls a figure; English calls it as the server does. */
const GERMAN: Readonly<Record<string, string>> = {
  'unplanned-downtime': 'Ungeplanter Stillstand',
  uptime: 'Verfügbarkeit',
  response: 'Reaktion',
  'close-out': 'Erledigung',
  'decision-latency': 'Zeit bis zur Entscheidung',
  'first-time-fix': 'Beim ersten Mal behoben',
  'parts-availability': 'Teile vorhanden',
  'stock-outs': 'Teile vergriffen',
  'over-ordering': 'Zu viel bestellt',
  'procurement-response': 'Antwort des Einkaufs',
  'inventory-accuracy': 'Bestand stimmt',
  'parts-used': 'Verbrauchte von erwarteten Teilen',
  'cost-attribution': 'Kosten zugeordnet',
  auditability: 'Lückenlos belegt',
  'manual-corrections': 'Eingriffe von Hand',
  'process-completion': 'Abläufe ohne Fehler',
  'schedule-disruption': 'Störung des Plans',
  'output-lost': 'Entgangene Stücke',
  'missed-output': 'Verfehlte Menge',
  'alarm-quality': 'Richtige Alarme',
  onboarding: 'Einführung',
  'onboarding-changes': 'Änderungen bei der Einführung',
  'contractor-time': 'Durchlaufzeit von Fremdfirmen',
};

export function nameOfFigure(figure: string, title: string): string {
  return language.value === 'de' ? (GERMAN[figure] ?? title) : title;
}
