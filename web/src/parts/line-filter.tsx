/** The choice of a line, which stands in the address. */

import type { Plant } from '../state/plants.ts';
import { place, setQuery } from '../state/route.ts';
import { t } from '../text/text.ts';

export function LineFilter({ plants }: { readonly plants: readonly Plant[] }) {
  return (
    <label class="field field-row">
      <span>{t('filterLine')}</span>
      <select
        value={place.value.query.line ?? ''}
        onChange={(event) => setQuery({ line: event.currentTarget.value || undefined })}
      >
        <option value="">{t('everything')}</option>
        {plants.flatMap((plant) =>
          plant.lines.map(({ id, name }) => (
            <option key={`${plant.id}/${id}`} value={`${plant.id}/${id}`}>
              {plants.length > 1 ? `${plant.name}: ${name}` : name}
            </option>
          )),
        )}
      </select>
    </label>
  );
}
